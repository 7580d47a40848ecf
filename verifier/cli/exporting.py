"""`liangzheng export`: certificates of the register → a table in one of the agencies' forms."""

import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from keys.files import writing_whole
from verifier import settings
from verifier.cli import options
from verifier.cli.office import Office, seconds_now
from verifier.issuing.exports import Format, Wanted, write
from verifier.issuing.forms import Form
from verifier.register import authorities
from verifier.register.listing import Selection

_FORMS: Final = {form.value.replace(" ", "-"): form for form in Form}
_STDOUT: Final = "-"


def export(
    file: Annotated[
        Path, typer.Argument(help="Where to: .xlsx, .csv or .json; - prints CSV. It is replaced whole.")
    ],
    form: Annotated[str, typer.Option(metavar="FORM", help=f"One of {', '.join(_FORMS)}.")] = "officer-list",
    issuer: Annotated[
        str | None, typer.Option(metavar="CODE", help="The issuer; not needed where there is one.")
    ] = None,
    agency: Annotated[
        str | None, typer.Option(help="Only this agency's; the officer list needs one.")
    ] = None,
    since: Annotated[
        int | None,
        typer.Option(parser=options.instant, metavar="DATE", help="Only what happened from this day on."),
    ] = None,
) -> None:
    """Write certificates as a table.

    officer-list: those in force, public facts alone. new-issue and replacement: those that came new, or in
    place of others, and are not void. clean-up: those cancelled, lost, or replaced for wrong data. The last
    three hold what is not public. Restricted certificates are in none.
    """
    if form not in _FORMS:
        raise typer.BadParameter(f"--form is one of {', '.join(_FORMS)}")
    suffix = "csv" if str(file) == _STDOUT else file.suffix.lower().removeprefix(".")
    if suffix not in set(Format):
        raise typer.BadParameter(f"the file ends in one of {', '.join(f'.{each}' for each in Format)}")
    office, now = Office(settings.read()), seconds_now()
    with office.database.reading() as connection:
        authority = (
            authorities.only_issuer(connection)
            if issuer is None
            else authorities.issuer_of(connection, issuer)
        )
        selection = Selection(issuer=authority.code, agency=agency, since=since, now=now)
        wanted = Wanted(form=_FORMS[form], selection=selection, unit=agency or authority.name)
        with options.progress("writing") as advance:
            if str(file) == _STDOUT:
                rows = write(connection, sys.stdout.buffer, wanted, Format.CSV, advance)
            else:
                with writing_whole(file, private=wanted.is_private) as out:
                    rows = write(connection, out, wanted, Format(suffix), advance)
    options.note(f"{rows} rows written")
