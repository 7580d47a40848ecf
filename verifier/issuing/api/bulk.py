"""`/bulk`: many events or certificates at once: all or none, or each by itself; or just tried."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, Literal, TypeVar

import orjson
from fastapi import APIRouter
from pydantic import ConfigDict, Field
from starlette.responses import Response

from verifier.certificate.errors import LiangzhengError
from verifier.issuing.api.access import AnyCaller, Caller, IdempotencyKey, do_once
from verifier.issuing.api.certificates import happen_one, issue_one, require_photos
from verifier.issuing.api.models import EventName, Happens, NewCertificate, Number, Sent, shown
from verifier.issuing.api.refusals import REFUSALS, status_of
from verifier.issuing.api.responses import problems
from verifier.problems import problem
from verifier.register.calls import Answer
from verifier.register.ledger import Ledger, Registered

MOST: Final = 1_000
"""Items of one request."""
router: Final = APIRouter(prefix="/bulk", tags=["bulk"])
T = TypeVar("T", bound=Sent)
_REFUSED: Final = tuple(REFUSALS)


class BulkEvent(Happens):
    """One event of many."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"number": "05505230001", "event": "lose"}]})

    number: Number
    event: EventName
    if_event: Annotated[int, Field(ge=1, lt=1 << 60)] | None = Field(
        default=None, description="The `event` that you know; what has changed since is refused."
    )


class _Bulk(Sent):
    mode: Literal["all", "each"] = Field(
        default="all", description="`all`: one refusal refuses all; `each`: what is not refused is done."
    )
    dry_run: bool = Field(default=False, description="Say what would be done, and change nothing.")


class BulkEvents(_Bulk):
    """Many events."""

    items: Annotated[tuple[BulkEvent, ...], Field(min_length=1, max_length=MOST)]


class BulkCertificates(_Bulk):
    """Many certificates to be issued or filed."""

    items: Annotated[tuple[NewCertificate, ...], Field(min_length=1, max_length=MOST)]


class TriedError(LiangzhengError):
    """Takes back what was tried, and carries what is answered."""

    def __init__(self, response: Response) -> None:
        super().__init__("nothing was done")
        self.response = response


_DONE: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "What came of each item, in their order.",
        "content": {
            "application/json": {
                "example": {
                    "done": 1,
                    "refused": 1,
                    "dry_run": False,
                    "results": [
                        {"number": "05505230001", "status": 200, "verdict": "revoked", "event": 81},
                        {"number": "05505230002", "status": 409, "detail": "…", "rule": "IM-2023 Art 22"},
                    ],
                }
            }
        },
    }
}


@router.post("/events", responses={**_DONE, **problems(403, 404, 409)})
async def many_events(body: BulkEvents, key: IdempotencyKey, caller: AnyCaller) -> Response:
    """Let many events happen. Scope: those of the events. With `mode: all`, 409 says which was refused."""
    for event in {item.event for item in body.items}:
        caller.require(event)
    return await _many(
        caller,
        key,
        body,
        body.items,
        lambda ledger, item: happen_one(ledger, caller, item.number, item.event, item, item.if_event),
    )


@router.post("/certificates", responses={**_DONE, **problems(403, 404, 409)})
async def many_certificates(body: BulkCertificates, key: IdempotencyKey, caller: AnyCaller) -> Response:
    """Issue or file many certificates. Scopes: `issue`, `file`."""
    for kind in {item.kind for item in body.items}:
        caller.require("file" if kind == "ministry" else "issue")
    await require_photos(caller, [item.photo for item in body.items])
    return await _many(caller, key, body, body.items, lambda ledger, item: issue_one(ledger, caller, item))


async def _many(
    caller: Caller, key: str, body: _Bulk, items: Sequence[Any], do: Callable[[Ledger, Any], Registered]
) -> Response:
    def work(ledger: Ledger) -> Answer:
        results = [_one(ledger, caller, item, do) for item in items]
        refused = sum(result["status"] >= 400 for result in results)
        together = refused and body.mode == "all"
        content = {
            "done": 0 if together else len(results) - refused,
            "refused": refused,
            "dry_run": body.dry_run,
            "results": results,
        }
        if together:
            raise TriedError(problem(409, "Nothing was done: one refusal refuses all.", None, **content))
        if body.dry_run:
            raise TriedError(Response(orjson.dumps(content), media_type="application/json"))
        return Answer(200, orjson.dumps(content), {})

    try:
        return await do_once(caller, key, work)
    except TriedError as tried:
        return tried.response


def _one(
    ledger: Ledger, caller: Caller, item: Any, do: Callable[[Ledger, Any], Registered]
) -> dict[str, Any]:
    try:
        with ledger.apart():
            found = do(ledger, item)
    except _REFUSED as error:
        rule = getattr(error, "rule", None)
        refusal = {"number": item.number, "status": status_of(error), "detail": str(error)}
        return refusal | ({"rule": rule} if rule else {})
    facts = shown(found, caller.now)
    return {"number": item.number, "status": 200, "verdict": facts["verdict"], "event": found.event}
