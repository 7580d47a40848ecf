"""What agencies' tables say: raw rows → facts to act on, or one clear line each why not.

Invariants: every row that holds data becomes one `Application` or one `CleanUp`, as its form says, or one
`Refused`, and none is dropped; no reason repeats a private value.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from verifier.certificate.jurisdictions import Jurisdiction
from verifier.certificate.texts import tidy
from verifier.issuing.cells import RowError, checked, id_number_of, require_no_formula, split
from verifier.issuing.forms import Column, Form, Layout, fact, find_layout, is_foot
from verifier.issuing.tables import TABLE_BOUNDS, Flaw, RawRow, Sheet, TableBounds, TableError, read_sheets

_Progress = Callable[[int, int | None], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One row: a certificate as it is or shall be; texts are in the form that a certificate may carry."""

    row: int
    """As a person sees it in the sheet, from 1."""
    sheet: str
    """Empty for CSV."""
    number: str
    holder: str
    agency: str
    categories: tuple[str, ...]
    area: str
    # Never public (rules.md, "What a certificate carries"), hence in no representation either.
    id_number: str | None = field(default=None, repr=False)
    enforcement_types: tuple[str, ...] = field(default=(), repr=False)
    qualification: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Application(Listed):
    """One row that asks for a certificate: a new one, or one in place of that which has its number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanUp(Listed):
    """One row that says why a certificate is not to stay as it is."""

    reason: str = field(repr=False)
    """As written (清理原因). A person's own affair: it is never repeated."""


@dataclass(frozen=True, slots=True)
class Refused:
    """One row by which nothing is done."""

    row: int
    sheet: str
    reason: str
    """One line, which may name a certificate number and never repeats a private value."""


@dataclass(slots=True, kw_only=True)
class Roster:
    """One table."""

    form: Form
    unit: str | None = None
    """The unit that sent it (报送单位)."""
    applications: list[Application] = field(default_factory=list)
    clean_ups: list[CleanUp] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """Rows that hold data."""
        return len(self.applications) + len(self.clean_ups) + len(self.refused)


def read_roster(
    path: Path,
    *,
    rules: Jurisdiction,
    agency: str | None,
    progress: _Progress | None = None,
    bounds: TableBounds = TABLE_BOUNDS,
) -> Roster:
    """Read an agency's table and check each of its rows by itself; no register is asked.

    Args:
        path: a workbook (.xlsx), or CSV in UTF-8 or GB18030.
        rules: of the jurisdiction that is to issue; they give the form of a certificate number.
        agency: the enforcing body of the rows that name none.
        progress: told the rows done, and their total once it is known.
        bounds: the largest of everything.

    Returns:
        The table's rows, each accepted or refused, in their order.

    Raises:
        TableError: the file as a whole is unusable.
    """
    reader = _Reader(rules, agency)
    for sheet in read_sheets(path, bounds):
        try:
            reader.read(sheet, bounds, progress)
        except TableError as error:
            raise TableError(f"sheet {sheet.name}: {error}" if sheet.name else str(error)) from error
    if not reader.layouts:
        raise TableError("the file is empty: no sheet holds a table")
    roster = Roster(
        form=reader.layouts[0].form,
        unit="、".join(dict.fromkeys(layout.unit for layout in reader.layouts if layout.unit)) or None,
        applications=reader.applications,
        clean_ups=reader.clean_ups,
        refused=reader.refused,
    )
    if progress is not None:
        progress(roster.rows, roster.rows)
    return roster


class _Reader:
    """Reads the rows of one file; texts that come again and again are checked and kept once."""

    def __init__(self, rules: Jurisdiction, agency: str | None) -> None:
        self._form = rules.number.form.en
        self._pattern = re.compile(rules.number.pattern, re.ASCII)
        self._agency = fact("agency", tidy(agency)) if agency else ""
        self._numbers: dict[str, tuple[str, int]] = {}
        self._known: dict[tuple[Column, str], tuple[str, ...]] = {}
        self.layouts: list[Layout] = []
        self.applications: list[Application] = []
        self.clean_ups: list[CleanUp] = []
        self.refused: list[Refused] = []

    def read(self, sheet: Sheet, bounds: TableBounds, progress: _Progress | None) -> None:
        """Read a sheet, if it holds a table."""
        layout = find_layout(sheet, bounds, self._agency)
        if layout is None:
            return
        self.layouts.append(layout)
        if layout.form is not self.layouts[0].form:
            raise TableError(f"the {layout.form} form, where a sheet before it holds another form")
        for row in sheet.rows:
            first = row.cells[0]
            if (":" in first or "：" in first) and is_foot(row):
                continue
            try:
                self._read_row(row, layout)
            except RowError as error:
                if layout.is_data(row):
                    self.refused.append(Refused(row.number, sheet.name, str(error)))
            if progress is not None and not (done := self.rows) % 1_000:
                progress(done, None)

    @property
    def rows(self) -> int:
        """Rows that held data."""
        return len(self.applications) + len(self.clean_ups) + len(self.refused)

    def _read_row(self, row: RawRow, layout: Layout) -> None:
        cells = layout.cells(row)
        if Flaw in map(type, cells):
            flaw, column = next(pair for pair in zip(cells, Column, strict=True) if type(pair[0]) is Flaw)
            raise RowError(f"{flaw} in a cell (column {layout.heading(column)})")
        agency, holder, id_number, types, category, area, number, code, reason = cells
        number, here = number.strip(), (layout.sheet, row.number)
        # A number counts even where its row falls: which of two rows is right about it, nobody can tell.
        first = self._numbers.setdefault(number, here) if self._pattern.fullmatch(number) else None
        facts: dict[str, Any] = {
            "row": row.number,
            "sheet": layout.sheet,
            "holder": checked(Column.HOLDER, holder, layout),
            "agency": self._texts(Column.AGENCY, agency if agency.strip() else self._agency, layout)[0],
            "categories": self._texts(Column.CATEGORY, category, layout),
            "area": self._texts(Column.AREA, area, layout)[0],
            "number": number if first is here else self._refuse_number(number, first, layout),
            "id_number": id_number_of(id_number.strip(), layout),
            "enforcement_types": self._texts(Column.TYPES, types, layout) if types.strip() else (),
            "qualification": checked(Column.QUALIFICATION, code, layout) if code.strip() else None,
        }
        if layout.form is not Form.CLEAN_UP:
            self.applications.append(Application(**facts))
        elif not (reason := tidy(reason)):
            raise RowError(f"no {layout.label(Column.REASON)}")
        else:
            self.clean_ups.append(CleanUp(**facts, reason=reason))

    def _texts(self, column: Column, raw: str, layout: Layout) -> tuple[str, ...]:
        texts = self._known.get((column, raw))
        if texts is None:
            several = column in {Column.CATEGORY, Column.TYPES}
            texts = split(column, raw, layout) if several else (checked(column, raw, layout),)
            self._known[column, raw] = texts
        return texts

    def _refuse_number(self, number: str, first: tuple[str, int] | None, layout: Layout) -> NoReturn:
        label = layout.label(Column.NUMBER)
        if first is not None:
            where = f"row {first[1]}" + (f" of sheet {first[0]}" if first[0] != layout.sheet else "")
            raise RowError(f"the {label} {number} stands twice, first in {where}")
        if not number:
            raise RowError(f"no {label}")
        require_no_formula(Column.NUMBER, number, layout)
        lost = number.isdecimal() and any(self._pattern.fullmatch("0" * zeros + number) for zeros in (1, 2))
        hint = ": a spreadsheet may have dropped a leading zero" if lost else ""
        raise RowError(f"the {label} must be {self._form}{hint}")
