"""The public records over HTTP: plain Starlette, GET alone, but for the look-up.

A look-up is a POST, so that no name stands in an address: neither in a log, nor in the browser's history.
"""

import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import orjson
from sqlalchemy import Connection, text
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from keys.trust import Contact
from verifier.records import answers, atom, looking_up, notices, officers, openapi, pages, requests
from verifier.records.limiting import LookUpLimit
from verifier.records.reader import Reader
from verifier.records.responses import (
    ATOM,
    HANDLERS,
    HTML,
    JSON,
    bounded_body,
    fresh,
    kept,
    kept_json,
    wants_json,
)
from verifier.register.database import Database, RegisterError

PATHS: Final = ("/officers", "/notices", "/notices.atom", "/look-up")
"""What the records answer where another app is served beside them."""

_LOG: Final = logging.getLogger(__name__)


class Records:
    """The routes.

    Args:
        reader: the register.
        address: our own.
        look_ups_per_minute: how many one address may make.
        clock: read once in each request.
    """

    def __init__(
        self, reader: Reader, *, address: str, look_ups_per_minute: int, clock: Callable[[], float]
    ) -> None:
        self._reader = reader
        self._address = address
        self._limit = LookUpLimit(look_ups_per_minute)
        self._clock = clock

    async def list_officers(self, request: Request) -> Response:
        """`GET /officers`: agencies; with an issuer and an agency or a search, officers."""
        asked = requests.officers_query(request.scope["query_string"])
        now = int(self._clock())
        tally = await self._reader.tally(now)
        if asked.issuer is not None and asked.issuer not in tally.issuers:
            raise HTTPException(404, "There is no such issuer.")
        if asked.issuer is not None and (asked.agency or asked.officer):
            return await self._officers(request, asked, (asked.issuer, tally.issuers[asked.issuer]), now)
        shown, end = tally.page(issuer=asked.issuer, find=asked.find, after=asked.after, size=asked.size)
        following = _following(request, end, issuer=asked.issuer, find=asked.find, limit=asked.size)
        if wants_json(request):
            return kept_json(request, answers.agencies(tally, shown, following))
        page = pages.agencies(
            tally,
            shown,
            issuer=asked.issuer,
            find=asked.find,
            is_first=asked.after is None,
            following=following,
        )
        return kept(request, page, HTML)

    async def _officers(
        self, request: Request, asked: requests.OfficersQuery, issuer: tuple[str, str], now: int
    ) -> Response:
        def read(connection: Connection) -> tuple[officers.Officers, Contact | None]:
            page = officers.officers(
                connection,
                issuer=issuer[0],
                agency=asked.agency,
                begins=asked.officer,
                after=asked.after,
                size=asked.size,
                now=now,
            )
            agency = asked.agency
            return page, officers.supervision(connection, issuer[0], agency) if agency else None

        page, contact = await self._reader.read(read)
        following = _following(
            request,
            page.after,
            issuer=issuer[0],
            agency=asked.agency,
            officer=asked.officer,
            limit=asked.size,
        )
        if wants_json(request):
            return kept_json(request, answers.officers(issuer, asked.agency, contact, page, following))
        body = pages.officers(
            page,
            issuer=issuer,
            agency=asked.agency,
            contact=contact,
            begins=asked.officer,
            is_first=asked.after is None,
            following=following,
        )
        return kept(request, body, HTML)

    async def list_notices(self, request: Request) -> Response:
        """`GET /notices`: what became void, the newest first."""
        asked, page, following, _ = await self._notices(request)
        if wants_json(request):
            return kept_json(request, answers.notices(page, following))
        return kept(request, pages.notices(page, is_first=asked.after is None, following=following), HTML)

    async def feed(self, request: Request) -> Response:
        """`GET /notices.atom`: the same as a feed."""
        _, page, following, now = await self._notices(request)
        body = atom.render(page, address=self._address, following=following, now=now)
        return kept(request, body, ATOM)

    async def _notices(
        self, request: Request
    ) -> tuple[requests.NoticesQuery, notices.Notices, str | None, int]:
        asked = requests.notices_query(request.scope["query_string"])
        now = int(self._clock())
        page = await self._reader.read(
            lambda connection: notices.notices(connection, after=asked.after, size=asked.size, now=now)
        )
        end = None if page.after is None else (page.after,)
        return asked, page, _following(request, end, limit=asked.size), now

    async def look_up(self, request: Request) -> Response:
        """`GET /look-up`: the form. `POST`: how a certificate stands, to whoever knows number and name."""
        if request.method != "POST":
            return fresh(pages.look_up_form(), HTML)
        content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if content_type not in {"application/json", "application/x-www-form-urlencoded"}:
            raise HTTPException(415, "Send a form in URL encoding, or JSON.")
        body = await bounded_body(request)
        wait = self._limit.wait(request.client.host if request.client else "")
        if wait is not None:
            raise HTTPException(429, "Too many look-ups from this address.", {"retry-after": str(wait)})
        number, name = requests.look_up_query(body, content_type)
        now = int(self._clock())
        results = await self._reader.read(
            lambda connection: looking_up.look_up(connection, number=number, name=name, now=now)
        )
        if wants_json(request):
            return fresh(orjson.dumps(answers.found(results, now)), JSON)
        return fresh(pages.looked_up(results, number=number, name=name, now=now), HTML)

    async def openapi(self, request: Request) -> Response:
        """`GET /openapi.json`: these routes, for programs."""
        return kept_json(request, openapi.DOCUMENT)

    async def live(self, _request: Request) -> Response:
        """`GET /health/live`: the process answers."""
        return fresh(orjson.dumps({"live": True}), JSON)

    async def ready(self, _request: Request) -> Response:
        """`GET /health/ready`: the register can be read."""
        try:
            await self._reader.read(lambda connection: connection.scalar(text("SELECT 1 FROM authority")))
        except RegisterError:
            _LOG.exception("the register cannot be read")
            return fresh(orjson.dumps({"ready": False}), JSON, status=503)
        return fresh(orjson.dumps({"ready": True}), JSON)


