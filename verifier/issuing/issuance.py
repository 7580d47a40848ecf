"""Issuing: what was applied for → a signed code → the register. One certificate or a hundred thousand."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection, select

from keys.trust import Issuer, TrustList
from verifier.certificate import claims, cose, qr
from verifier.certificate.bounds import BOUNDS
from verifier.certificate.cose import Signer
from verifier.certificate.dates import day_of, start_of_day
from verifier.certificate.errors import LiangzhengError
from verifier.certificate.jurisdictions import jurisdiction_of
from verifier.certificate.lifecycle import Event
from verifier.certificate.model import (
    Certificate,
    InvalidCertificateError,
    Kid,
    Kind,
    Powers,
    StatusReference,
)
from verifier.register import indices, tables
from verifier.register.ledger import Happening, Ledger, Particulars
from verifier.status.log import claims_digest

_PORTION: Final = 500
_WIDEST: Final = StatusReference(BOUNDS.status_lists - 1, BOUNDS.status_list_entries - 1)


class IssuanceError(LiangzhengError, ValueError):
    """A certificate cannot be issued. One clear line, without anything that is not public."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What one certificate shall state, and what the register shall keep beside it."""

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
    """
    start = start_of_day(day_of(valid_from))
    end = jurisdiction_of(issuer.area).validity_end(start)
    return Terms(issuer=issuer.code, valid_from=start, valid_until=end, base_url=base_url)


def require_issuable(order: Order, terms: Terms) -> None:
    """Refuse what could not be issued, before anything is written.

    Raises:
        IssuanceError: a fact is out of form, or the QR code would become too large.
    """
    try:
        certificate = _certificate(order, terms, _WIDEST)
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
    trust: TrustList,
    actor: str,
    now: int,
    progress: Callable[[int], None] = lambda _issued: None,
) -> None:
    """Sign certificates and enter them.

    Args:
        ledger: the open batch; all of the orders come into force with its commit, or none.
        orders: checked by `require_issuable`.
        terms: what they have in common.
        signer: the issuer's key.
        trust: the published trust list, which must know that key: else no verifier would.
        actor: who issues.
        now: when.
        progress: told how many were entered since the last call.

    Raises:
        IssuanceError: a number is taken, or the key is not published.
    """
    _require_published(signer, terms.issuer, orders, trust)
    taken = taken_numbers(ledger.connection, terms.issuer, [order.number for order in orders])
    if taken:
        raise IssuanceError(f"number {min(taken)} is already in the register")
    happening = Happening(event=Event.ISSUED, time=now, actor=actor, reason="issued")
    for portion in _portions(orders):
        references = indices.give_out(ledger.connection, len(portion))
        for order, reference in zip(portion, references, strict=True):
            certificate = _certificate(order, terms, reference)
            payload = claims.encode(certificate)
            ledger.issue(
                certificate,
                signed=cose.sign_code(payload, signer),
                digest=claims_digest(payload),
                particulars=order.particulars,
                happening=happening,
            )
        progress(len(portion))


def _require_published(signer: Signer, issuer: str, orders: Sequence[Order], trust: TrustList) -> None:
    key = trust.keys.get(signer.kid)
    if key is None or key.issuer != issuer:
        raise IssuanceError(
            f"the key of issuer {issuer} is not in the published trust list: run `liangzheng keys trust`"
        )
    for kind in {order.kind for order in orders} - key.kinds:
        raise IssuanceError(f"the key of issuer {issuer} may not sign {kind.name.lower()} certificates")


def _certificate(order: Order, terms: Terms, status: StatusReference) -> Certificate:
    return Certificate(
        issuer=terms.issuer,
        number=order.number,
        kind=order.kind,
        valid_from=terms.valid_from,
        valid_until=terms.valid_until,
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
