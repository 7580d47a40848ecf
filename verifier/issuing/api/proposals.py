"""`/proposals`: what agencies ask for, and its reviews."""

from typing import Annotated, Any, Final, Literal, Self

import orjson
from fastapi import APIRouter, Path, Query
from pydantic import AfterValidator, BaseModel, Field, model_validator
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from verifier.certificate.dates import iso
from verifier.certificate.lifecycle import NotEntitledError
from verifier.issuing import proposals, proposed
from verifier.issuing.api.access import AnyCaller, Caller, IdempotencyKey, allowed, do_once
from verifier.issuing.api.certificates import conceal, require_photos
from verifier.issuing.api.models import NewCertificate, Number, Sent, Succession, displayed
from verifier.issuing.api.responses import problems
from verifier.issuing.issuance import Order
from verifier.issuing.proposals import MOST_WHY
from verifier.issuing.proposed import Action, Proposal, ProposalState, Wish
from verifier.issuing.replacement import Change
from verifier.register.calls import Answer
from verifier.register.ledger import Particulars

router: Final = APIRouter(prefix="/proposals", tags=["proposals"])
MOST: Final = 200
"""Proposals of one request or page."""
Why = Annotated[str, Field(min_length=1, max_length=MOST_WHY), AfterValidator(displayed)]
ProposalPath = Annotated[int, Path(ge=1, lt=1 << 60)]


class NewProposal(NewCertificate):
    """A certificate is asked for."""

    action: Literal["issue"] = "issue"

    @model_validator(mode="after")
    def _begins_when_decided(self) -> Self:
        if self.valid_from is not None:
            raise ValueError("what is proposed holds from the day of the last approval")
        return self

    def wish(self) -> Wish:
        """Give it as a wish."""
        return Wish(action=Action.ISSUE, number=self.number, order=self.order())


class SuccessionProposal(Succession):
    """A certificate is asked for in place of another."""

    action: Literal["replace", "reissue"]
    of: Number
    """The number of the old one."""

    def wish(self) -> Wish:
        """Give it as a wish."""
        return Wish(action=Action(self.action), number=self.of, change=self.change(), reason=self.reason)


class Proposals(Sent):
    """What an agency asks for: all of it is entered, or nothing."""

    items: Annotated[
        tuple[Annotated[NewProposal | SuccessionProposal, Field(discriminator="action")], ...],
        Field(min_length=1, max_length=MOST),
    ]


class Decision(Sent):
    """The words that go with a decision, and the article that a refusal rests on."""

    why: Why | None = None
    rule: Annotated[str, Field(min_length=1, max_length=40, examples=["IM-2023 Art 11"])] | None = Field(
        default=None, description="Of a refusal; default: the article of the step."
    )


class ShownProposal(BaseModel):
    """A proposal as the API answers it."""

    id: int
    action: Literal["issue", "replace", "reissue"]
    number: str
    issuer: str
    agency: str
    proposed: str
    due: str | None = Field(description="When it must be decided (XJ-2022 Art 12).")
    state: Literal["open", "issued", "refused", "withdrawn"]
    next: str | None = Field(description="The authority whose turn it is.")
    wish: dict[str, Any] = Field(description="What the certificate shall state.")
    steps: list[dict[str, Any]]


_ONE: Final[dict[int | str, dict[str, Any]]] = {200: {"model": ShownProposal, "description": "The proposal."}}
_MADE: Final[dict[int | str, dict[str, Any]]] = {
    201: {"model": list[ShownProposal], "description": "The proposals."}
}
_PAGE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"model": list[ShownProposal], "description": "In the order in which they were made."}
}


@router.post("", status_code=201, responses={**_MADE, **problems(404, 409)})
async def propose(
    body: Proposals, key: IdempotencyKey, caller: Annotated[Caller, allowed("propose")]
) -> Response:
    """Ask for certificates. Scope: `propose`; for agencies."""
    await require_photos(caller, [item.photo for item in body.items])
    if any(item.issuer not in {None, caller.client.authority} for item in body.items):
        raise NotEntitledError("an agency proposes to its own issuer")
    wishes = [item.wish() for item in body.items]
    return await do_once(
        caller,
        key,
        lambda ledger: _answer(
            caller,
            proposals.propose(ledger, wishes, means=caller.desk.means, actor=caller.actor, now=caller.now),
            status=201,
        ),
    )