async def _start(_request: Request) -> Response:
    """`GET /`: the officer list."""
    return RedirectResponse("/officers")


async def _favicon(_request: Request) -> Response:
    """`GET /favicon.ico`: browsers ask for one by themselves; there is none."""
    return Response(status_code=204, headers={"cache-control": "max-age=86400"})


async def _robots(_request: Request) -> Response:
    """`GET /robots.txt`: public by rule, and still not to be gathered by search engines."""
    return PlainTextResponse("User-agent: *\nDisallow: /\n")


def create_app(
    database: Database,
    *,
    address: str,
    look_ups_per_minute: int,
    clock: Callable[[], float] = time.time,
) -> Starlette:
    """Put the records app together.

    Args:
        database: opened by `open_reading`; the app closes it at the end.
        address: our own.
        look_ups_per_minute: how many one address may make, a worker.
        clock: gives seconds since 1970.
    """
    reader = Reader(database)
    records = Records(reader, address=address, look_ups_per_minute=look_ups_per_minute, clock=clock)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        await reader.close()

    return Starlette(
        routes=[
            Route("/officers", records.list_officers),
            Route("/notices", records.list_notices),
            Route("/notices.atom", records.feed),
            Route("/look-up", records.look_up, methods=["GET", "POST"]),
            Route("/openapi.json", records.openapi),
            Route("/health/live", records.live),
            Route("/health/ready", records.ready),
            Route("/favicon.ico", _favicon),
            Route("/robots.txt", _robots),
            Route("/", _start),
        ],
        exception_handlers=HANDLERS,
        lifespan=lifespan,
    )


def _following(request: Request, end: tuple[str, ...] | None, **asked: str | int | None) -> str | None:
    """Give the address of the next page; None after the last."""
    if end is None:
        return None
    given = {name: value for name, value in asked.items() if value != requests.BOUNDS.default_page}
    return answers.link(request.scope["path"], **given, after=",".join(end))
