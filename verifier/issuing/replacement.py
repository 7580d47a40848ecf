"""One certificate in place of another (换发, 补办): the old one is void as soon as the new one holds."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ConfigDict

from keys.trust import Issuer
from verifier.certificate.cose import Signer
from verifier.certificate.jurisdictions import OTHER, Jurisdiction, jurisdiction_of
from verifier.certificate.lifecycle import RENEWAL, Event, IllegalEventError, ReasonClass
from verifier.certificate.model import Certificate, Kind, Powers
from verifier.issuing.issuance import (
    IssuanceError,
    Order,
    issue,
    require_issuable,
    taken_numbers,
    terms_of,
)
from verifier.register import authorities
from verifier.register.actors import Actor, require_entitled
from verifier.register.certificates import by_id, examine, happen, particulars_of
from verifier.register.ledger import Ledger, Particulars, Registered


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What the new certificate states that the old one does not; None: the same."""

    __pydantic_config__ = ConfigDict(ser_json_bytes="hex", val_json_bytes="hex")  # as proposals keep it

    number: str | None = None
    holder: str | None = None
    agency: str | None = None
    categories: tuple[str, ...] | None = None
    area: str | None = None
    powers: Powers | None = None
    photo: bytes | None = None
    restricted: bool | None = None
    particulars: Particulars = field(default_factory=Particulars)
    """Its fields that are not None."""


def substitute(
    ledger: Ledger,
    number: str,
    change: Change,
    *,
    signer_of: Callable[[str, Kind], Signer],
    base_url: str,
    actor: Actor,
    now: int,
    issuer: str | None = None,
    reason: str = OTHER,
    if_event: int | None = None,
    lost: bool | None = None,
) -> Registered:
    """Issue a certificate in place of another: of a lost one a reissue, else a replacement.

    A renewal holds as long as a new certificate; every other one keeps the end that the old one has.

    Args:
        ledger: the open batch.
        number: the old one.
        change: what differs.
        signer_of: opens the key of an issuer for a kind.
        base_url: where scans are answered.
        actor: who does it; the issuer.
        now: when; the new one holds from the start of this day on, but not before the old one would have.
        issuer: as in `find`.
        reason: a reason code of the jurisdiction for `replaced`.
        if_event: the last event that the actor knows of.
        lost: whether it must be a reissue, or must not; None: whatever the certificate needs.

    Returns:
        The new certificate.

    Raises:
        NotFoundError: there is no such certificate, or not for this actor.
        AmbiguousError: there are several.
        TamperedError: its rows were changed by hand.
        ChangedError: something else happened to it since.
        NotEntitledError: it is not for the actor to do.
        IllegalEventError: its state or the rules do not allow it.
        IssuanceError: the new one cannot be issued.
        NumberError: its new number is out of form.
        ExcludedError: the holder has what excludes it.
    """
    old = examine(ledger, number, issuer=issuer, if_event=if_event, actor=actor)
    if lost is None:
        lost = old.standing.reason is ReasonClass.LOST
    event = Event.REISSUED if lost else Event.REPLACED
    reason = OTHER if lost else reason  # those of a replacement could give a lost one a new validity
    code = old.certificate.issuer
    authority = authorities.issuer_of(ledger.connection, code)
    terms = terms_of(authority, base_url, valid_from=max(now, old.certificate.valid_from))
    # First of all: to whom it is not to do, no refusal below tells what the certificate states.
    rules = require_entitled(ledger.connection, actor, event, old.certificate)
    private = particulars_of(ledger.connection, old.id)
    if change.agency not in {None, stated(old.certificate, private)["agency"]}:
        require_transfers(rules)
    order = successor(old, private, change, reason)
    if order.number != old.certificate.number:
        _require_free(ledger, order, authority)
    require_issuable(order, terms)
    happen(ledger, old, event, actor=actor, now=now, reason=reason)
    ledger.flush()
    signer = signer_of(code, order.kind)
    (new,) = issue(ledger, [order], terms=terms, signer=signer, actor=actor, now=now)
    ledger.flush()
    return by_id(ledger.connection, new)


def require_transfers(rules: Jurisdiction) -> None:
    """Refuse another agency where the regulation has a transfer cancelled and applied for anew.

    Raises:
        IllegalEventError: it does (XJ-2022 Art 17(1)).
    """
    if "transfer" not in rules.reasons(Event.REPLACED):
        rule = rules.basis(Event.CANCELLED, "moved") if "moved" in rules.reasons(Event.CANCELLED) else None
        raise IllegalEventError("another agency: a transfer is cancelled here, and applied for anew", rule)


def _require_free(ledger: Ledger, order: Order, issuer: Issuer) -> None:
    """Refuse a new number that is out of form, or that another certificate bears or bore."""
    if order.kind is not Kind.MINISTRY:
        jurisdiction_of(issuer.area, order.categories).require_number(order.number)
    if taken_numbers(ledger.connection, issuer.code, [order.number]):
        raise IssuanceError(f"number {order.number} is already in the register")


def successor(old: Registered, private: Particulars, change: Change, reason: str) -> Order:
    """Give the order for the certificate that comes in another's place.

    Raises:
        IllegalEventError: a restricted certificate shall have a photo.
    """
    was = old.certificate
    facts = stated(was, private) | _changed(change)
    restricted = was.restricted if change.restricted is None else change.restricted
    if restricted and change.photo is not None:
        raise IllegalEventError("a restricted certificate has no photo")
    return Order(
        number=change.number or was.number,
        kind=was.kind,
        powers=Powers.ALL if restricted else change.powers if change.powers is not None else was.powers,
        photo=None if restricted else change.photo or was.photo,
        restricted=restricted,
        valid_until=None if reason == RENEWAL and was.kind is not Kind.MINISTRY else was.valid_until,
        replaces=old.id,
        reason=reason,
        particulars=_particulars(private, change, sealed=facts if restricted else None),
        **({"holder": None, "agency": None, "categories": (), "area": None} if restricted else facts),
    )


def stated(was: Certificate, private: Particulars) -> dict[str, Any]:
    """Give holder, agency, categories and area of a certificate, stated or sealed."""
    sealed = private.sealed or {}
    return {
        "holder": was.holder or sealed.get("holder"),
        "agency": was.agency or sealed.get("agency"),
        "categories": was.categories or tuple(sealed.get("categories", ())),
        "area": was.area or sealed.get("area"),
    }


def _changed(change: Change) -> dict[str, Any]:
    facts = {name: getattr(change, name) for name in ("holder", "agency", "categories", "area")}
    return {name: fact for name, fact in facts.items() if fact}


def _particulars(private: Particulars, change: Change, *, sealed: dict[str, object] | None) -> Particulars:
    new = change.particulars
    return replace(
        private,
        id_number=new.id_number or private.id_number,
        enforcement_types=new.enforcement_types or private.enforcement_types,
        qualification=new.qualification or private.qualification,
        sealed=sealed,
    )
