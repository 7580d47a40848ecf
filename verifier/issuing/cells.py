"""One cell of a table → the text or the number that it states, or one clear line why it states none.

No message repeats what the cell holds.
"""

import re
import unicodedata
from typing import Final

from verifier.certificate.bounds import BOUNDS
from verifier.certificate.errors import LiangzhengError
from verifier.certificate.model import InvalidCertificateError, check_text
from verifier.certificate.texts import tidy
from verifier.issuing.forms import Column, Layout
from verifier.issuing.id_numbers import InvalidIdNumberError, read_id_number
from verifier.issuing.tables import Flaw

_SEPARATORS: Final = re.compile("[、，,；;/／]")
_FORMULA_STARTS: Final = frozenset("=+-@＝＋－＠")
_LAYOUT: Final = frozenset("\t\r\n")
_MARK: Final = "'"


class RowError(LiangzhengError, ValueError):
    """Why a row gets no certificate."""


def neutral(text: str) -> str:
    """Mark a text that a spreadsheet would work out as the text that it is, with an apostrophe before it.

    Spreadsheets do so themselves; `checked` takes the mark off again. A text that has the mark gets another.
    """
    bare = text.lstrip(_MARK).lstrip()
    return _MARK + text if (bare and bare[0] in _FORMULA_STARTS) or text[:1] in _LAYOUT else text


def _unmarked(text: str) -> str | None:
    """Give a text without its mark; None where it has none."""
    bare = text.lstrip(_MARK)
    return text[1:] if bare != text and bare.lstrip()[:1] in _FORMULA_STARTS and bare.lstrip() else None


def require_no_formula(column: Column, text: str, layout: Layout) -> None:
    """Refuse a text that a spreadsheet would take for a formula.

    Raises:
        RowError: it is one.
    """
    if len(text) > 1 and text[0] in _FORMULA_STARTS:  # spreadsheets work such a text out
        raise RowError(f"{Flaw.FORMULA} in a cell (column {layout.heading(column)})")


def checked(column: Column, raw: str, layout: Layout) -> str:
    """Free a text from its layout, and check that a certificate may carry it.

    Raises:
        RowError: it may not.
    """
    text = tidy(raw)
    if not text:
        raise RowError(f"no {layout.label(column)}")
    if text[0] == _MARK and (marked := _unmarked(text)) is not None:
        text = marked
    else:
        require_no_formula(column, text, layout)
    try:
        check_text(column, text)
    except InvalidCertificateError as error:
        raise RowError(f"{layout.label(column)} {error.why}") from error
    if column is not Column.QUALIFICATION and not any(map(str.isalpha, text)):
        raise RowError(f"{layout.label(column)} has no letter")
    return text


def split(column: Column, raw: str, layout: Layout) -> tuple[str, ...]:
    """Tell the values of one cell apart; each is `checked`.

    Raises:
        RowError: one may not stand there, there is none, or there are too many.
    """
    parts = [part.strip() for part in _SEPARATORS.split(unicodedata.normalize("NFC", raw))]
    if any("\n" in part or "\r" in part for part in parts):  # between two values, or inside of one?
        raise RowError(f"{layout.label(column)} has a line break: put 、 between two values")
    texts = tuple(dict.fromkeys(checked(column, part, layout) for part in parts if part))
    if not texts:
        raise RowError(f"no {layout.label(column)}")
    if column is Column.CATEGORY and len(texts) > BOUNDS.categories:
        raise RowError(f"more than {BOUNDS.categories} in {layout.label(column)}")
    return texts


def id_number_of(text: str, layout: Layout) -> str | None:
    """Read an ID number; None where none is given.

    Raises:
        RowError: it is out of form.
    """
    if not text:
        return None
    try:
        return read_id_number(text)
    except InvalidIdNumberError as error:
        require_no_formula(Column.ID_NUMBER, text, layout)
        raise RowError(f"{layout.label(Column.ID_NUMBER)} {error}") from error
