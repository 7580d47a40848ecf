"""The baseline server: a bare Starlette route that returns the same bytes, on the same uvicorn settings."""

import os
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from verifier.scanning.app import SCAN_HEADERS


def create() -> Starlette:
    """Make the app; the bytes to return are in the file that BARE_BODY names."""
    body = Path(os.environ["BARE_BODY"]).read_bytes()
    headers = {name.decode(): value.decode() for name, value in SCAN_HEADERS if name != b"content-type"}

    async def same(_request: Request) -> Response:
        return Response(body, media_type="application/json", headers=headers)

    return Starlette(routes=[Route("/{digits}", same)])
