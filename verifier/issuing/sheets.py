"""A table as sheets of raw rows, whatever kind of file it comes in, and the largest of everything in it."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from verifier.certificate.errors import LiangzhengError


@dataclass(frozen=True, slots=True, kw_only=True)
class TableBounds:
    """The largest of everything that a table may hold."""

    file_bytes: int = 64 << 20
    """The file as sent."""
    unpacked_bytes: int = 512 << 20
    unpacked_ratio: int = 200
    """How many times its own size a workbook may unpack to; real rows unpack to 5 to 50 times."""
    parts: int = 4_096
    """Files inside a workbook."""
    shared_strings: int = 1_000_000
    """Texts that a workbook keeps beside its cells."""
    nesting: int = 32
    """Depth of XML elements, at the end of each chunk read."""
    token_bytes: int = 1 << 20
    """One tag of XML with its attributes, or the text between two of them."""
    sheets: int = 64
    rows: int = 200_000
    """Rows that hold anything, in all sheets together."""
    columns: int = 64
    cell_characters: int = 4_000
    header_rows: int = 20
    """Rows among which the header must be, not counting empty ones."""


TABLE_BOUNDS: Final = TableBounds()


class TableError(LiangzhengError, ValueError):
    """The whole file is unusable. The message is one line for the person who sent it."""


class Flaw(StrEnum):
    """What keeps a cell's text from being what a person wrote there."""

    FORMULA = "formula"
    ERROR = "error value"
    ROUNDED = "number of more digits than spreadsheets keep, so not as text,"


class RawRow(NamedTuple):
    """One row that holds something."""

    number: int
    """As a person sees it, from 1."""
    cells: list[str]
    """Their texts; a `Flaw` in place of one that nobody wrote."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet; its rows are read while they are asked for, once, and before the next sheet's."""

    name: str
    """Empty for CSV."""
    hidden: bool
    rows: Iterator[RawRow]
