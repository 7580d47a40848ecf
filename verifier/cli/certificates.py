"""Commands on single certificates: issue one, change its state, show it, draw its code."""

from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from verifier import settings
from verifier.certificate import code as code_text
from verifier.certificate import qr
from verifier.certificate.dates import iso
from verifier.certificate.jurisdictions import jurisdiction_of
from verifier.certificate.model import Kind, Powers
from verifier.cli import options
from verifier.cli.office import Office, seconds_now
from verifier.issuing import photos
from verifier.issuing.issuance import Order, require_issuable, terms_of
from verifier.issuing.issuance import issue as issue_orders
from verifier.register import authorities
from verifier.register.certificates import find, history
from verifier.register.ledger import Particulars, Registered

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
    until: Annotated[
        int | None,
        typer.Option(
            parser=options.instant,
            metavar="DATE",
            help="A ministry's certificate only: the day on which it no longer holds.",
        ),
    ] = None,
) -> None:
    """Issue one certificate; one of kind ministry is filed (备案)."""
    if kind not in _KINDS or powers not in _POWERS:
        raise typer.BadParameter(f"kind is one of {', '.join(_KINDS)}; powers one of {', '.join(_POWERS)}")
    office, now = Office(settings.read()), seconds_now()
    with office.database.reading() as connection:
        authority = authorities.issuer_of(connection, issuer)
    if _KINDS[kind] is not Kind.MINISTRY:
        jurisdiction_of(authority.area).require_number(number)
        if until is not None:
            raise typer.BadParameter("only a ministry's certificate brings its own end with it")
    terms = terms_of(authority, office.settings.address, valid_from=valid_from or now)
    facts: dict[str, Any] = {
        "holder": holder,
        "agency": agency,
        "categories": tuple(category or ()),
        "area": area,
    }
    hidden: dict[str, Any] = {"holder": None, "agency": None, "categories": (), "area": None}
    order = Order(
        number=number,
        **(hidden if restricted else facts),
        particulars=Particulars(sealed=facts if restricted and holder else None),
        kind=_KINDS[kind],
        powers=_POWERS[powers],
        photo=office.photos.keep(photos.prepare(photo.read_bytes())) if photo else None,
        restricted=restricted,
        valid_until=until,
    )
    require_issuable(order, terms)
    signer = office.certificate_signer(issuer, order.kind)
    with office.recording(now) as ledger:
        issue_orders(ledger, [order], terms=terms, signer=signer, actor=office.actor, now=now)
    office.remark_on(terms, {agency}, now)
    options.say(f"issued {number}: holds from {iso(terms.valid_from)} up to {iso(terms.valid_until)}")


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


def _shown(found: Registered, now: int) -> dict[str, Any]:
    certificate, standing = found.certificate, found.standing
    reason = found.reason(now)
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
