"""How the records answer: what may be kept and for how long, pages or JSON, and refusals in one shape."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from verifier import caching
from verifier.problems import problem
from verifier.records import pages
from verifier.records.requests import BOUNDS, RequestError
from verifier.register.database import RegisterError

HTML: Final = "text/html; charset=utf-8"
JSON: Final = "application/json"
ATOM: Final = "application/atom+xml"

_LOG: Final = logging.getLogger(__name__)
_RETRY_SECONDS: Final = "2"
_ALWAYS: Final = {"vary": "accept", "referrer-policy": "no-referrer", "x-content-type-options": "nosniff"}
_ZH: Final[Mapping[int, str]] = {
    404: "没有这个页面或发证机关。",
    429: "查询过于频繁，请过一分钟再试。",
    500: "服务出错，请稍后再试。",
    503: "暂时无法读取登记库，请稍后再试。",
}
_ZH_OTHERWISE: Final = "请求的内容不合要求，请返回后重试。"


def wants_json(request: Request) -> bool:
    """Tell whether JSON was asked for; a browser, or whoever does not say, gets the page."""
    accept = request.headers.get("accept", "")
    return "application/json" in accept and "text/html" not in accept


def kept(request: Request, body: bytes, media_type: str) -> Response:
    """Give what is public and may be kept for a minute; nothing but headers where it did not change."""
    return caching.kept(request, body, media_type, _headers(media_type, "public, max-age=60"))


def kept_json(request: Request, content: object) -> Response:
    """Give the same in JSON."""
    return kept(request, orjson.dumps(content), JSON)


def fresh(body: bytes, media_type: str, *, status: int = 200) -> Response:
    """Give what no cache keeps."""
    return Response(body, status, media_type=media_type, headers=_headers(media_type, "no-store"))


async def bounded_body(request: Request) -> bytes:
    """Read the body, as far as its bound.

    Raises:
        HTTPException: 413, whatever its length was said to be.
    """
    body = bytearray()
    try:
        async for part in request.stream():
            body += part
            if len(body) > BOUNDS.body_bytes:
                raise HTTPException(413, f"The body is larger than {BOUNDS.body_bytes} bytes.")
    except ClientDisconnect as error:  # whoever left reads no answer either
        raise HTTPException(400, "The body is incomplete.") from error
    return bytes(body)


def _headers(media_type: str, cache_control: str) -> dict[str, str]:
    policy = {"content-security-policy": pages.CONTENT_SECURITY_POLICY} if media_type == HTML else {}
    return {"cache-control": cache_control, **_ALWAYS, **policy}


def _refuse(request: Request, status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """Refuse: a page for who asks for pages by name, a problem document for everyone else."""
    further = dict(headers or {}) | {"cache-control": "no-store"}
    if "text/html" not in request.headers.get("accept", ""):
        return problem(status, detail, further | _ALWAYS)
    zh = _ZH.get(status, _ZH_OTHERWISE)
    response = fresh(pages.refused(zh, HTTPStatus(status).phrase, detail), HTML, status=status)
    response.headers.update(further)
    return response


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _refuse(request, error.status_code, error.detail, error.headers)


async def _on_request_error(request: Request, error: Exception) -> Response:
    return _refuse(request, 400, str(error))


async def _on_register_error(request: Request, error: Exception) -> Response:
    _LOG.error("the register cannot be read", exc_info=error)
    detail = "The register cannot be read at the moment."
    return _refuse(request, 503, detail, {"retry-after": _RETRY_SECONDS})


async def _on_failure(request: Request, _error: Exception) -> Response:
    return _refuse(request, 500, "The service failed. Please try again.")


HANDLERS: Final[Mapping[Any, Any]] = {
    HTTPException: _on_http_exception,
    RequestError: _on_request_error,
    RegisterError: _on_register_error,
    Exception: _on_failure,
}
