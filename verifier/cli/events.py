"""Commands that let something happen to a certificate."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from verifier import settings
from verifier.certificate.dates import iso
from verifier.certificate.jurisdictions import OTHER
from verifier.certificate.lifecycle import Event
from verifier.certificate.model import Powers
from verifier.cli import options
from verifier.cli.office import Office, seconds_now
from verifier.issuing import photos
from verifier.issuing.concealment import remove_concealed
from verifier.issuing.replacement import Change, substitute
from verifier.register.certificates import let_happen

_POWERS = {powers.name.lower(): powers for powers in Powers}


class Review(StrEnum):
    """The steps of a review (复核)."""

    ASK = "ask"
    UPHOLD = "uphold"
    REVERSE = "reverse"


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


def take_back(
    number: options.Number, issuer: options.Issuer = None, reason: options.ReasonCode = OTHER
) -> None:
    """Record that the card of a void certificate was taken back (收回)."""
    _let_happen(Event.RETURNED, number, issuer, reason)


def destroy(
    number: options.Number, issuer: options.Issuer = None, reason: options.ReasonCode = OTHER
) -> None:
    """Record that the card of a void certificate was destroyed (销毁)."""
    _let_happen(Event.DESTROYED, number, issuer, reason)


def review(
    step: Annotated[Review, typer.Argument(help="ask: the holder objects; uphold; reverse: it holds again.")],
    number: options.Number,
    issuer: options.Issuer = None,
    reason: options.ReasonCode = OTHER,
) -> None:
    """Record a step of the review of a withdrawal or cancellation (复核)."""
    events = {
        Review.ASK: Event.REVIEW_ASKED,
        Review.UPHOLD: Event.REVIEW_UPHELD,
        Review.REVERSE: Event.REVIEW_REVERSED,
    }
    _let_happen(events[step], number, issuer, reason)


def replace(
    number: options.Number,
    issuer: options.Issuer = None,
    reason: options.ReasonCode = OTHER,
    new_number: Annotated[str | None, typer.Option(help="Its number, if it gets another.")] = None,
    holder: Annotated[str | None, typer.Option(help="What it states instead.")] = None,
    agency: Annotated[str | None, typer.Option(help="Likewise.")] = None,
    category: Annotated[list[str] | None, typer.Option(help="Likewise; may be repeated.")] = None,
    area: Annotated[str | None, typer.Option(help="Likewise.")] = None,
    powers: Annotated[str | None, typer.Option(help=f"One of {', '.join(_POWERS)}.")] = None,
    photo: Annotated[Path | None, typer.Option(help="A JPEG or PNG of the holder.")] = None,
    restricted: Annotated[
        bool | None, typer.Option("--restricted/--public", help="State nothing of person or post; or again.")
    ] = None,
) -> None:
    """Put a new certificate in force in place of this one (换发); in place of a lost one (补办)."""
    if powers is not None and powers not in _POWERS:
        raise typer.BadParameter(f"powers are one of {', '.join(_POWERS)}")
    office, now = Office(settings.read()), seconds_now()
    change = Change(
        number=new_number,
        holder=holder,
        agency=agency,
        categories=tuple(category) if category else None,
        area=area,
        powers=_POWERS[powers] if powers else None,
        photo=office.photos.keep(photos.prepare(photo.read_bytes())) if photo else None,
        restricted=restricted,
    )
    with office.recording(now) as ledger:
        new = substitute(
            ledger,
            number,
            change,
            signer_of=office.certificate_signer,
            base_url=office.settings.address,
            actor=office.actor,
            now=now,
            issuer=issuer,
            reason=reason,
        )
    if restricted:
        with office.database.reading() as connection:
            remove_concealed(connection, office.photos)
    certificate = new.certificate
    options.say(
        f"issued {certificate.number} in place of {number}: holds until {iso(certificate.valid_until)}"
    )


def _let_happen(event: Event, number: str, issuer: str | None, reason: str, until: int | None = None) -> None:
    office, now = Office(settings.read()), seconds_now()
    with office.recording(now) as ledger:
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
