"""Certificates of the register → tables in the agencies' forms: xlsx, CSV or JSON, row by row.

Invariants: the officer list has only what is public; what a spreadsheet would take for a formula comes to it
as a text (`neutral`); and memory does not grow with the rows.
"""

import csv
import io
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import BinaryIO, Final

import orjson
import xlsxwriter  # type: ignore[import-untyped]  # it has no type information
from sqlalchemy import Connection

from verifier.certificate.errors import LiangzhengError
from verifier.issuing.cells import neutral
from verifier.issuing.clean_up import clean_up_reasons
from verifier.issuing.forms import FIELD, Column, Form
from verifier.register import listing
from verifier.register.listing import Entry, Selection

_Progress = Callable[[int], None]
_TELL_EVERY: Final = 1_000
_TITLES: Final = {
    Form.OFFICER_LIST: ("附件2", "行政执法人员名单"),
    Form.NEW_ISSUE: ("附件3", "行政执法证件新领人员统计表"),
    Form.REPLACEMENT: ("附件2", "行政执法证件换发人员统计表"),
    Form.CLEAN_UP: ("附件1", "行政执法人员清理汇总表"),
}
_FACTS: Final = tuple(column.value for column in Column if column is not Column.REASON)
_HEADERS: Final[Mapping[Form, tuple[str, ...]]] = {
    Form.OFFICER_LIST: ("序号", Column.HOLDER.value, Column.AREA.value, FIELD, Column.NUMBER.value),
    Form.NEW_ISSUE: _FACTS,
    Form.REPLACEMENT: _FACTS,
    Form.CLEAN_UP: (*_FACTS, Column.REASON.value),
}
_FOOT: Final = "填报人：                                        联系电话："


class Format(StrEnum):
    """What kind of file a table is, by its suffix."""

    XLSX = "xlsx"
    CSV = "csv"
    JSON = "json"


class ExportError(LiangzhengError, ValueError):
    """A table cannot be written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which table is written."""

    form: Form
    selection: Selection
    unit: str
    """Who reports (报送单位)."""

    @property
    def is_private(self) -> bool:
        """Whether it holds what is not public."""
        return self.form is not Form.OFFICER_LIST

    @property
    def title(self) -> str:
        """What stands above the table."""
        return _TITLES[self.form][1]

    @property
    def header(self) -> Sequence[str]:
        """The names of the columns."""
        return _HEADERS[self.form]

    @property
    def above(self) -> Sequence[str]:
        """The rows above the header, each of one cell."""
        return (*_TITLES[self.form], f"报送单位：{self.unit}")


def write(
    connection: Connection,
    file: BinaryIO,
    wanted: Wanted,
    format_: Format,
    progress: _Progress = lambda _rows: None,
) -> int:
    """Write a table.

    Args:
        connection: an open connection: the table shows the register at one moment.
        file: where to.
        wanted: which table.
        format_: of the file.
        progress: told how many rows were written since the last call.

    Returns:
        How many rows it has.

    Raises:
        ExportError: the officer list of no agency, or more rows than a sheet has.
    """
    if wanted.form is Form.OFFICER_LIST and wanted.selection.agency is None:
        raise ExportError("the officer list is that of one agency: say which")
    writer = {Format.XLSX: _write_xlsx, Format.CSV: _write_csv, Format.JSON: _write_json}[format_]
    rows = _Counted(_rows(connection, wanted), progress)
    writer(file, wanted, iter(rows))
    return rows.count


class _Counted:
    """Rows, with the progress told as they go by."""

    def __init__(self, rows: Iterator[Sequence[str]], progress: _Progress) -> None:
        self._rows, self._progress = rows, progress
        self.count = 0

    def __iter__(self) -> Iterator[Sequence[str]]:
        for row in self._rows:
            yield row
            self.count += 1
            if not self.count % _TELL_EVERY:
                self._progress(_TELL_EVERY)
        self._progress(self.count % _TELL_EVERY)


def _rows(connection: Connection, wanted: Wanted) -> Iterator[Sequence[str]]:
    selection = wanted.selection
    match wanted.form:
        case Form.OFFICER_LIST:
            for place, entry in enumerate(listing.in_force(connection, selection), 1):
                yield (str(place), entry.holder, entry.area, _joined(entry.categories), entry.number)
        case Form.NEW_ISSUE | Form.REPLACEMENT:
            in_place = wanted.form is Form.REPLACEMENT
            yield from map(_facts, listing.issued(connection, selection, in_place=in_place))
        case Form.CLEAN_UP:
            for entry in listing.ended(connection, selection):
                yield (*_facts(entry), _reason(entry.event, entry.reason))


def _facts(entry: Entry) -> Sequence[str]:
    """Give the cells of a row in the order of `_FACTS`."""
    private = entry.particulars
    return (
        entry.agency,
        entry.holder,
        private.id_number or "",
        _joined(private.enforcement_types),
        _joined(entry.categories),
        entry.area,
        entry.number,
        private.qualification or "",
    )


def _joined(texts: Sequence[str]) -> str:
    return "、".join(texts)


@cache
def _reason(event: str, code: str) -> str:
    """Give the wording of a clean-up reason; what NM-2022 2(2) does not name is its other reason."""
    entries = [entry for entry in clean_up_reasons() if entry.event == event]
    fitting = [entry for entry in entries if entry.reasons[0] == code]
    return (fitting or entries)[-1].name.zh


def _write_xlsx(file: BinaryIO, wanted: Wanted, rows: Iterator[Sequence[str]]) -> None:
    # Rows wait in a file until the workbook is closed; only we may read that folder.
    with tempfile.TemporaryDirectory(prefix="liangzheng-") as folder:
        book = xlsxwriter.Workbook(file, {"constant_memory": True, "tmpdir": folder})
        sheet = book.add_worksheet()
        sheet.set_column(0, len(wanted.header) - 1, 22, book.add_format({"num_format": "@"}))
        row = -1
        for row, cells in enumerate(_sheet(wanted, rows)):
            for column, text in enumerate(cells):
                # `write` would make formulas, addresses and numbers of texts that look like them.
                if text and sheet.write_string(row, column, text):
                    raise ExportError("more rows than a sheet has: choose an agency, or a later day")
        book.close()


def _write_csv(file: BinaryIO, wanted: Wanted, rows: Iterator[Sequence[str]]) -> None:
    text = io.TextIOWrapper(file, "utf-8-sig", newline="", write_through=False)
    csv.writer(text).writerows(_sheet(wanted, rows))
    text.flush()
    text.detach()


def _sheet(wanted: Wanted, rows: Iterator[Sequence[str]]) -> Iterator[Sequence[str]]:
    for text in wanted.above:
        yield (text,)
    yield wanted.header
    for cells in rows:
        yield tuple(map(neutral, cells))
    yield (_FOOT,)


def _write_json(file: BinaryIO, wanted: Wanted, rows: Iterator[Sequence[str]]) -> None:
    head = orjson.dumps({"title": wanted.title, "unit": wanted.unit})
    file.write(head[:-1] + b',"rows":[')
    before = b"\n"
    for cells in rows:
        file.write(before + orjson.dumps(dict(zip(wanted.header, cells, strict=True))))
        before = b",\n"
    file.write(b"\n]}\n")
