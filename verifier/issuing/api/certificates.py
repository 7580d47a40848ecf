"""`/certificates`: issue, look at, let things happen, draw the code."""

from collections.abc import Callable, Iterable
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Path, Query
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from verifier.certificate import code as code_text
from verifier.certificate import qr
from verifier.certificate.dates import start_of_day
from verifier.certificate.jurisdictions import jurisdiction_of
from verifier.certificate.model import Kind
from verifier.issuing.api.access import (
    AnyCaller,
    Caller,
    IdempotencyKey,
    IfMatch,
    allowed,
    do_once,
    known_event,
)
from verifier.issuing.api.models import (
    EVENTS,
    EventName,
    Happens,
    NewCertificate,
    Shown,
    Succession,
    SuccessionName,
    shown,
)
from verifier.issuing.api.responses import problems
from verifier.issuing.concealment import remove_concealed
from verifier.issuing.issuance import IssuanceError, issue, require_issuable, terms_of
from verifier.issuing.replacement import substitute
from verifier.register import authorities
from verifier.register.actors import may_see, require_issuer
from verifier.register.calls import Answer
from verifier.register.certificates import by_id, find, let_happen, particulars_of, unknown
from verifier.register.ledger import Ledger, Registered

router: Final = APIRouter(prefix="/certificates", tags=["certificates"])
NumberPath = Annotated[str, Path(pattern=r"^[0-9A-Za-z-]{1,32}$", examples=["05505230001"])]
IssuerQuery = Annotated[
    str | None, Query(pattern=r"^[0-9A-Za-z]{1,18}$", description="Where the number is not unique.")
]
_ETAG_HEADER: Final[dict[str, Any]] = {
    "ETag": {"schema": {"type": "string"}, "description": "The last event on it, quoted."}
}
_ONE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"model": Shown, "headers": _ETAG_HEADER, "description": "The certificate as it stands then."}
}
_NEW: Final[dict[int | str, dict[str, Any]]] = {
    201: {"model": Shown, "headers": _ETAG_HEADER, "description": "The new certificate."}
}


def certificate_answer(found: Registered, now: int, *, status: int = 200) -> Answer:
    """Give a certificate as an answer, with its ETag."""
    headers = {"etag": f'"{found.event}"'}
    if status == 201:
        headers["location"] = f"/certificates/{found.certificate.number}?issuer={found.certificate.issuer}"
    return Answer(status, orjson.dumps(shown(found, now)), headers)


def issue_one(ledger: Ledger, caller: Caller, wanted: NewCertificate) -> Registered:
    """Issue, or file, one certificate.

    Raises:
        LiangzhengError: one of `REFUSALS`.
    """
    issuer = authorities.issuer_of(ledger.connection, wanted.issuer or caller.client.authority)
    order = wanted.order()
    if order.kind is not Kind.MINISTRY:
        jurisdiction_of(issuer.area, wanted.categories).require_number(order.number)
    begins = start_of_day(wanted.valid_from) if wanted.valid_from else caller.now
    terms = terms_of(issuer, caller.desk.means.base_url, valid_from=begins)
    require_issuer(ledger.connection, issuer.code, order.kind, wanted.agency)
    authorities.require_agency(ledger.connection, issuer.code, wanted.agency)
    require_issuable(order, terms)
    signer = caller.desk.means.signer_of(issuer.code, order.kind)
    (new,) = issue(ledger, [order], terms=terms, signer=signer, actor=caller.actor, now=caller.now)
    ledger.flush()
    return by_id(ledger.connection, new)


def happen_one(
    ledger: Ledger, caller: Caller, number: str, event: str, body: Happens, if_event: int | None
) -> Registered:
    """Let an event happen to one certificate.

    Raises:
        LiangzhengError: one of `REFUSALS`.
    """
    return let_happen(
        ledger,
        EVENTS[event],
        number,
        actor=caller.actor,
        now=caller.now,
        issuer=body.issuer,
        reason=body.reason,
        until=start_of_day(body.until) if body.until else None,
        if_event=if_event,
    )


@router.post("", status_code=201, responses={**_NEW, **problems(403, 404, 409)})
async def issue_certificate(body: NewCertificate, key: IdempotencyKey, caller: AnyCaller) -> Response:
    """Issue a certificate; one of kind `ministry` is filed (备案). Scope: `issue`, or `file`."""
    caller.require("file" if body.kind == "ministry" else "issue")
    await require_photos(caller, [body.photo])
    return await do_once(
        caller,
        key,
        lambda ledger: certificate_answer(issue_one(ledger, caller, body), caller.now, status=201),
    )


