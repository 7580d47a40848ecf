"""`/certificates/{number}/card.pdf` and `/page`: the card to print, and the electronic certificate."""

from typing import Annotated, Any, Final

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from verifier.certificate.jurisdictions import jurisdiction_of
from verifier.issuing import cards, electronic
from verifier.issuing.api.access import Caller, allowed
from verifier.issuing.api.certificates import IssuerQuery, NumberPath, seen
from verifier.issuing.api.responses import problems
from verifier.issuing.cards import Card
from verifier.issuing.printing import card_of, require_printed

router: Final = APIRouter(prefix="/certificates", tags=["cards"])


def _responses(media_type: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {media_type: {}}, "description": "The file."}, **problems(404, 409)}


@router.get("/{number}/card.pdf", response_class=Response, responses=_responses("application/pdf"))
async def card_to_print(
    number: NumberPath, caller: Annotated[Caller, allowed("read")], issuer: IssuerQuery = None
) -> Response:
    """Give the card of a certificate in force: 85.6 x 54 mm, front and back. Scope: `read`."""
    card, _ = await run_in_threadpool(_card, caller, number, issuer)
    return Response(await run_in_threadpool(cards.pdf, [card]), media_type="application/pdf")


@router.get("/{number}/page", response_class=Response, responses=_responses("text/html"))
async def electronic_certificate(
    number: NumberPath, caller: Annotated[Caller, allowed("read")], issuer: IssuerQuery = None
) -> Response:
    """Give the electronic certificate: one file to show on a phone. Scope: `read`."""
    card, area = await run_in_threadpool(_card, caller, number, issuer)
    page = electronic.page(card, equal_in_force=jurisdiction_of(area).equal_in_force)
    return Response(page, media_type="text/html; charset=utf-8")


def _card(caller: Caller, number: str, issuer: str | None) -> tuple[Card, str]:
    desk = caller.desk
    with desk.reading() as connection:
        found = seen(caller, connection, number, issuer)
        trust = desk.trust(connection)
    require_printed(found, caller.now)
    card = card_of(found, trust=trust, photos=desk.photos, base_url=desk.means.base_url)
    return card, trust.issuers[found.certificate.issuer].area
