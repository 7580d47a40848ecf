"""What agencies' tables ask for: raw rows → applications for certificates, or one clear line each why not.

The forms are those of NM-2022 annexes 1 to 3 and XJ-GGJ-2022 annex 2 (rules.md, "Bulk tables that agencies
send"). Invariants: every row that holds data becomes one `Application` or one `Refused`, and none is dropped;
a table for anything but new certificates is refused as a whole; no reason repeats a private value.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Final, NoReturn

from verifier.certificate.bounds import BOUNDS
from verifier.certificate.errors import LiangzhengError
from verifier.certificate.jurisdictions import Jurisdiction
from verifier.certificate.model import InvalidCertificateError, check_text
from verifier.certificate.texts import tidy
from verifier.issuing.id_numbers import InvalidIdNumberError, read_id_number
from verifier.issuing.tables import TABLE_BOUNDS, Flaw, RawRow, Sheet, TableBounds, TableError, read_sheets

_Progress = Callable[[int, int | None], None]


class Form(StrEnum):
    """Which of the agencies' tables it is."""

    NEW_ISSUE = "new issue"
    OFFICER_LIST = "officer list"
    REPLACEMENT = "replacement"
    CLEAN_UP = "clean-up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """One row that asks for a certificate; texts are in the form that a certificate may carry."""

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


@dataclass(frozen=True, slots=True)
class Refused:
    """One row that gets no certificate."""

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
    refused: list[Refused] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """Rows that hold data."""
        return len(self.applications) + len(self.refused)


class _Column(StrEnum):
    AGENCY = "工作单位"
    HOLDER = "姓名"
    ID_NUMBER = "身份证号"
    TYPES = "执法类型"
    CATEGORY = "执法类别"
    AREA = "执法区域"
    NUMBER = "执法证编号"
    QUALIFICATION = "资格编号"


_FIELD: Final = "执法领域"  # what officer lists call the category
_REASON: Final = "清理原因"
_HEADINGS: Final = {column.value: column for column in _Column} | {_FIELD: _Column.CATEGORY}
_KNOWN: Final = frozenset({*_HEADINGS, _REASON, "序号"})
_REPLACED: Final = dict.fromkeys(("换发", "补办"), Form.REPLACEMENT)
_TITLES: Final = {"新领": Form.NEW_ISSUE, "清理": Form.CLEAN_UP} | _REPLACED
_WORDS: Final = "agency, name, ID number, type, category, area, certificate number, qualification number"
_ENGLISH: Final = dict(zip(_Column, _WORDS.split(", "), strict=True))
_LISTED: Final = (_Column.HOLDER, _Column.AREA, _Column.CATEGORY, _Column.NUMBER)
_SEPARATORS: Final = re.compile("[、，,；;/／]")
_FORMULA_STARTS: Final = frozenset("=+-@＝＋－＠")
_UNIT: Final = re.compile(r"\s*报\s*送\s*单\s*位\s*(?:[（(][^）)]*[）)]\s*)?[:：]\s*(.*)", re.DOTALL)
_GAP: Final = re.compile(r"\s{2,}")
_FOOT: Final = re.compile("(?:(?:填报|填表|制表|审核|联系)人|填报日期|联系电话|报送单位|备?注)[:：]")


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
        TableError: the file as a whole is unusable, or is a form that does not ask for new certificates.
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
        refused=reader.refused,
    )
    if progress is not None:
        progress(roster.rows, roster.rows)
    return roster


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where a sheet's header puts what."""

    sheet: str
    form: Form
    unit: str | None
    pick: Callable[[list[str]], tuple[str, ...]]
    """Takes the cells in the order of `_Column` from a row, before which an empty cell was put."""
    width: int

    def cells(self, row: RawRow) -> tuple[str, ...]:
        return self.pick(["", *row.cells, *[""] * (self.width - len(row.cells))])

    def heading(self, column: _Column) -> str:
        return _FIELD if column is _Column.CATEGORY and self.form is Form.OFFICER_LIST else column

    def label(self, column: _Column) -> str:
        return f"{_ENGLISH[column]} ({self.heading(column)})"

    def is_data(self, row: RawRow) -> bool:
        """Tell whether a refused row is a person's, and no foot or empty line of the form."""
        texts = [text for text in map(_squeezed, row.cells) if text]
        if not texts or _is_foot(row):
            return False
        # Rows below a heading "换发" would otherwise pass for new ones.
        title = len(texts) == 1 and any(word in texts[0] for word in _TITLES)
        if title or len(_KNOWN.intersection(texts)) > 1:
            raise TableError(f"another table begins in row {row.number}: give it a sheet of its own")
        return any(map(str.strip, self.cells(row)))