@router.get("/{number}", responses={**_ONE, **problems(403, 404, 409)})
async def show_certificate(
    number: NumberPath, caller: Annotated[Caller, allowed("read")], issuer: IssuerQuery = None
) -> Response:
    """Give what the register has of a certificate. Scope: `read`; with `particulars`, all of it."""
    with caller.desk.reading() as connection:
        found = seen(caller, connection, number, issuer)
        content = shown(found, caller.now)
        if "particulars" in caller.client.actions:
            private = particulars_of(connection, found.id)
            content["particulars"] = {
                "id_number": private.id_number,
                "enforcement_types": private.enforcement_types,
                "qualification": private.qualification,
                "sealed": private.sealed,
            }
    return Response(
        orjson.dumps(content), media_type="application/json", headers={"etag": f'"{found.event}"'}
    )


@router.post("/{number}/replace", status_code=201, responses={**_NEW, **problems(403, 404, 409, 412, 428)})
async def replace_certificate(
    number: NumberPath, body: Succession, key: IdempotencyKey, caller: AnyCaller, if_match: IfMatch = None
) -> Response:
    """Put a new certificate in force in place of this one (换发). Scope: `replace`."""
    return await _succeed("replace", number, body, key, caller, if_match)


@router.post("/{number}/reissue", status_code=201, responses={**_NEW, **problems(403, 404, 409, 412, 428)})
async def reissue_certificate(
    number: NumberPath, body: Succession, key: IdempotencyKey, caller: AnyCaller, if_match: IfMatch = None
) -> Response:
    """Issue a new certificate for a lost one, after the notice (补办). Scope: `reissue`."""
    return await _succeed("reissue", number, body, key, caller, if_match)


@router.post("/{number}/{event}", responses={**_ONE, **problems(403, 404, 409, 412, 428)})
async def let_event_happen(
    number: NumberPath,
    event: EventName,
    body: Happens,
    key: IdempotencyKey,
    caller: AnyCaller,
    if_match: IfMatch = None,
) -> Response:
    """Let an event happen to a certificate. Scope: the event's name."""
    caller.require(event)
    known = known_event(if_match)
    return await do_once(
        caller,
        key,
        lambda ledger: certificate_answer(happen_one(ledger, caller, number, event, body, known), caller.now),
    )


async def _succeed(
    name: SuccessionName,
    number: str,
    body: Succession,
    key: str,
    caller: Caller,
    if_match: str | None,
) -> Response:
    caller.require(name)
    await require_photos(caller, [body.photo])
    known = known_event(if_match)

    def work(ledger: Ledger) -> Answer:
        if body.agency is not None:
            issuer = body.issuer or caller.client.authority
            authorities.require_agency(ledger.connection, issuer, body.agency)
        new = substitute(
            ledger,
            number,
            body.change(),
            signer_of=caller.desk.means.signer_of,
            base_url=caller.desk.means.base_url,
            actor=caller.actor,
            now=caller.now,
            issuer=body.issuer,
            reason=body.reason,
            if_event=known,
            lost=name == "reissue",
        )
        return certificate_answer(new, caller.now, status=201)

    response = await do_once(caller, key, work)
    if body.restricted:
        await run_in_threadpool(conceal, caller)
    return response


def conceal(caller: Caller) -> None:
    """Take photos that no certificate may show any more out of the store."""
    with caller.desk.reading() as connection:
        remove_concealed(connection, caller.desk.photos)


async def require_photos(caller: Caller, photos: Iterable[str | None]) -> None:
    """Refuse certificates that are bound to a photo which is not in the store.

    Raises:
        IssuanceError: one is not.
    """
    for photo in {photo for photo in photos if photo is not None}:
        if await caller.desk.photos.fetch(bytes.fromhex(photo)) is None:
            raise IssuanceError(f"there is no photo {photo}: send it to POST /photos first")


def _drawn(suffix: str, media_type: str, draw: Callable[[bytes, str], bytes]) -> None:
    async def draw_code(
        number: NumberPath, caller: Annotated[Caller, allowed("read")], issuer: IssuerQuery = None
    ) -> Response:
        with caller.desk.reading() as connection:
            found = seen(caller, connection, number, issuer)
        return Response(draw(found.signed, caller.desk.means.base_url), media_type=media_type)

    router.add_api_route(
        f"/{{number}}/code.{suffix}",
        draw_code,
        name=f"code_{suffix}",
        summary=f"The certificate's QR code as {suffix.upper()}. Scope: `read`.",
        responses={
            200: {"content": {media_type.split(";", maxsplit=1)[0]: {}}, "description": "The code."},
            **problems(403, 404, 409),
        },
        response_class=Response,
    )


_drawn("svg", "image/svg+xml", lambda signed, address: qr.svg(qr.symbol(signed, address)))
_drawn("png", "image/png", lambda signed, address: qr.png(qr.symbol(signed, address)))
_drawn(
    "txt", "text/plain; charset=utf-8", lambda signed, address: code_text.to_text(signed, address).encode()
)


def seen(caller: Caller, connection: Connection, number: str, issuer: str | None) -> Registered:
    """Find a certificate that is the caller's business.

    Raises:
        NotFoundError: there is none, or it is not.
        AmbiguousError: there are several.
    """
    found = find(connection, number, issuer=issuer)
    if not may_see(connection, caller.actor, found.certificate):
        raise unknown(number, issuer)
    return found
