"""Issuing: what was applied for → a signed code → the register. One certificate or a hundred thousand."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from pydantic import ConfigDict
from sqlalchemy import Connection, select

from keys.trust import Issuer, TrustList
from verifier.certificate import claims, cose, qr
from verifier.certificate.areas import area_of, lies_in
from verifier.certificate.bounds import BOUNDS
from verifier.certificate.cose import Signer
from verifier.certificate.dates import day_of, start_of_day
from verifier.certificate.errors import LiangzhengError
from verifier.certificate.jurisdictions import Jurisdiction, jurisdiction_of
from verifier.certificate.lifecycle import Event, NotEntitledError
from verifier.certificate.model import (
    Certificate,
    InvalidCertificateError,
    Kid,
    Kind,
    Powers,
    StatusReference,
)
from verifier.register import exclusions, indices, tables
from verifier.register.actors import Actor, place_of, require_issuer
from verifier.register.exclusions import Holding
from verifier.register.ledger import Happening, Ledger, Particulars
from verifier.status.log import claims_digest

_PORTION: Final = 500
_WIDEST: Final = StatusReference(BOUNDS.status_lists - 1, BOUNDS.status_list_entries - 1)


class IssuanceError(LiangzhengError, ValueError):
    """A certificate cannot be issued. One clear line, without anything that is not public."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What one certificate shall state, and what the register shall keep beside it."""

    __pydantic_config__ = ConfigDict(ser_json_bytes="hex", val_json_bytes="hex")  # as proposals keep it

    number: str
    holder: str | None
    agency: str | None
    categories: tuple[str, ...]
    area: str | None
    kind: Kind = Kind.ENFORCEMENT
    powers: Powers = Powers.ALL
    photo: bytes | None = None
    """The digest of a photo in the store."""
    restricted: bool = False
    valid_until: int | None = None
    """Where the validity is not the jurisdiction's: a ministry's certificate, or one that keeps its end."""
    replaces: int | None = None
    """The register's id of the certificate in whose place it comes."""
    reason: str | None = None
    """Why it comes in another's place."""
    particulars: Particulars = field(default_factory=Particulars)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What all certificates of one batch have in common."""

    issuer: str
    valid_from: int
    valid_until: int
    base_url: str


def terms_of(issuer: Issuer, base_url: str, *, valid_from: int) -> Terms:
    """Give the terms on which an issuer's jurisdiction lets certificates hold.

    Args:
        issuer: the issuing authority.
        base_url: where scans are answered.
        valid_from: the first second; a validity is counted in days, so that of its day is taken.

    Raises:
        IssuanceError: it begins or ends where no calendar goes.
    """
    try:
        start = start_of_day(day_of(valid_from))
        end = jurisdiction_of(issuer.area).validity_end(start)
    except (ValueError, OverflowError) as error:
        raise IssuanceError("the validity must lie between the years 1970 and 10000") from error
    return Terms(issuer=issuer.code, valid_from=start, valid_until=end, base_url=base_url)


def require_issuable(order: Order, terms: Terms) -> None:
    """Refuse what could not be issued, before anything is written.

    Raises:
        IssuanceError: a fact is out of form, or the QR code would become too large.
    """
    if (order.kind is Kind.MINISTRY) and order.valid_until is None:
        raise IssuanceError("a ministry's certificate is filed with the validity that it has: say until when")
    if order.kind is not Kind.MINISTRY and order.valid_until is not None and order.replaces is None:
        raise IssuanceError("only a ministry's certificate brings its own end with it")
    try:
        certificate = _certificate(order, terms, _WIDEST)
        if not qr.is_surely_printable(claims.most_bytes(certificate) + cose.MOST_FRAME_BYTES, terms.base_url):
            unsigned = cose.sign_code(claims.encode(certificate), _Blank())
            qr.require_printable(unsigned, certificate, terms.base_url)
    except (InvalidCertificateError, qr.TooLargeError) as error:
        raise IssuanceError(str(error)) from error


def taken_numbers(connection: Connection, issuer: str, numbers: Sequence[str]) -> set[str]:
    """Give those numbers that the register already has for an issuer, in force or not."""
    columns = tables.certificate.c
    taken = set[str]()
    for at in range(0, len(numbers), _PORTION):
        portion = numbers[at : at + _PORTION]
        query = select(columns.number).where(columns.number.in_(portion), columns.issuer == issuer)
        taken.update(connection.scalars(query))
    return taken


def issue(
    ledger: Ledger,
    orders: Sequence[Order],
    *,
    terms: Terms,
    signer: Signer,
    actor: Actor,
    now: int,
    progress: Callable[[int], None] = lambda _issued: None,
) -> list[int]:
    """Sign certificates and enter them.

    Args:
        ledger: the open batch; all of the orders come into force with its commit, or none.
        orders: checked by `require_issuable`.
        terms: what they have in common.
        signer: the issuer's key, which the published trust list must know: else no verifier would.
        actor: who issues.
        now: when.
        progress: told how many were entered since the last call.

    Returns:
        Their ids in the register.

    Raises:
        IssuanceError: a number is taken, the key is not published, or a holder has what excludes it.
        NotEntitledError: it is not for this issuer, or not for this actor, to issue them.
    """
    _require_published(signer, terms.issuer, orders, ledger.trust)
    rules = _require_entitled(ledger.connection, orders, terms.issuer, actor)
    new = [order.number for order in orders if order.replaces is None]
    if taken := taken_numbers(ledger.connection, terms.issuer, new):
        raise IssuanceError(f"number {min(taken)} is already in the register")
    ids: list[int] = []
    happenings = {
        (order.kind, order.reason): _beginning(order, rules, actor, now)
        for order in {(order.kind, order.reason): order for order in orders}.values()
    }
    # While one portion is entered, the next one is signed beside it: signing needs no interpreter.
    with ThreadPoolExecutor(1) as beside:
        signing: list[Future[list[bytes]]] = []
        portions: list[list[tuple[Order, Certificate, bytes]]] = []
        is_mixed = len({order.kind for order in orders}) > 1
        for portion in _portions(orders):
            if is_mixed and portions:  # what excludes each other must be seen
                ids += _enter(ledger, portions.pop(), signing.pop().result(), happenings)
                ledger.flush()
                progress(_PORTION)
            portions.append(_stated(ledger.connection, portion, terms, rules, now))
            signing.append(beside.submit(_signed, [payload for _, _, payload in portions[-1]], signer))
            if len(portions) > 1:
                ids += _enter(ledger, portions.pop(0), signing.pop(0).result(), happenings)
                progress(_PORTION)
        for stated, signed in zip(portions, signing, strict=True):
            ids += _enter(ledger, stated, signed.result(), happenings)
            progress(len(stated))
    return ids


def _stated(
    connection: Connection, portion: Sequence[Order], terms: Terms, rules: Jurisdiction, now: int
) -> list[tuple[Order, Certificate, bytes]]:
    """Give what the certificates of a portion state, and their claims."""
    holdings = [
        Holding(order.number, order.kind, order.particulars.id_number, order.replaces) for order in portion
    ]
    exclusions.require_none(connection, holdings, rules, now)
    references = indices.give_out(connection, len(portion))
    stated = [
        _certificate(order, terms, reference) for order, reference in zip(portion, references, strict=True)
    ]
    return [(order, one, claims.encode(one)) for order, one in zip(portion, stated, strict=True)]


def _signed(payloads: Sequence[bytes], signer: Signer) -> list[bytes]:
    return [cose.sign_code(payload, signer) for payload in payloads]


def _enter(
    ledger: Ledger,
    stated: Sequence[tuple[Order, Certificate, bytes]],
    signed: Sequence[bytes],
    happenings: Mapping[tuple[Kind, str | None], Happening],
) -> list[int]:
    return [
        ledger.issue(
            certificate,
            signed=code,
            digest=claims_digest(payload),
            particulars=order.particulars,
            happening=happenings[order.kind, order.reason],
            replaces=order.replaces,
        )
        for (order, certificate, payload), code in zip(stated, signed, strict=True)
    ]


def _beginning(order: Order, rules: Jurisdiction, actor: Actor, now: int) -> Happening:
    event = Event.FILED if order.kind is Kind.MINISTRY else Event.ISSUED
    return Happening(
        event=event,
        time=now,
        actor=actor.name,
        reason=order.reason or event.value,
        basis=rules.events[event].rule,
    )


def _require_published(signer: Signer, issuer: str, orders: Sequence[Order], trust: TrustList | None) -> None:
    key = trust.keys.get(signer.kid) if trust else None
    if key is None or key.issuer != issuer:
        raise IssuanceError(
            f"the key of issuer {issuer} is not in the published trust list: run `liangzheng keys trust`"
        )
    for kind in {order.kind for order in orders} - key.kinds:
        raise IssuanceError(f"the key of issuer {issuer} may not sign {kind.name.lower()} certificates")


def _require_entitled(
    connection: Connection, orders: Sequence[Order], issuer: str, actor: Actor
) -> Jurisdiction:
    if actor.agency is not None or actor.authority not in {None, issuer}:
        raise NotEntitledError(f"certificates of issuer {issuer} are issued by that issuer")
    rules = None
    for kind, agency in {(order.kind, stated_agency(order)) for order in orders}:
        rules = require_issuer(connection, issuer, kind, agency)
    assert rules is not None, "there is something to issue"
    own = place_of(connection, issuer).area
    for area in {stated_area(order) for order in orders} - {None}:
        code = area_of(str(area), own)
        if code is not None and not lies_in(code, own):  # what is in no list of areas is not judged
            raise NotEntitledError(f"issuer {issuer} does not serve {area} ({code})", rules.serves.rule)
    return rules


def stated_agency(order: Order) -> str | None:
    """Give the agency of an order, also where a restricted certificate does not state it."""
    return order.agency or (order.particulars.sealed or {}).get("agency")


def stated_area(order: Order) -> str | None:
    """Give the area of an order, also where a restricted certificate does not state it."""
    return order.area or (order.particulars.sealed or {}).get("area")


def _certificate(order: Order, terms: Terms, status: StatusReference) -> Certificate:
    return Certificate(
        issuer=terms.issuer,
        number=order.number,
        kind=order.kind,
        valid_from=terms.valid_from,
        valid_until=order.valid_until or terms.valid_until,
        status=status,
        holder=order.holder,
        agency=order.agency,
        categories=order.categories,
        area=order.area,
        powers=order.powers,
        photo=order.photo,
        restricted=order.restricted,
    )


def _portions(orders: Sequence[Order]) -> Iterator[Sequence[Order]]:
    for at in range(0, len(orders), _PORTION):
        yield orders[at : at + _PORTION]


class _Blank:
    """Stands in for a key where only the size of a code is asked for."""

    kid = Kid(bytes(cose.KID_BYTES))

    def sign(self, _data: bytes) -> bytes:
        """Give 64 bytes, the size of a signature."""
        return bytes(cose.SIGNATURE_BYTES)
