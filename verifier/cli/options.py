"""Options that several commands have, and how results are printed."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from verifier.certificate.dates import parse_instant

_EARLIEST: Final = parse_instant("1970-01-02")
_LATEST: Final = parse_instant("2200-01-01")
"""What a date of a certificate can sensibly be."""
_DATE_WANTED: Final = "give a date like 2026-01-31, or an instant like 2026-01-31T12:00:00, from 1970 to 2199"


SWITCH_SECONDS: Final = 0.0002
"""Where signing and SQLite run beside the interpreter: by default they would wait 5 ms for it each time."""


def instant(text: str) -> int:
    """Read a date or an instant from an option."""
    try:
        seconds = parse_instant(text)
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter(_DATE_WANTED) from error
    if not _EARLIEST <= seconds < _LATEST:
        raise typer.BadParameter(_DATE_WANTED)
    return seconds


Number = Annotated[str, typer.Argument(metavar="NUMBER", help="The certificate's number.")]
Issuer = Annotated[
    str | None, typer.Option(metavar="CODE", help="The issuer, where the number is not unique.")
]
ReasonCode = Annotated[
    str, typer.Option("--reason", metavar="CODE", help="A reason code of the jurisdiction.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def say(text: str) -> None:
    """Print a line of the result."""
    sys.stdout.write(text + "\n")


def note(text: str) -> None:
    """Print a line about the work, beside the result."""
    sys.stderr.write(text + "\n")


@contextmanager
def progress(title: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Show a progress bar on stderr, where that is a terminal.

    Args:
        title: what is being done.
        total: how much of it there is, if known.

    Yields:
        A function to tell how much was done since the last call.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=total)
        yield lambda done: bar.advance(task, done)