def _squeezed(text: str) -> str:
    return "".join(unicodedata.normalize("NFC", text).split())


def _is_foot(row: RawRow) -> bool:
    return _FOOT.match(next(filter(None, map(_squeezed, row.cells)), "")) is not None


def _layout(sheet: Sheet, bounds: TableBounds, agency: str) -> _Layout | None:
    """Find the header; None for a sheet that is empty, or hidden and no table, such as a drop-down list."""
    above: list[RawRow] = []
    for row in islice(sheet.rows, bounds.header_rows):
        headings = list(map(_squeezed, row.cells))
        if len(_KNOWN.intersection(headings)) > 1:
            if sheet.hidden:
                raise TableError("it is hidden and holds a table: show it, or delete it")
            return _recognised(sheet.name, headings, above, agency)
        above.append(row)
    if sheet.hidden or not any(map(_squeezed, (cell for row in above for cell in row.cells))):
        return None
    raise TableError(f"no header in the first {bounds.header_rows} rows: missing {', '.join(_LISTED)}")


def _recognised(sheet: str, headings: list[str], above: Iterable[RawRow], agency: str) -> _Layout:
    places: dict[_Column, int] = {}
    for place, heading in enumerate(headings):
        if column := _HEADINGS.get(heading):
            if column in places:
                raise TableError(f"the column {heading} stands there twice")
            places[column] = place
    title, unit = _title(above)
    form = _form(headings, f"{sheet} {title}")
    if form in {Form.REPLACEMENT, Form.CLEAN_UP}:
        doing = "replacing" if form is Form.REPLACEMENT else "cleaning up"
        why = f"{doing} certificates is not available yet; nothing was changed"
        raise TableError(f"the {form} form is recognised, but {why}")
    needed = set(_LISTED if form is Form.OFFICER_LIST else _Column) - {_Column.AGENCY if agency else None}
    if missing := [column for column in _Column if column in needed and column not in places]:
        raise TableError(f"missing columns: {', '.join(missing)}")
    if not agency and _Column.AGENCY not in places:
        raise TableError("the officer list names no agency: give it with --agency")
    pick = itemgetter(*(places.get(column, -1) + 1 for column in _Column))
    return _Layout(sheet, form, unit, pick, max(places.values()) + 1)


def _title(above: Iterable[RawRow]) -> tuple[str, str | None]:
    """Give what stands above the header: the title's texts together, and the unit."""
    title, unit = "", None
    for row in above:
        if any(isinstance(cell, Flaw) for cell in row.cells):
            raise TableError(f"row {row.number}: a formula or an error above the header")
        for place, cell in enumerate(row.cells):
            if found := _UNIT.match(cell):
                named = tidy(_GAP.split((found[1] or "".join(row.cells[place + 1 : place + 2])).strip())[0])
                unit = _fact("报送单位", named) if named else None
                break
            title += _squeezed(cell)
    return title, unit


def _form(headings: Iterable[str], title: str) -> Form:
    said = {form for word, form in _TITLES.items() if word in title}
    if _REASON in headings or said == {Form.CLEAN_UP}:
        return Form.CLEAN_UP
    if Form.REPLACEMENT in said and Form.NEW_ISSUE not in said:
        return Form.REPLACEMENT
    if len(said) > 1:  # both forms have the same columns
        raise TableError("the title names more than one form: say in it either 新领, 换发 or 清理")
    return Form.OFFICER_LIST if _FIELD in headings else Form.NEW_ISSUE


def _fact(what: str, text: str) -> str:
    try:
        check_text(what, text)
    except InvalidCertificateError as error:
        raise TableError(str(error)) from error
    return text


class _RowError(LiangzhengError, ValueError):
    """Why a row gets no certificate."""


