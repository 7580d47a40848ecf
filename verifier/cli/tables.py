"""`liangzheng import`: a table of an agency → certificates in force, all of them or none."""

from pathlib import Path
from typing import Annotated

import orjson
import typer

from verifier import settings
from verifier.certificate.jurisdictions import jurisdiction_of
from verifier.cli import options
from verifier.cli.office import Office, seconds_now
from verifier.issuing import imports, issuance
from verifier.issuing.imports import ImportPlan
from verifier.issuing.issuance import terms_of
from verifier.register import authorities


def import_table(
    file: Annotated[Path, typer.Argument(help="The table: xlsx, or CSV in UTF-8 or GB18030.")],
    issuer: Annotated[
        str | None, typer.Option(metavar="CODE", help="The issuer; not needed where there is one.")
    ] = None,
    agency: Annotated[str | None, typer.Option(help="The enforcing body, where the table has none.")] = None,
    valid_from: Annotated[
        int | None,
        typer.Option("--from", parser=options.instant, metavar="DATE", help="First day; default: today."),
    ] = None,
    photos: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            file_okay=False,
            help="A folder with photos named by number: 31000099001.jpg or .png.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and change nothing.")
    ] = False,
    accept_good: Annotated[
        bool, typer.Option("--accept-good", help="Issue the good rows of a table that has bad ones.")
    ] = False,
    json: options.Json = False,
) -> int:
    """Issue the certificates that a table asks for.

    The new-issue form and the officer list are read. One bad row refuses the whole table, unless
    --accept-good; what is applied comes into force in one transaction.
    """
    office, now = Office(settings.read()), seconds_now()
    with office.database.reading() as connection:
        authority = (
            authorities.only_issuer(connection)
            if issuer is None
            else authorities.issuer_of(connection, issuer)
        )
    rules = jurisdiction_of(authority.area)
    terms = terms_of(authority, office.settings.address, valid_from=valid_from or now)
    source = imports.PhotoSource(photos, office.photos) if photos else None
    with options.progress("reading") as advance:
        plan = imports.plan(file, rules=rules, terms=terms, agency=agency, photos=source, progress=advance)
    with office.database.reading() as connection:
        plan.refuse_taken(connection, terms)
    applies = bool(plan.orders) and (accept_good or not plan.refused)
    if applies and not dry_run:
        signer = office.ring.certificate_signer(terms.issuer)
        if source is not None:
            plan.take_photos(source)
        with options.progress("issuing", len(plan.orders)) as advance, office.ledger(now) as ledger:
            issuance.issue(
                ledger,
                plan.accepted,
                terms=terms,
                signer=signer,
                actor=office.actor,
                now=now,
                progress=advance,
            )
    if applies:
        office.remark_on(terms, {order.agency for _, order in plan.orders}, now)
    _report(plan, applied=applies, dry_run=dry_run, json=json)
    return 0 if applies else 1


def _report(plan: ImportPlan, *, applied: bool, dry_run: bool, json: bool) -> None:
    accepted = len(plan.orders) if applied else 0
    if json:
        refused = [
            {"row": row.row, "reason": row.reason, **({"sheet": row.sheet} if row.sheet else {})}
            for row in plan.refused
        ]
        options.say(orjson.dumps({"rows": plan.rows, "accepted": accepted, "refused": refused}).decode())
        return
    for row in plan.refused:
        where = f"{row.sheet}, row {row.row}" if row.sheet else f"row {row.row}"
        options.note(f"refused: {where}: {row.reason}")
    if plan.without_photo:
        options.note(f"note: {plan.without_photo} rows have no photo in that folder")
    verb = "would be issued" if dry_run else "issued"
    options.say(f"{plan.rows} rows: {accepted} {verb}, {len(plan.refused)} refused")
    if not applied and plan.orders:
        options.note("nothing was changed: correct the table, or issue its good rows with --accept-good")