@router.get("", responses=_PAGE)
async def list_proposals(
    caller: AnyCaller,
    state: Annotated[ProposalState | None, Query()] = None,
    after: Annotated[int, Query(ge=0, lt=1 << 60)] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 50,
) -> Response:
    """List the proposals that concern the caller. Scope: `propose` or `decide`."""
    _require_either(caller)
    with caller.desk.reading() as connection:
        found = proposed.listed(connection, caller.actor, state=state, after=after, limit=limit)
    return Response(_answer(caller, found).body, media_type="application/json")


@router.get("/{proposal}", responses={**_ONE, **problems(404)})
async def show_proposal(proposal: ProposalPath, caller: AnyCaller) -> Response:
    """Give a proposal. Scope: `propose` or `decide`."""
    _require_either(caller)
    with caller.desk.reading() as connection:
        found = proposed.by_number(connection, proposal, caller.actor)
    return Response(_answer(caller, found).body, media_type="application/json")


@router.post("/{proposal}/{decision}", responses={**_ONE, **problems(404, 409)})
async def decide(
    proposal: ProposalPath,
    decision: Literal["approve", "refuse", "withdraw"],
    body: Decision,
    key: IdempotencyKey,
    caller: AnyCaller,
) -> Response:
    """Approve or refuse the step that is next (scope `decide`), or take the proposal back (`propose`)."""
    caller.require("propose" if decision == "withdraw" else "decide")
    if decision == "withdraw":
        return await do_once(
            caller,
            key,
            lambda ledger: _answer(caller, proposals.take_back(ledger, proposal, actor=caller.actor)),
        )
    response = await do_once(
        caller,
        key,
        lambda ledger: _answer(
            caller,
            proposals.decide(
                ledger,
                proposal,
                approve=decision == "approve",
                why=body.why,
                rule=body.rule,
                means=caller.desk.means,
                actor=caller.actor,
                now=caller.now,
            ),
        ),
    )
    if decision == "approve":
        await run_in_threadpool(conceal, caller)  # it may have made a certificate restricted
    return response


def _require_either(caller: Caller) -> None:
    caller.require("decide" if "decide" in caller.client.actions else "propose")


def _answer(caller: Caller, found: Proposal | list[Proposal], *, status: int = 200) -> Answer:
    private = "particulars" in caller.client.actions
    if isinstance(found, Proposal):
        content: Any = _shown(found, private=private)
    else:
        content = [_shown(each, private=private) for each in found]
    return Answer(status, orjson.dumps(content), {})


def _shown(found: Proposal, *, private: bool) -> dict[str, Any]:
    is_open = found.state is ProposalState.OPEN
    return {
        "id": found.id,
        "action": found.wish.action,
        "number": found.wish.number,
        "issuer": found.issuer,
        "agency": found.agency,
        "proposed": iso(found.time),
        "due": iso(found.due) if found.due else None,
        "state": found.state,
        "next": found.steps[found.step].authority if is_open else None,
        "wish": _facts(found.wish.order or found.wish.change, found.wish.reason, private=private),
        "steps": [
            {
                "authority": step.authority,
                "rule": step.rule,
                "decision": step.decision,
                "time": iso(step.time) if step.time else None,
                "why": step.why,
            }
            for step in found.steps
        ],
    }


def _facts(wish: Order | Change | None, reason: str, *, private: bool) -> dict[str, Any]:
    assert wish is not None
    facts: dict[str, Any] = {
        "number": wish.number,
        "holder": wish.holder,
        "agency": wish.agency,
        "categories": wish.categories,
        "area": wish.area,
        "powers": wish.powers.name.lower() if wish.powers is not None else None,
        "photo": wish.photo.hex() if wish.photo else None,
        "restricted": wish.restricted,
        "kind": wish.kind.name.lower() if isinstance(wish, Order) else None,
        "reason": reason if isinstance(wish, Change) else None,
    }
    if wish.restricted and not private:
        facts |= dict.fromkeys(("holder", "agency", "categories", "area", "powers", "photo"))
    particulars: Particulars = wish.particulars
    if private:
        facts |= {
            "id_number": particulars.id_number,
            "enforcement_types": particulars.enforcement_types,
            "qualification": particulars.qualification,
            "sealed": particulars.sealed,
        }
    return {name: value for name, value in facts.items() if value is not None}
