"""Tables in JSON (RFC 8259): an array of flat objects, each a row by its headings.

    [{"姓名": "…", "执法区域": "…", …}, …]
    {"title": "行政执法证件换发人员统计表", "unit": "…", "rows": [{…}, …]}

The first object names all columns; a later one may leave some out, and has no others. Objects are taken from
the bytes one at a time, so that nothing is built of a file made of a million brackets but its refusal.
"""

import json
import re
from collections.abc import Iterator
from itertools import count
from typing import Final

from verifier.issuing.sheets import Flaw, RawRow, TableBounds, TableError

_BOM: Final = b"\xef\xbb\xbf"
_SPACE: Final = rb"[ \t\r\n]*+"
_STRING: Final = rb'"(?:[^"\\\x00-\x1f]++|\\.)*+"'
_SCALAR: Final = rb"(?:%s|-?[0-9][0-9.eE+-]*+|null)" % _STRING
_MEMBER: Final = rb"%s%s%s:%s%s%s" % (_SPACE, _STRING, _SPACE, _SPACE, _SCALAR, _SPACE)
_OBJECT: Final = re.compile(rb"%s(\{%s(?:,%s)*+\})%s" % (_SPACE, _MEMBER, _MEMBER, _SPACE))
_NAMED: Final = rb'(?:%s"%s"%s:%s(%s)%s,)?+'
_HEAD: Final = re.compile(
    rb"%s(?:\{%s%s%s\"rows\"%s:%s)?+\[%s"
    % (
        _SPACE,
        _NAMED % (_SPACE, b"title", _SPACE, _SPACE, _STRING, _SPACE),
        _NAMED % (_SPACE, b"unit", _SPACE, _SPACE, _STRING, _SPACE),
        *[_SPACE] * 4,
    )
)
_END: Final = re.compile(rb"%s\]%s(\})?%s" % (_SPACE, _SPACE, _SPACE))
_BEGINS: Final = re.compile(rb'%s(?:\[%s[{\]]|\{%s")' % (_SPACE, _SPACE, _SPACE))
_ESCAPED_BYTES: Final = 12
"""What one character may take: two escapes."""
_DIGITS: Final = 15
"""More than these, and whoever wrote the number may have rounded it."""


def is_json(data: bytes) -> bool:
    """Tell a table in JSON from one in CSV."""
    return _BEGINS.match(data, len(_BOM) if data.startswith(_BOM) else 0) is not None


def read_json(data: bytes, bounds: TableBounds) -> Iterator[RawRow]:
    """Read a table.

    Yields:
        What a sheet would have: the title and the unit, if there are any, the header, and the rows. Rows
        are numbered from 1, as they stand in the array; what is above them is row 0.

    Raises:
        TableError: no such JSON, or beyond the bounds; also while rows are read.
    """
    start = len(_BOM) if data.startswith(_BOM) else 0
    head = _HEAD.match(data, start, start + 2 * _ESCAPED_BYTES * bounds.cell_characters)
    if head is None:
        raise TableError("a table in JSON is an array of objects, or has it as its last member, `rows`")
    title, unit = ("" if part is None else _text(part, bounds) for part in head.groups())
    if title:
        yield RawRow(0, [title])
    if unit:
        yield RawRow(0, [f"报送单位：{unit}"])
    wrapped = b"{" in head[0]
    header: dict[str, int] = {}
    at = head.end()
    for number in count(1):
        found = _OBJECT.match(data, at, at + 2 * _ESCAPED_BYTES * bounds.cell_characters * bounds.columns)
        if found is None:
            if number > 1:
                raise TableError(f"row {number}: no flat object of texts and numbers")
            break
        members = _members(found[1], number, bounds)
        if not header:
            header = {name: place for place, name in enumerate(members)}
            yield RawRow(0, list(header))
        yield RawRow(number, _cells(members, header, number))
        at = found.end()
        if data[at : at + 1] != b",":
            break
        at += 1
    end = _END.match(data, at)
    if end is None or end.end() != len(data) or (end[1] is not None) != wrapped:
        raise TableError("the JSON does not end as a table does")


def _members(span: bytes, number: int, bounds: TableBounds) -> dict[str, str]:
    try:
        pairs = json.loads(span.decode("utf-8"), object_pairs_hook=list, parse_int=_number, parse_float=str)
    except (ValueError, RecursionError) as error:
        raise TableError(f"row {number}: not as in JSON") from error
    if len(pairs) > bounds.columns:
        raise TableError(f"row {number}: more than {bounds.columns} columns")
    members = {name: value if value is not None else "" for name, value in pairs}
    if len(members) != len(pairs):
        raise TableError(f"row {number}: a column stands there twice")
    for text in (*members, *members.values()):
        _require_text(text, number, bounds)
    return members


def _number(digits: str) -> str:
    return digits if len(digits) <= _DIGITS else Flaw.ROUNDED


def _text(span: bytes, bounds: TableBounds) -> str:
    try:
        text: str = json.loads(span.decode("utf-8"))
    except ValueError as error:
        raise TableError("title or unit: not as in JSON") from error
    _require_text(text, 0, bounds)
    return text


def _require_text(text: str, number: int, bounds: TableBounds) -> None:
    if len(text) > bounds.cell_characters:
        raise TableError(f"row {number}: a cell has more than {bounds.cell_characters:,} characters")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise TableError(f"row {number}: half a character, which is none")


def _cells(members: dict[str, str], header: dict[str, int], number: int) -> list[str]:
    cells = [""] * len(header)
    for name, value in members.items():
        if name not in header:
            raise TableError(f"row {number}: a column that the first row has not")
        cells[header[name]] = value
    return cells
