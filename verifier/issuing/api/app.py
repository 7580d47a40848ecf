"""The agencies' side as an ASGI app: routes, errors, documents, health."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from verifier.certificate.errors import LiangzhengError
from verifier.issuing.api import bulk, cards, certificates, changes, due, imports, photos, proposals, refusals
from verifier.issuing.api.bodies import BoundedBodies, Trail
from verifier.issuing.api.desk import Desk
from verifier.issuing.api.reading import docs_page
from verifier.issuing.api.responses import EVERY
from verifier.issuing.concealment import remove_concealed
from verifier.issuing.status_publication import keep_published
from verifier.issuing.webhooks import deliver, http_client
from verifier.photos import PhotoStoreError
from verifier.problems import on_failure, on_http_exception, problem
from verifier.register.database import RegisterError

_log = logging.getLogger(__name__)
_ABOUT = """Agencies and issuing authorities carry certificates through their life.

Every call needs a bearer token; every POST an `Idempotency-Key`; every event `If-Match`. Errors are problem
documents (RFC 9457); a refusal names the article that it rests on. Every call enters the trail."""
_ROUTERS = (
    certificates.router,
    cards.router,
    proposals.router,
    bulk.router,
    imports.router,
    photos.router,
    changes.router,
    due.router,
)


def create_app(desk: Desk) -> FastAPI:
    """Put the app together.

    Args:
        desk: what the routes work with; the app closes its writer at the end.
    """

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        desk.jobs.start()
        await run_in_threadpool(_conceal, desk)
        async with http_client() as client:
            beside = (
                asyncio.create_task(deliver(desk.database, desk.status_signer, client, desk.now)),
                asyncio.create_task(keep_published(desk.status_publisher, desk.now)),
            )
            yield
            for task in beside:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        desk.jobs.close()
        desk.writer.close()
        desk.database.close()

    app = FastAPI(
        title="亮证 Liangzheng: the agencies' API",
        description=_ABOUT,
        version="1",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        middleware=[Middleware(Trail, desk=desk), Middleware(BoundedBodies)],
        exception_handlers={
            HTTPException: on_http_exception,
            ClientDisconnect: _on_disconnect,
            RequestValidationError: _on_invalid,
            Exception: on_failure,
            **{kind: _handler(refusals.refusal) for kind in refusals.REFUSALS},
            **{kind: _handler(refusals.fault) for kind in refusals.FAULTS},
        },
    )
    app.state.desk = desk
    for router in _ROUTERS:
        app.include_router(router, responses=EVERY)
    app.add_api_route("/docs", lambda: docs_page(app), include_in_schema=False)
    app.add_api_route("/health/live", _live, include_in_schema=False)
    app.add_api_route("/health/ready", _ready, include_in_schema=False)
    return app


def _conceal(desk: Desk) -> None:
    """Finish what a kill between a commit and the removal of a photo left undone."""
    try:
        with desk.reading() as connection:
            remove_concealed(connection, desk.photos)
    except (PhotoStoreError, RegisterError) as error:
        _log.warning("photos of restricted certificates could not be removed yet: %s", error)


async def _on_invalid(_request: Request, error: Exception) -> Response:
    """Answer what is out of form: where and why, and nothing of what was sent."""
    assert isinstance(error, RequestValidationError)
    errors = [{"where": ".".join(map(str, each["loc"])), "why": _why(each)} for each in error.errors()[:20]]
    return problem(422, "The request is out of form.", errors=errors)


async def _on_disconnect(_request: Request, _error: Exception) -> Response:
    """Answer nobody: whoever sent a body went away in the middle of it, which is no fault of ours."""
    return problem(400, "The body was cut off.")


def _why(error: Mapping[str, Any]) -> str:
    if error["type"] == "union_tag_invalid":  # the one message that repeats what was sent
        return f"Input should be {error['ctx']['expected_tags']}"
    return str(error["msg"]).removeprefix("Value error, ")


def _handler(answer: Callable[[Any], Response]) -> Callable[[Request, Any], Coroutine[Any, Any, Response]]:
    async def handle(_request: Request, error: LiangzhengError) -> Response:
        return answer(error)

    return handle


async def _live() -> Response:
    return Response(orjson.dumps({"live": True}), media_type="application/json")


async def _ready(request: Request) -> Response:
    desk: Desk = request.app.state.desk
    with desk.reading() as connection:  # a register that cannot be read is answered as a fault
        connection.exec_driver_sql("SELECT 1 FROM head").first()
    ready = desk.writer.is_alive and desk.jobs.is_alive
    content = {"ready": ready, "writer": desk.writer.is_alive, "imports": desk.jobs.is_alive}
    return Response(orjson.dumps(content), 200 if ready else 503, media_type="application/json")
