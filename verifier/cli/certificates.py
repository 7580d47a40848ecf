"""Commands on single certificates: issue one, change its state, show it, draw its code."""

from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from verifier import settings
from verifier.certificate import code as code_text
from verifier.certificate import qr
from verifier.certificate.dates import iso
from verifier.certificate.jurisdictions import OTHER, jurisdiction_of
from verifier.certificate.lifecycle import Event, reason_now
from verifier.certificate.model import Kind, Powers
from verifier.cli import options
from verifier.cli.office import Office, seconds_now
from verifier.issuing import photos
from verifier.issuing.issuance import Order, require_issuable, terms_of
from verifier.issuing.issuance import issue as issue_orders
from verifier.register import authorities
from verifier.register.certificates import find, history, let_happen
from verifier.register.ledger import Registered

_KINDS = {kind.name.lower(): kind for kind in Kind}
_POWERS = {powers.name.lower(): powers for powers in Powers}


def issue(
    number: options.Number,
    issuer: Annotated[str, typer.Option(metavar="CODE", help="The issuing authority, e.g. 650000.")],
    holder: Annotated[str | None, typer.Option(help="The holder's name.")] = None,
    agency: Annotated[str | None, typer.Option(help="The enforcing body.")] = None,
    category: Annotated[
        list[str] | None, typer.Option(help="An enforcement category; may be repeated.")
    ] = None,
    area: Annotated[str | None, typer.Option(help="The enforcement area.")] = None,
    kind: Annotated[str, typer.Option(help=f"One of {', '.join(_KINDS)}.")] = "enforcement",
    powers: Annotated[str, typer.Option(help=f"One of {', '.join(_POWERS)}.")] = "all",
    valid_from: Annotated[
        int | None,
        typer.Option("--from", parser=options.instant, metavar="DATE", help="First day; default: today."),
    ] = None,
    photo: Annotated[Path | None, typer.Option(help="A JPEG or PNG of the holder.")] = None,
    restricted: Annotated[
        bool, typer.Option("--restricted", help="State nothing of person or post.")
    ] = False,
) -> None:
    """Issue one certificate."""
    if kind not in _KINDS or powers not in _POWERS:
        raise typer.BadParameter(f"kind is one of {', '.join(_KINDS)}; powers one of {', '.join(_POWERS)}")
    office, now = Office(settings.read()), seconds_now()
    with office.database.reading() as connection:
        authority = authorities.issuer_of(connection, issuer)
    jurisdiction_of(authority.area).require_number(number)
    terms = terms_of(authority, office.settings.address, valid_from=valid_from or now)
    order = Order(
        number=number,
        holder=holder,
        agency=agency,
        categories=tuple(category or ()),
        area=area,
        kind=_KINDS[kind],
        powers=_POWERS[powers],
        photo=office.photos.keep(photos.prepare(photo.read_bytes())) if photo else None,
        restricted=restricted,
    )
    require_issuable(order, terms)
    signer = office.ring.certificate_signer(issuer, order.kind)
    with office.ledger(now) as ledger:
        issue_orders(ledger, [order], terms=terms, signer=signer, actor=office.actor, now=now)
    office.remark_on(terms, {agency}, now)
    options.say(f"issued {number}: holds from {iso(terms.valid_from)} up to {iso(terms.valid_until)}")


def suspend(
    number: options.Number,
    issuer: options.Issuer = None,
    reason: options.ReasonCode = OTHER,
    until: Annotated[
        int | None,
        typer.Option(
            parser=options.instant,
            metavar="DATE",
            help="The day on which it ends (at 00:00), or an instant; default: as the jurisdiction says.",
        ),
    ] = None,
) -> None:
    """Take a certificate away until a date (暂扣)."""
    _let_happen(Event.SUSPENDED, number, issuer, reason, until)


def reinstate(
    number: options.Number, issuer: options.Issuer = None, reason: options.ReasonCode = OTHER
) -> None:
    """End a suspension early."""
    _let_happen(Event.REINSTATED, number, issuer, reason)


