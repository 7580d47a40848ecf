"""The forms of agencies' tables: which one a sheet is, where its header stands, and what stands where.

They are those of NM-2022 annexes 1 to 3 and XJ-GGJ-2022 annex 2 (rules.md, "Bulk tables that agencies send").
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from operator import itemgetter
from typing import Final

from verifier.certificate.model import InvalidCertificateError, check_text
from verifier.certificate.texts import tidy
from verifier.issuing.tables import Flaw, RawRow, Sheet, TableBounds, TableError


class Form(StrEnum):
    """Which of the agencies' tables it is."""

    NEW_ISSUE = "new issue"
    OFFICER_LIST = "officer list"
    REPLACEMENT = "replacement"
    CLEAN_UP = "clean-up"


class Column(StrEnum):
    """What stands in a column, by its heading."""

    AGENCY = "工作单位"
    HOLDER = "姓名"
    ID_NUMBER = "身份证号"
    TYPES = "执法类型"
    CATEGORY = "执法类别"
    AREA = "执法区域"
    NUMBER = "执法证编号"
    QUALIFICATION = "资格编号"
    REASON = "清理原因"


FIELD: Final = "执法领域"  # what officer lists call the category
_HEADINGS: Final = {column.value: column for column in Column} | {FIELD: Column.CATEGORY}
_KNOWN: Final = frozenset({*_HEADINGS, "序号"})
_REPLACED: Final = dict.fromkeys(("换发", "补办"), Form.REPLACEMENT)
_TITLES: Final = {"新领": Form.NEW_ISSUE, "清理": Form.CLEAN_UP} | _REPLACED
_WORDS: Final = (
    "agency, name, ID number, type, category, area, certificate number, qualification number, clean-up reason"
)
_ENGLISH: Final = dict(zip(Column, _WORDS.split(", "), strict=True))
_LISTED: Final = (Column.HOLDER, Column.AREA, Column.CATEGORY, Column.NUMBER)
_UNIT: Final = re.compile(r"\s*报\s*送\s*单\s*位\s*(?:[（(][^）)]*[）)]\s*)?[:：]\s*(.*)", re.DOTALL)
_GAP: Final = re.compile(r"\s{2,}")
_FOOT: Final = re.compile("(?:(?:填报|填表|制表|审核|联系)人|填报日期|联系电话|报送单位|备?注)[:：]")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a sheet's header puts what."""

    sheet: str
    form: Form
    unit: str | None
    pick: Callable[[list[str]], tuple[str, ...]]
    """Takes the cells in the order of `Column` from a row, before which an empty cell was put."""
    width: int

    def cells(self, row: RawRow) -> tuple[str, ...]:
        """Give the cells of a row in the order of `Column`, empty where there is none."""
        return self.pick(["", *row.cells, *[""] * (self.width - len(row.cells))])

    def heading(self, column: Column) -> str:
        """Give a column's name as the form has it."""
        return FIELD if column is Column.CATEGORY and self.form is Form.OFFICER_LIST else column

    def label(self, column: Column) -> str:
        """Give a column's name for people, English before Chinese."""
        return f"{_ENGLISH[column]} ({self.heading(column)})"

    def is_data(self, row: RawRow) -> bool:
        """Tell whether a refused row is a person's, and no foot or empty line of the form."""
        texts = [text for text in map(_squeezed, row.cells) if text]
        if not texts or is_foot(row):
            return False
        # Rows below a heading "换发" would otherwise pass for new ones.
        title = len(texts) == 1 and any(word in texts[0] for word in _TITLES)
        if title or len(_KNOWN.intersection(texts)) > 1:
            raise TableError(f"another table begins in row {row.number}: give it a sheet of its own")
        return any(map(str.strip, self.cells(row)))


def _squeezed(text: str) -> str:
    return "".join(unicodedata.normalize("NFC", text).split())


def is_foot(row: RawRow) -> bool:
    """Tell the line below a table: who filled it in, and their phone."""
    return _FOOT.match(next(filter(None, map(_squeezed, row.cells)), "")) is not None


def find_layout(sheet: Sheet, bounds: TableBounds, agency: str) -> Layout | None:
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


def _recognised(sheet: str, headings: list[str], above: Iterable[RawRow], agency: str) -> Layout:
    places: dict[Column, int] = {}
    for place, heading in enumerate(headings):
        if column := _HEADINGS.get(heading):
            if column in places:
                raise TableError(f"the column {heading} stands there twice")
            places[column] = place
    title, unit = _title(above)
    form = _form(headings, f"{sheet} {title}")
    needed = set(_LISTED if form is Form.OFFICER_LIST else Column) - {Column.AGENCY if agency else None}
    if form is not Form.CLEAN_UP:
        needed.discard(Column.REASON)
    if missing := [column for column in Column if column in needed and column not in places]:
        raise TableError(f"missing columns: {', '.join(missing)}")
    if not agency and Column.AGENCY not in places:
        raise TableError("the officer list names no agency: give it with --agency")
    pick = itemgetter(*(places.get(column, -1) + 1 for column in Column))
    return Layout(sheet, form, unit, pick, max(places.values()) + 1)


def _title(above: Iterable[RawRow]) -> tuple[str, str | None]:
    """Give what stands above the header: the title's texts together, and the unit."""
    title, unit = "", None
    for row in above:
        if any(isinstance(cell, Flaw) for cell in row.cells):
            raise TableError(f"row {row.number}: a formula or an error above the header")
        for place, cell in enumerate(row.cells):
            if found := _UNIT.match(cell):
                named = tidy(_GAP.split((found[1] or "".join(row.cells[place + 1 : place + 2])).strip())[0])
                unit = fact("报送单位", named) if named else None
                break
            title += _squeezed(cell)
    return title, unit


def _form(headings: Iterable[str], title: str) -> Form:
    said = {form for word, form in _TITLES.items() if word in title}
    if Column.REASON in headings:
        if said and Form.CLEAN_UP not in said:
            raise TableError(f"the title is of another form than the column {Column.REASON}")
        return Form.CLEAN_UP
    if len(said) > 1:  # all forms have the same columns
        raise TableError("the title names more than one form: say in it either 新领, 换发 or 清理")
    listed = Form.OFFICER_LIST if FIELD in headings else Form.NEW_ISSUE
    return next(iter(said - {Form.NEW_ISSUE}), listed)


def fact(what: str, text: str) -> str:
    """Give a text of the whole table back, if a certificate may carry it.

    Raises:
        TableError: it may not.
    """
    try:
        check_text(what, text)
    except InvalidCertificateError as error:
        raise TableError(str(error)) from error
    return text
