"""Problem documents (RFC 9457): the one shape of every error that is no verdict."""

from http import HTTPStatus
from typing import Final

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

PROBLEM: Final = "application/problem+json"


def problem(status: int, detail: str, headers: dict[str, str] | None = None, **members: object) -> Response:
    """Give a problem document.

    Args:
        status: the HTTP status.
        detail: one sentence for whoever made the request; nothing of what was sent.
        headers: further ones.
        members: further ones of the document, e.g. the `rule` that a refusal rests on; None is left out.
    """
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    body |= {name: value for name, value in members.items() if value is not None}
    return Response(orjson.dumps(body), status, media_type=PROBLEM, headers=headers)


async def on_http_exception(_request: Request, error: Exception) -> Response:
    """Answer what Starlette refuses: unknown methods, bodies over the bound."""
    assert isinstance(error, HTTPException)
    return problem(error.status_code, error.detail, dict(error.headers or {}))


async def on_failure(_request: Request, _error: Exception) -> Response:
    """Answer a fault of ours; its cause goes to the log alone."""
    return problem(500, "The service failed. Please try again.")