def withdraw(
    number: options.Number, issuer: options.Issuer = None, reason: options.ReasonCode = OTHER
) -> None:
    """Withdraw a certificate that should not have been issued (撤销)."""
    _let_happen(Event.WITHDRAWN, number, issuer, reason)


def cancel(number: options.Number, issuer: options.Issuer = None, reason: options.ReasonCode = OTHER) -> None:
    """Cancel a certificate, e.g. because its holder left the post (注销)."""
    _let_happen(Event.CANCELLED, number, issuer, reason)


def lose(number: options.Number, issuer: options.Issuer = None, reason: options.ReasonCode = OTHER) -> None:
    """Make a lost certificate void (遗失作废)."""
    _let_happen(Event.LOST, number, issuer, reason)


def show(number: options.Number, issuer: options.Issuer = None, json: options.Json = False) -> None:
    """Show what the register has of a certificate, and what happened to it."""
    office, now = Office(settings.read()), seconds_now()
    with office.database.reading() as connection:
        found = find(connection, number, issuer=issuer)
        events = history(connection, found.id)
    facts = _shown(found, now)
    happened = [
        {
            "event": row.event,
            "time": iso(row.time),
            "by": row.actor,
            "reason": row.reason,
            "until": iso(row.until) if row.until else None,
        }
        for row in events
    ]
    if json:
        options.say(orjson.dumps({**facts, "events": happened}).decode())
        return
    for name, value in facts.items():
        shown = "、".join(value) if isinstance(value, list) else value
        options.say(f"{name:12} {'' if shown is None else shown}")
    for event in happened:
        until = f", until {event['until']}" if event["until"] else ""
        options.say(f"{event['time']}  {event['event']} ({event['reason']}) by {event['by']}{until}")


def code(
    number: options.Number,
    issuer: options.Issuer = None,
    text: Annotated[bool, typer.Option("--text", help="Print the QR's text alone, on one line.")] = False,
    svg: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the QR as SVG.")] = None,
    png: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the QR as PNG.")] = None,
) -> None:
    """Give the QR code of a certificate: drawn in the terminal, as text, or as a file."""
    office = Office(settings.read())
    with office.database.reading() as connection:
        found = find(connection, number, issuer=issuer)
    address = office.settings.address
    if not office.settings.is_address_known:
        options.note(f"this code leads to {address}: set LIANGZHENG_BASE_URL to the address of your service")
    drawing = qr.symbol(found.signed, address)
    if svg:
        svg.write_bytes(qr.svg(drawing))
    if png:
        png.write_bytes(qr.png(drawing))
    if text:
        options.say(code_text.to_text(found.signed, address))
    elif not (svg or png):
        options.say(qr.terminal(drawing))


def _let_happen(event: Event, number: str, issuer: str | None, reason: str, until: int | None = None) -> None:
    office, now = Office(settings.read()), seconds_now()
    with office.ledger(now) as ledger:
        happened = let_happen(
            ledger,
            event,
            number,
            actor=office.actor,
            now=now,
            issuer=issuer,
            reason=reason,
            until=until,
        )
    until = happened.standing.until if event is Event.SUSPENDED else None
    end = f" until {iso(until)}" if until else ""
    options.say(f"{event} {number}{end}")


def _shown(found: Registered, now: int) -> dict[str, Any]:
    certificate, standing = found.certificate, found.standing
    reason = reason_now(
        standing, valid_from=certificate.valid_from, valid_until=certificate.valid_until, now=now
    )
    return {
        "number": certificate.number,
        "issuer": certificate.issuer,
        "verdict": reason.verdict,
        "reason": reason,
        "since": iso(standing.since),
        "until": iso(standing.until) if standing.until else None,
        "kind": certificate.kind.name.lower(),
        "holder": certificate.holder,
        "agency": certificate.agency,
        "categories": list(certificate.categories),
        "area": certificate.area,
        "powers": certificate.powers.name.lower(),
        "valid_from": iso(certificate.valid_from),
        "valid_until": iso(certificate.valid_until),
        "photo": certificate.photo.hex() if certificate.photo else None,
        "status": f"list {certificate.status.list}, index {certificate.status.index}",
    }
