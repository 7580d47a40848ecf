"""`/changes`: the feed for other platforms (XJ-EM-2020 Art 14)."""

from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from verifier.certificate.jurisdictions import KindName
from verifier.issuing.api.access import Caller, allowed
from verifier.issuing.api.responses import problems
from verifier.register.changes import LARGEST_PAGE, changes

router: Final = APIRouter(tags=["changes"])
_LAST_ID: Final = (1 << 63) - 1
_EXAMPLE: Final[dict[str, Any]] = {
    "changes": [
        {
            "id": 4711,
            "event": "suspended",
            "time": "2026-11-20T12:17:38+08:00",
            "number": "31000099101",
            "issuer": "650000",
            "kind": "enforcement",
            "verdict": "suspended",
            "reason": "suspended",
            "suspended_until": "2027-02-20T12:17:38+08:00",
            "restricted": False,
            "agency": "新疆维吾尔自治区机关事务管理局",
            "categories": ["机关事务管理"],
            "area": "全疆",
            "valid_until": "2031-05-05T00:00:00+08:00",
            "replaces": None,
        }
    ],
    "next": 4711,
    "more": False,
}


class ShownChange(BaseModel):
    """Something that happened to a certificate; of a restricted one, the last five fields are absent."""

    id: int
    event: str
    time: str
    number: str
    issuer: str
    kind: KindName
    verdict: str = Field(description="What a scan would answer now.")
    reason: str
    suspended_until: str | None
    restricted: bool
    agency: str | None = None
    categories: list[str] = []
    area: str | None = None
    valid_until: str | None = None
    replaces: str | None = Field(default=None, description="The number of the certificate before it.")


class ShownChanges(BaseModel):
    """A part of the feed. A webhook is sent the same."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    changes: list[ShownChange]
    next: int = Field(description="Give it as `after` to go on.")
    more: bool = Field(description="There is more at once.")


@router.get("/changes", responses={200: {"model": ShownChanges}, **problems(403)})
def read_changes(
    caller: Annotated[Caller, allowed("changes")],
    after: Annotated[int, Query(ge=0, le=_LAST_ID, description="The `next` of the page before.")] = 0,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 100,
) -> Response:
    """Give what happened to the certificates of the caller's area after an event. Scope: `changes`.

    A page may be empty and not the last: go on from `next` while there is `more`.
    """
    with caller.desk.reading() as connection:
        page = changes(connection, caller.actor, after=after, now=caller.now, limit=limit)
    return Response(orjson.dumps(page.as_json()), media_type="application/json")
