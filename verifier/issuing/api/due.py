"""`/due`: deadlines, the oldest first."""

from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from verifier.certificate.bounds import BOUNDS
from verifier.certificate.dates import iso
from verifier.issuing.api.access import Caller, allowed
from verifier.issuing.api.models import IssuerCode
from verifier.issuing.api.responses import problems
from verifier.register.deadlines import CURSOR, DeadlineKind, Position
from verifier.register.due import LARGEST_PAGE, Wanted, due

router: Final = APIRouter(tags=["due"])
_DAY: Final = 86_400
_EXAMPLE: Final[dict[str, Any]] = {
    "deadlines": [
        {
            "kind": "suspension",
            "number": "31000099101",
            "issuer": "650000",
            "agency": "新疆维吾尔自治区机关事务管理局",
            "when": "2027-02-20T12:17:38+08:00",
            "overdue": False,
            "rule": "XJ-2022 Art 18",
            "message": {"zh-CN": "暂扣期满", "en": "a suspension ends"},
            "note": None,
        }
    ],
    "next": None,
    "as_of": "2026-11-21T12:17:38+08:00",
}


class ShownWords(BaseModel):
    """A text in two languages."""

    zh: str = Field(alias="zh-CN")
    en: str


class ShownDeadline(BaseModel):
    """Something that is due."""

    kind: DeadlineKind
    number: str
    issuer: str
    agency: str | None = Field(description="Null where a restricted certificate does not state it.")
    when: str
    overdue: bool
    rule: str
    message: ShownWords
    note: ShownWords | None


class ShownDeadlines(BaseModel):
    """A part of the list."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    deadlines: list[ShownDeadline]
    next: str | None = Field(description="Give it as `after` to go on; null: that was all.")
    as_of: str


@router.get("/due", responses={200: {"model": ShownDeadlines}, **problems(403)})
def list_due(
    caller: Annotated[Caller, allowed("due")],
    kind: Annotated[
        list[DeadlineKind], Query(max_length=len(DeadlineKind), description="Default: all.")
    ] = [],  # noqa: B006 # FastAPI copies it
    issuer: Annotated[IssuerCode | None, Query()] = None,
    agency: Annotated[str | None, Query(min_length=1, max_length=BOUNDS.text_characters)] = None,
    within: Annotated[int | None, Query(ge=0, le=36_500, description="Days; default: all.")] = None,
    after: Annotated[str | None, Query(pattern=CURSOR, description="The `next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 100,
) -> Response:
    """List what is due in the caller's area, what is overdue first. Scope: `due`."""
    until = None if within is None else caller.now + within * _DAY
    wanted = Wanted(kinds=frozenset(kind), issuer=issuer, agency=agency, until=until)
    position = None if after is None else Position.parse(after)
    with caller.desk.reading() as connection:
        page = due(connection, caller.actor, wanted, now=caller.now, after=position, limit=limit)
    content = {
        "deadlines": [deadline.as_json(caller.now) for deadline in page.deadlines],
        "next": page.next and str(page.next),
        "as_of": iso(caller.now),
    }
    return Response(orjson.dumps(content), media_type="application/json")
