"""`/photos`: a photo in, its digest out; certificates are bound to photos by the digest."""

from typing import Any, Final

import orjson
from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from verifier.issuing.api.access import AnyCaller, IdempotencyKey, do_once
from verifier.issuing.api.responses import problems
from verifier.issuing.photos import prepare
from verifier.register.calls import Answer

router: Final = APIRouter(prefix="/photos", tags=["photos"])


class Kept(BaseModel):
    """A photo that is in the store."""

    photo: str = Field(pattern=r"^[0-9a-f]{24}$", description="To be given where a certificate is issued.")


_KEPT: Final[dict[int | str, dict[str, Any]]] = {
    201: {"model": Kept, "description": "The photo as it is kept: one size, no metadata."}
}
_UPLOAD: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}} for kind in ("image/jpeg", "image/png")
        },
    }
}


@router.post("", status_code=201, responses={**_KEPT, **problems(415)}, openapi_extra=_UPLOAD)
async def keep_photo(request: Request, key: IdempotencyKey, caller: AnyCaller) -> Response:
    """Keep a holder's photo, JPEG or PNG. Scope: `issue` or `propose`."""
    caller.require("propose" if "propose" in caller.client.actions else "issue")
    photo = await run_in_threadpool(prepare, await request.body())
    digest = await run_in_threadpool(caller.desk.photos.keep, photo)
    answer = Answer(201, orjson.dumps({"photo": digest.hex()}), {})
    return await do_once(caller, key, lambda _ledger: answer)
