"""Answers that are public and may be kept: their ETag, and 304 where nothing changed."""

import hashlib
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response


def kept(request: Request, body: bytes, media_type: str, headers: Mapping[str, str]) -> Response:
    """Give a body that may be kept; nothing but headers where whoever asks has it already.

    Args:
        request: its `If-None-Match` names what is known already (RFC 9110 13.1.2).
        body: what is given.
        media_type: its type.
        headers: further ones, `Cache-Control` among them.
    """
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    tagged = {**headers, "etag": tag}
    known = request.headers.get("if-none-match", "")
    if tag in (each.strip().removeprefix("W/") for each in known.split(",")):
        return Response(status_code=304, headers=tagged)
    return Response(body, media_type=media_type, headers=tagged)