class _Reader:
    """Reads the rows of one file; texts that come again and again are checked and kept once."""

    def __init__(self, rules: Jurisdiction, agency: str | None) -> None:
        self._form = rules.number.form.en
        self._pattern = re.compile(rules.number.pattern, re.ASCII)
        self._agency = _fact("agency", tidy(agency)) if agency else ""
        self._numbers: dict[str, tuple[str, int]] = {}
        self._known: dict[tuple[_Column, str], tuple[str, ...]] = {}
        self.layouts: list[_Layout] = []
        self.applications: list[Application] = []
        self.refused: list[Refused] = []

    def read(self, sheet: Sheet, bounds: TableBounds, progress: _Progress | None) -> None:
        """Read a sheet, if it holds a table."""
        layout = _layout(sheet, bounds, self._agency)
        if layout is None:
            return
        self.layouts.append(layout)
        if layout.form is not self.layouts[0].form:
            raise TableError(f"the {layout.form} form, where a sheet before it holds another form")
        for row in sheet.rows:
            first = row.cells[0]
            if (":" in first or "：" in first) and _is_foot(row):
                continue
            try:
                self.applications.append(self._application(row, layout))
            except _RowError as error:
                if layout.is_data(row):
                    self.refused.append(Refused(row.number, sheet.name, str(error)))
            if progress is not None and not (done := len(self.applications) + len(self.refused)) % 1_000:
                progress(done, None)

    def _application(self, row: RawRow, layout: _Layout) -> Application:
        cells = layout.cells(row)
        if Flaw in map(type, cells):
            flaw, column = next(pair for pair in zip(cells, _Column, strict=True) if type(pair[0]) is Flaw)
            raise _RowError(f"{flaw} in a cell (column {layout.heading(column)})")
        agency, holder, id_number, types, category, area, number, code = cells
        number, here = number.strip(), (layout.sheet, row.number)
        # A number counts even where its row falls: which of two rows is right about it, nobody can tell.
        first = self._numbers.setdefault(number, here) if self._pattern.fullmatch(number) else None
        return Application(
            row=row.number,
            sheet=layout.sheet,
            holder=_checked(_Column.HOLDER, holder, layout),
            agency=self._texts(_Column.AGENCY, agency if agency.strip() else self._agency, layout)[0],
            categories=self._texts(_Column.CATEGORY, category, layout),
            area=self._texts(_Column.AREA, area, layout)[0],
            number=number if first is here else self._refuse_number(number, first, layout),
            id_number=_id_number(id_number.strip(), layout),
            enforcement_types=self._texts(_Column.TYPES, types, layout) if types.strip() else (),
            qualification=_checked(_Column.QUALIFICATION, code, layout) if code.strip() else None,
        )

    def _texts(self, column: _Column, raw: str, layout: _Layout) -> tuple[str, ...]:
        texts = self._known.get((column, raw))
        if texts is None:
            several = column in {_Column.CATEGORY, _Column.TYPES}
            texts = _split(column, raw, layout) if several else (_checked(column, raw, layout),)
            self._known[column, raw] = texts
        return texts

    def _refuse_number(self, number: str, first: tuple[str, int] | None, layout: _Layout) -> NoReturn:
        label = layout.label(_Column.NUMBER)
        if first is not None:
            where = f"row {first[1]}" + (f" of sheet {first[0]}" if first[0] != layout.sheet else "")
            raise _RowError(f"the {label} {number} stands twice, first in {where}")
        if not number:
            raise _RowError(f"no {label}")
        _require_no_formula(_Column.NUMBER, number, layout)
        lost = number.isdecimal() and any(self._pattern.fullmatch("0" * zeros + number) for zeros in (1, 2))
        hint = ": a spreadsheet may have dropped a leading zero" if lost else ""
        raise _RowError(f"the {label} must be {self._form}{hint}")


def _require_no_formula(column: _Column, text: str, layout: _Layout) -> None:
    if len(text) > 1 and text[0] in _FORMULA_STARTS:  # spreadsheets work such a text out
        raise _RowError(f"{Flaw.FORMULA} in a cell (column {layout.heading(column)})")


def _checked(column: _Column, raw: str, layout: _Layout) -> str:
    text = tidy(raw)
    if not text:
        raise _RowError(f"no {layout.label(column)}")
    _require_no_formula(column, text, layout)
    try:
        check_text(column, text)
    except InvalidCertificateError as error:
        raise _RowError(f"{layout.label(column)} {error.why}") from error
    if column is not _Column.QUALIFICATION and not any(map(str.isalpha, text)):
        raise _RowError(f"{layout.label(column)} has no letter")
    return text


def _split(column: _Column, raw: str, layout: _Layout) -> tuple[str, ...]:
    parts = [part.strip() for part in _SEPARATORS.split(unicodedata.normalize("NFC", raw))]
    if any("\n" in part or "\r" in part for part in parts):  # between two values, or inside of one?
        raise _RowError(f"{layout.label(column)} has a line break: put 、 between two values")
    texts = tuple(dict.fromkeys(_checked(column, part, layout) for part in parts if part))
    if not texts:
        raise _RowError(f"no {layout.label(column)}")
    if column is _Column.CATEGORY and len(texts) > BOUNDS.categories:
        raise _RowError(f"more than {BOUNDS.categories} in {layout.label(column)}")
    return texts


def _id_number(text: str, layout: _Layout) -> str | None:
    if not text:
        return None
    try:
        return read_id_number(text)
    except InvalidIdNumberError as error:
        _require_no_formula(_Column.ID_NUMBER, text, layout)
        raise _RowError(f"{layout.label(_Column.ID_NUMBER)} {error}") from error
