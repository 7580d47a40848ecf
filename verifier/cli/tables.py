"""`liangzheng import`: a table of an agency → what it asks for, all of it or nothing."""

import gc
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated, Final

import orjson
import typer

from verifier import settings
from verifier.certificate.jurisdictions import jurisdiction_of
from verifier.cli import options
from verifier.cli.office import Office, seconds_now
from verifier.issuing import imports
from verifier.issuing.imports import ImportPlan
from verifier.issuing.issuance import terms_of
from verifier.issuing.rosters import Refused
from verifier.issuing.steps import Action, Step, shown
from verifier.register import authorities

_DONE: Final = {
    Action.ISSUE: "issued",
    Action.REPLACE: "replaced",
    Action.REISSUE: "reissued",
    Action.REMAKE: "remade",
    Action.CANCEL: "cancelled",
    Action.LOSE: "reported lost",
}


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
        bool, typer.Option("--accept-good", help="Apply the good rows of a table that has bad ones.")
    ] = False,
    reason: Annotated[
        str | None,
        typer.Option(
            metavar="CODE", help="Why certificates are replaced; by default told by what the table changes."
        ),
    ] = None,
    json: options.Json = False,
) -> int:
    """Do what a table asks for: issue, replace, or clean up certificates.

    Officer lists and the new-issue, replacement and clean-up forms are read. One bad row refuses the whole
    table, unless --accept-good; what is applied comes into force in one transaction.
    """
    gc.disable()  # what is read stays until the end: to search it for garbage takes time for nothing
    sys.setswitchinterval(options.SWITCH_SECONDS)
    office, now = Office(settings.read()), seconds_now()
    with office.database.reading() as connection:
        authority = (
            authorities.only_issuer(connection)
            if issuer is None
            else authorities.issuer_of(connection, issuer)
        )
    terms = terms_of(authority, office.settings.address, valid_from=valid_from or now)
    source = imports.PhotoSource(photos, office.photos) if photos else None
    with options.progress("reading") as advance:
        plan = imports.plan(
            file,
            rules=jurisdiction_of(authority.area),
            terms=terms,
            agency=agency,
            photos=source,
            progress=advance,
        )
    if valid_from is not None and not plan.issues:
        raise typer.BadParameter(f"--from is for new certificates, and not for the {plan.form} form")
    with options.progress("comparing", plan.rows) as advance, office.database.reading() as connection:
        plan.compare(connection, actor=office.actor, now=now, reason=reason, progress=advance)
    applies = bool(plan.steps) and (accept_good or not plan.refused)
    if applies and not dry_run:
        plan.take_photos()
        with options.progress("applying", len(plan.steps)) as advance, office.recording(now) as ledger:
            imports.apply(
                ledger,
                plan,
                signer_of=office.certificate_signer,
                actor=office.actor,
                now=now,
                progress=advance,
            )
    if applies and plan.issues:
        office.remark_on(terms, {step.agency for step in plan.steps}, now)
    _report(plan, applied=applies, dry_run=dry_run, json=json)
    return 0 if applies else 1


def _report(plan: ImportPlan, *, applied: bool, dry_run: bool, json: bool) -> None:
    accepted = len(plan.steps) if applied else 0
    if json:
        refused = [
            {"row": row.row, "reason": row.reason, **({"sheet": row.sheet} if row.sheet else {})}
            for row in plan.refused
        ]
        diff = {"diff": [shown(step) for step in plan.steps]} if dry_run else {}
        report = {"rows": plan.rows, "accepted": accepted, "refused": refused, **diff}
        options.say(orjson.dumps(report).decode())
        return
    for row in plan.refused:
        options.note(f"refused: {_where(row)}: {row.reason}")
    if plan.without_photo:
        options.note(f"note: {plan.without_photo} rows have no photo in that folder")
    if dry_run and not plan.issues:
        for step in plan.steps:
            options.say(f"{_where(step)}: {step.action} {step.number}: {_changes(step)}")
    options.say(
        f"{plan.rows} rows: {_done(plan, applied=applied, dry_run=dry_run)}, {len(plan.refused)} refused"
    )
    if not applied and plan.steps:
        options.note("nothing was changed: correct the table, or apply its good rows with --accept-good")


def _done(plan: ImportPlan, *, applied: bool, dry_run: bool) -> str:
    counts = Counter(step.action for step in plan.steps) if applied else Counter()
    would = "would be " if dry_run else ""
    done = [f"{counts[action]} {would}{word}" for action, word in _DONE.items() if counts[action]]
    return ", ".join(done) or f"0 {would}{'issued' if plan.issues else 'changed'}"


def _changes(step: Step) -> str:
    texts = (
        f"{one.field} {one.before} → {one.after}" if one.after is not None else f"{one.field} changed"
        for one in step.differences
    )
    return "; ".join(texts) or "the same facts"


def _where(row: Step | Refused) -> str:
    return f"{row.sheet}, row {row.row}" if row.sheet else f"row {row.row}"
