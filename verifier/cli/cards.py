"""`liangzheng card`: certificates in force → cards to print, pictures, or an electronic one."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from keys.files import write_whole
from keys.trust import TrustList
from verifier import settings
from verifier.certificate.jurisdictions import jurisdiction_of
from verifier.cli import options
from verifier.cli.office import Office, seconds_now
from verifier.issuing import cards, electronic
from verifier.issuing.cards import MOST_CARDS, Card, CardError, Sides
from verifier.issuing.printing import card_of, is_printed, require_printed
from verifier.register.certificates import find, of_agency
from verifier.register.ledger import Registered


def card(
    numbers: Annotated[
        list[str] | None, typer.Argument(metavar="NUMBER…", help="The certificates' numbers.")
    ] = None,
    issuer: options.Issuer = None,
    agency: Annotated[
        str | None, typer.Option(metavar="NAME", help="All certificates in force of this agency.")
    ] = None,
    pdf: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help=f"Write cards to print; from {MOST_CARDS + 1} cards on, further files FILE-2 and so on.",
        ),
    ] = None,
    png: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the front as PNG, the back as FILE-back.")
    ] = None,
    svg: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the front as SVG, the back as FILE-back.")
    ] = None,
    page: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the electronic certificate as HTML.")
    ] = None,
) -> None:
    """Make cards of certificates, or the electronic certificate."""
    if bool(numbers) is bool(agency):
        raise typer.BadParameter("say either numbers or --agency")
    if not (pdf or png or svg or page):
        raise typer.BadParameter("say what to write: --pdf, --png, --svg or --page")
    office, now = Office(settings.read()), seconds_now()
    trust = office.trust()
    chosen = (
        _of_agency(office, agency, issuer, now) if agency else _of_numbers(office, numbers or [], issuer, now)
    )
    if len(chosen) > 1 and (png or svg or page):
        raise typer.BadParameter("--png, --svg and --page take one certificate; --pdf takes many")
    if not office.settings.is_address_known:
        address = office.settings.address
        options.note(f"the codes lead to {address}: set LIANGZHENG_BASE_URL to the address of your service")
    if pdf:
        _write_documents(office, trust, chosen, pdf)
    if png or svg or page:
        made = _card(office, trust, chosen[0])
        if png:
            _write_sides(cards.png(made), png)
        if svg:
            _write_sides(cards.svg(made), svg)
        if page:
            rules = jurisdiction_of(trust.issuers[made.certificate.issuer].area)
            write_whole(page, electronic.page(made, equal_in_force=rules.equal_in_force))


def _of_numbers(office: Office, numbers: Sequence[str], issuer: str | None, now: int) -> list[Registered]:
    with office.database.reading() as connection:
        found = [find(connection, number, issuer=issuer) for number in dict.fromkeys(numbers)]
    for each in found:
        require_printed(each, now)
    return found


def _of_agency(office: Office, agency: str, issuer: str | None, now: int) -> list[Registered]:
    with office.database.reading() as connection:
        found = of_agency(connection, agency, issuer=issuer)
    chosen = [each for each in found if is_printed(each, now)]
    if not chosen:
        raise CardError(f"{agency} has no certificate in force")
    return chosen


def _card(office: Office, trust: TrustList, found: Registered) -> Card:
    return card_of(found, trust=trust, photos=office.photos, base_url=office.settings.address)


def _write_documents(office: Office, trust: TrustList, chosen: Sequence[Registered], path: Path) -> None:
    with options.progress("cards", len(chosen)) as advance:
        for at in range(0, len(chosen), MOST_CARDS):
            portion = [_card(office, trust, found) for found in chosen[at : at + MOST_CARDS]]
            part = path.with_stem(f"{path.stem}-{at // MOST_CARDS + 1}") if at else path
            write_whole(part, cards.pdf(portion, advance))
    options.say(f"{len(chosen)} card{'s' if len(chosen) > 1 else ''}")


def _write_sides(sides: Sides, path: Path) -> None:
    write_whole(path, sides.front)
    write_whole(path.with_stem(f"{path.stem}-back"), sides.back)
