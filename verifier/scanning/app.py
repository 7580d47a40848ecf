"""The citizens' HTTP side: plain Starlette, and ASGI endpoints where every microsecond counts."""

import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, ClassVar, Final

from starlette.applications import Starlette
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from verifier.certificate.verdicts import Verdict
from verifier.photos import PhotoStore, PhotoStoreError
from verifier.problems import on_failure, on_http_exception, problem
from verifier.scanning import pages
from verifier.scanning.answers import Known, answer, http_status, to_json, together
from verifier.scanning.check import Finding
from verifier.scanning.health import Health
from verifier.scanning.node import Node
from verifier.scanning.openapi import DOCUMENT
from verifier.scanning.published import Published
from verifier.scanning.requests import BOUNDS, NOT_ASKED, bounded_body, codes_and_act
from verifier.scanning.status_lists import StatusLists
from verifier.status.follower import Instant

_log: Final = logging.getLogger(__name__)

_READING: Final = ("GET", "HEAD")
_TOO_LONG: Final = "The address is longer than any code."
_RETRY_SECONDS: Final = b"2"
_COMMON: Final = (
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)
SCAN_HEADERS: Final = [(b"content-type", b"application/json"), (b"vary", b"accept"), *_COMMON]
_PAGE: Final = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"content-security-policy", pages.CONTENT_SECURITY_POLICY.encode()),
    (b"vary", b"accept"),
    *_COMMON,
]


class _AnyPath(Convertor[str]):
    """Like Starlette's `path`, and with line breaks: other people's QR codes have them (a vCard)."""

    regex: ClassVar[str] = "(?s:.*)"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


class _PhotoName(_AnyPath):
    """A digest as a photo is named by it."""

    regex: ClassVar[str] = "[0-9a-f]{24}"


class _ListNumber(_AnyPath):
    """The number of a status list; whatever else stands there is a path like any other."""

    regex: ClassVar[str] = "0|[1-9][0-9]{0,3}"


register_url_convertor("photo", _PhotoName())
register_url_convertor("status_list", _ListNumber())
register_url_convertor("anything", _AnyPath())


def now() -> Instant:
    """Read the clocks: once in each request."""
    return Instant(time.time(), time.monotonic())


