"""`liangzheng due`: what is due, the oldest first."""

import sys
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table

from verifier import settings
from verifier.certificate.dates import day_of
from verifier.cli import options
from verifier.cli.office import Office, seconds_now
from verifier.register import authorities
from verifier.register.deadlines import Deadline, DeadlineKind, Position
from verifier.register.due import LARGEST_PAGE, Page, Wanted, due

_DAY = 86_400
_LONGEST_DAYS = 36_500
_COLUMNS = ("日期 when", "事项 what", "编号 number", "发证机关 issuer", "执法机关 agency", "依据 rule")


def list_due(
    issuer: Annotated[str | None, typer.Option(metavar="CODE", help="Of this issuer alone.")] = None,
    agency: Annotated[str | None, typer.Option(help="Of this agency alone.")] = None,
    kind: Annotated[
        list[DeadlineKind] | None, typer.Option(help="Of this kind alone; may be repeated.")
    ] = None,
    within: Annotated[
        int | None,
        typer.Option(metavar="DAYS", min=0, max=_LONGEST_DAYS, help="Due by then; default: all."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=LARGEST_PAGE, help="How many at most.")] = 100,
    after: Annotated[
        str | None, typer.Option(metavar="NEXT", help="Go on from where the last page ended.")
    ] = None,
    json: options.Json = False,
) -> None:
    """List what is due: renewals, ends of suspensions and notices, reviews, void cards, proposals."""
    office, now = Office(settings.read()), seconds_now()
    until = None if within is None else now + within * _DAY
    wanted = Wanted(kinds=frozenset(kind or ()), issuer=issuer, agency=agency, until=until)
    position = None if after is None else Position.parse(after)
    with office.database.reading() as connection:
        if issuer is not None:
            authorities.issuer_of(connection, issuer)
        page = due(connection, office.actor, wanted, now=now, after=position, limit=limit)
    if json:
        listed = [deadline.as_json(now) for deadline in page.deadlines]
        options.say(orjson.dumps({"deadlines": listed, "next": page.next and str(page.next)}).decode())
    else:
        _print(page, now)


def _print(page: Page, now: int) -> None:
    """Print a table where somebody looks at it, else a line for each."""
    if not page.deadlines:
        options.note("没有到期事项 nothing is due")
    elif sys.stdout.isatty():
        table = Table(box=None, header_style="bold")
        for name in _COLUMNS:
            table.add_column(name, overflow="fold")
        for deadline in page.deadlines:
            table.add_row(*_cells(deadline), style="red" if deadline.when <= now else None)
        Console().print(table)
    else:
        for deadline in page.deadlines:
            options.say("\t".join(_cells(deadline)))
    if page.next is not None:
        options.note(f"there is more: go on with --after {page.next}")


def _cells(deadline: Deadline) -> tuple[str, ...]:
    note = f"（{deadline.note.zh}）" if deadline.note else ""
    return (
        day_of(deadline.when).isoformat(),
        f"{deadline.kind.zh}{note} {deadline.kind}",
        deadline.number,
        deadline.issuer,
        deadline.agency or "—",
        deadline.rule,
    )