class ScanFirst:
    """`GET /{digits}`: the answer to a scan, as a page or as JSON.

    It stands before the routing, and builds no Request and no Response object: nearly all requests are
    scans, and they should not pay for what the others need.
    """

    def __init__(self, app: ASGIApp, node: Node) -> None:
        self._app = app
        self._node = node

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a scan; hand on everything else."""
        if scope["type"] != "http" or scope["method"] not in _READING or not scope["path"][1:].isdigit():
            await self._app(scope, receive, send)
            return
        text: str = scope["path"][1:]
        if len(text) > BOUNDS.path_characters:
            await problem(414, _TOO_LONG)(scope, receive, send)
            return
        instant = now()
        finding, known = self._node.scan(text, instant)
        status, headers, body = _rendered(scope, self._node, finding, known, instant)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _scan_response(
    scope: Scope, node: Node, finding: Finding, known: Known | None, instant: Instant
) -> Response:
    status, headers, body = _rendered(scope, node, finding, known, instant)
    response = Response(body, status)
    response.raw_headers = headers
    return response


def _rendered(
    scope: Scope, node: Node, finding: Finding, known: Known | None, instant: Instant
) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    as_of = node.follower.as_of
    if _wants_json(scope):
        body = to_json(answer(finding, known, as_of=as_of, now=instant.wall))
        headers = [*SCAN_HEADERS, (b"content-length", b"%d" % len(body))]
    else:
        body = pages.render(finding, known, as_of=as_of, now=instant.wall, address=node.base_url)
        headers = [*_PAGE, (b"content-length", b"%d" % len(body))]
    if finding.verdict is Verdict.UNCONFIRMED:
        headers.append((b"retry-after", _RETRY_SECONDS))
    return http_status(finding, is_path=True), headers, body


class Endpoints:
    """Everything that is asked less often than a scan."""

    def __init__(self, node: Node, photos: PhotoStore) -> None:
        self._node = node
        self._photos = photos

    async def check(self, request: Request) -> Response:
        """`POST /check`: several codes at once, e.g. of the two officers of one inspection."""
        body = await bounded_body(request)
        if body is None:
            return problem(413, f"The body is larger than {BOUNDS.body_bytes} bytes.")
        asked = codes_and_act(body)
        if asked is None:
            return problem(400, NOT_ASKED)
        codes, act = asked
        instant = now()
        found = [self._node.scan(code, instant) for code in codes]
        content = {
            "answers": [self._answer(finding, known, instant) for finding, known in found],
            "together": together([finding for finding, _ in found], act),
        }
        unconfirmed = any(finding.verdict is Verdict.UNCONFIRMED for finding, _ in found)
        response = _json(content, status=503 if unconfirmed else 200)
        if unconfirmed:
            response.headers["retry-after"] = _RETRY_SECONDS.decode()
        return response

    async def only_post(self, _request: Request) -> Response:
        """`GET /check`: refused, and not taken for a scan."""
        return problem(405, "Send the codes by POST.", {"allow": "POST"})

    async def photo(self, request: Request) -> Response:
        """`GET /photos/{digest}`: a photo, by the digest that a code carries."""
        try:
            photo = await self._photos.fetch(bytes.fromhex(request.path_params["digest"]))
        except PhotoStoreError as error:
            _log.warning("%s", error)
            return problem(503, "Photos cannot be had right now.", {"retry-after": _RETRY_SECONDS.decode()})
        if photo is None:
            return problem(404, "There is no such photo.")
        # Named by its content, so it never changes; private, since it shows a person.
        headers = {"cache-control": "private, max-age=86400, immutable", "x-content-type-options": "nosniff"}
        return Response(photo, media_type="image/jpeg", headers=headers)

    async def openapi(self, _request: Request) -> Response:
        """`GET /openapi.json`: what is answered, for machines."""
        return _json(DOCUMENT)

    async def favicon(self, _request: Request) -> Response:
        """`GET /favicon.ico`: browsers ask for one by themselves; there is none, and that is no scan."""
        return Response(status_code=204, headers={"cache-control": "max-age=86400"})

    async def robots(self, _request: Request) -> Response:
        """`GET /robots.txt`: nothing here is for search engines."""
        return PlainTextResponse("User-agent: *\nDisallow: /\n")

    async def not_ours(self, request: Request) -> Response:
        """Any other path: nearly always a QR code that is not ours, answered plainly."""
        instant = now()
        path: str = request.scope["path"]
        if len(path) > BOUNDS.path_characters:
            return problem(414, _TOO_LONG)
        # With a trailing space or the like it may still be a code of ours, and is answered as such.
        finding, known = self._node.scan(path[1:] or " ", instant)
        return _scan_response(request.scope, self._node, finding, known, instant)

    def _answer(self, finding: Finding, known: Known | None, instant: Instant) -> dict[str, Any]:
        return answer(finding, known, as_of=self._node.follower.as_of, now=instant.wall)


def create_app(
    make_node: Callable[[], Node], photos: PhotoStore, beside: Mapping[str, Starlette] | None = None
) -> Starlette:
    """Put the scanning app together.

    Args:
        make_node: makes the worker's node; the app closes its feed at the end.
        photos: the photo store, which is read alone.
        beside: other apps that answer on the same port, by path; a scan never passes them.
    """
    node = make_node()
    others = beside or {}

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for other in set(others.values()):
                await stack.enter_async_context(other.router.lifespan_context(other))
            node.follower.refresh(now())
            yield
        node.follower.close()

    endpoints = Endpoints(node, photos)
    return Starlette(
        routes=[
            *(Route(path, app) for path, app in others.items()),
            Route("/check", endpoints.check, methods=["POST"]),
            Route("/check", endpoints.only_post),
            Route("/photos/{digest:photo}", endpoints.photo),
            *Published(lambda: node.follower.refreshed(now()).trust).routes(),
            *StatusLists(node.follower, now).routes(),
            Route("/openapi.json", endpoints.openapi),
            *Health(node, now).routes(),
            Route("/favicon.ico", endpoints.favicon),
            Route("/robots.txt", endpoints.robots),
            Route("/{text:anything}", endpoints.not_ours),
        ],
        middleware=[Middleware(ScanFirst, node=node)],
        exception_handlers={HTTPException: on_http_exception, Exception: on_failure},
        lifespan=lifespan,
    )


def _wants_json(scope: Scope) -> bool:
    """Tell whether JSON was asked for; a browser, or whoever does not say, gets the page."""
    for name, value in scope["headers"]:
        if name == b"accept":
            return b"application/json" in value and b"text/html" not in value
    return False


def _json(content: object, *, status: int = 200) -> Response:
    headers = {name.decode(): value.decode() for name, value in _COMMON}
    return Response(to_json(content), status, media_type="application/json", headers=headers)
