"""Tables as they come: the bytes of a workbook (.xlsx), a CSV or a JSON file, as sheets of raw rows.

Invariants: bytes that are no table raise `TableError` and nothing else; nothing is unpacked, built or kept
beyond `TableBounds`; and no cell's text stands in a message.

A workbook is read with expat, row by row, and not with a library: a reader that first builds the whole grid
dies on a 2 KB file whose only cells are the two corners of a sheet, and one that gives values alone hides
which of them are formulas and errors.
"""

import codecs
import csv
import io
import posixpath
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path
from typing import Final
from xml.parsers import expat

from verifier.issuing.json_tables import is_json, read_json
from verifier.issuing.sheets import TABLE_BOUNDS, Flaw, RawRow, Sheet, TableBounds, TableError

__all__ = ["TABLE_BOUNDS", "Flaw", "RawRow", "Sheet", "TableBounds", "TableError", "read_sheets"]
_CHUNK: Final = 1 << 16
_NO_TABLE: Final = "not a spreadsheet or CSV file"
_OTHER_BOOK: Final = "this kind of workbook is not read: save it as .xlsx without a password, or as CSV"
_DAMAGED: Final = "the workbook is damaged: open it in a spreadsheet program and save it anew"


def read_sheets(path: Path, bounds: TableBounds = TABLE_BOUNDS) -> Iterator[Sheet]:
    """Read a table; what kind of file it is, is told by its content.

    Args:
        path: a workbook (.xlsx), CSV in UTF-8 or GB18030, or JSON as `json_tables` says.
        bounds: the largest of everything.

    Yields:
        Its sheets, empty ones too. CSV and JSON are one sheet.

    Raises:
        TableError: no table, damaged, or beyond the bounds; also while rows are read.
    """
    try:
        with path.open("rb") as file:
            data = file.read(bounds.file_bytes + 1)
    except OSError as error:
        raise TableError(f"the file cannot be read: {error.strerror}") from error
    if len(data) > bounds.file_bytes:
        raise TableError(f"the file is larger than {bounds.file_bytes:,} bytes")
    if not data:
        raise TableError("the file is empty")
    if data.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):  # .xls, and any workbook with a password
        raise TableError(_OTHER_BOOK)
    tally = count(1)
    if is_json(data):
        yield Sheet("", hidden=False, rows=_bounded(read_json(data, bounds), tally, bounds))
        return
    if not data.startswith(b"PK\x03\x04"):
        yield Sheet("", hidden=False, rows=_bounded(_csv_rows(data, bounds), tally, bounds))
        return
    for sheet in _workbook(data, bounds):
        yield Sheet(sheet.name, sheet.hidden, _bounded(sheet.rows, tally, bounds))


def _bounded(rows: Iterator[RawRow], tally: Iterator[int], bounds: TableBounds) -> Iterator[RawRow]:
    for row in rows:
        if next(tally) > bounds.rows:
            raise TableError(f"more than {bounds.rows:,} rows: split the table")
        yield row


def _csv_rows(data: bytes, bounds: TableBounds) -> Iterator[RawRow]:
    if b"\0" in data:  # in UTF-16, pictures, programs; in no text of the two encodings below
        raise TableError(_NO_TABLE)
    text = io.TextIOWrapper(io.BytesIO(data), _encoding(data), newline="")
    number, most = 0, bounds.cell_characters
    try:
        # Strict: a lone quotation mark would otherwise swallow the rows below it in silence.
        for number, cells in enumerate(csv.reader(text, strict=True), 1):
            if any(cells):
                if len(cells) > bounds.columns and any(cells[bounds.columns :]):
                    raise TableError(f"row {number}: more than {bounds.columns} columns")
                if max(map(len, cells)) > most:
                    raise TableError(f"row {number}: a cell has more than {most:,} characters")
                yield RawRow(number, cells)
    except csv.Error as error:
        raise TableError(f"row {number + 1}: quotation marks are not as in CSV") from error
    except UnicodeDecodeError as error:
        raise TableError(f"{_NO_TABLE}: neither UTF-8 nor GB18030 text") from error


def _encoding(data: bytes) -> str:
    decoder = codecs.getincrementaldecoder("utf-8")()
    view = memoryview(data)
    try:
        for start in range(0, len(data), _CHUNK):
            decoder.decode(view[start : start + _CHUNK])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8-sig"


class _Package:
    """The parts of a workbook (a zip archive, ISO/IEC 29500-2), unpacked in chunks and within bounds."""

    # What `zipfile` raises on a damaged archive: its own error, zlib's, and those of reading its fields.
    _BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, struct.error, ValueError)

    def __init__(self, data: bytes, bounds: TableBounds) -> None:
        # Before zipfile builds an object for each.
        if data.count(b"PK\x01\x02") > bounds.parts:
            raise TableError(f"the workbook has more than {bounds.parts:,} parts")
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(data))
        except self._BROKEN as error:
            raise TableError(_NO_TABLE) from error
        infos = self._archive.infolist()
        unpacked = sum(info.file_size for info in infos)  # zipfile unpacks no more than this of each
        if unpacked > min(bounds.unpacked_bytes, bounds.unpacked_ratio * len(data)):
            raise TableError("the workbook unpacks to far more than a table needs")
        if any(info.flag_bits & 1 for info in infos):
            raise TableError(_OTHER_BOOK)
        self.parts = {info.filename.replace("\\", "/").lower(): info for info in infos}
        if len(self.parts) != len(infos):  # which of two a person saw is anyone's guess
            raise TableError(_DAMAGED)
        self.bounds = bounds

    def chunks(self, part: str) -> Iterator[bytes]:
        """Unpack a part; the last chunk is empty."""
        info = self.parts.get(part.lower())
        if info is None or info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise TableError(_DAMAGED)
        try:
            with self._archive.open(info) as stream:
                while chunk := stream.read(_CHUNK):
                    yield chunk
        except self._BROKEN as error:
            raise TableError(_DAMAGED) from error
        yield b""


_NAMES: Final = {
    f"http://{edition} {name}": name
    for edition in (
        "schemas.openxmlformats.org/spreadsheetml/2006/main",
        "purl.oclc.org/ooxml/spreadsheetml/main",  # the strict edition of the standard
        "schemas.openxmlformats.org/package/2006/relationships",
    )
    for name in ("Relationship", "sheet", "si", "row", "c", "f", "v", "t", "rPh")
}


def _elements(package: _Package, part: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """Give the elements of `_NAMES` as they end, with attributes and text; inner ones come first."""
    ended: list[tuple[str, dict[str, str], str]] = []
    opened: list[tuple[str, dict[str, str]]] = []
    text: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        text.clear()
        opened.append((name, attributes))

    def end(qualified: str) -> None:
        _, attributes = opened.pop()
        name = _NAMES.get(qualified)
        # Within rPh stands how a text is read aloud, which is no part of it.
        if name and not (name == "t" and opened and _NAMES.get(opened[-1][0]) == "rPh"):
            ended.append((name, attributes, "".join(text)))
            text.clear()

    bounds, chunks, fed = package.bounds, package.chunks(part), 0
    chunk = next(chunks)
    # Given outright, so that a document cannot name an encoding; UTF-16 is still known by its mark.
    parser = expat.ParserCreate("utf-8", " ")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = text.append, _refuse_doctype
    while True:
        try:
            parser.Parse(chunk, not chunk)
        except expat.ExpatError as error:
            raise TableError(_DAMAGED) from error
        yield from ended
        ended.clear()
        if not chunk:
            return
        fed += len(chunk)
        # A tag without an end would be scanned anew with each chunk, and a text kept until it ends.
        token = max(fed - parser.CurrentByteIndex, sum(map(len, text)))
        if token > bounds.token_bytes or len(opened) > bounds.nesting:
            raise TableError(_DAMAGED)
        chunk = next(chunks)


def _refuse_doctype(*_: object) -> None:
    raise TableError(_DAMAGED)  # no workbook has one; its entities are made for bombs


def _attributes(package: _Package, part: str, name: str) -> list[dict[str, str]]:
    found = (attributes for what, attributes, _ in _elements(package, part) if what == name)
    listed = list(islice(found, package.bounds.parts + 1))
    if len(listed) > package.bounds.parts:
        raise TableError(_DAMAGED)
    return listed


def _relations(package: _Package, part: str) -> Iterator[tuple[str, str, str]]:
    """Give what a part refers to: its id, the last word of its type, and the part's name."""
    folder, name = posixpath.split(part)
    for found in _attributes(package, posixpath.join(folder, "_rels", f"{name}.rels"), "Relationship"):
        target = posixpath.normpath(posixpath.join("/", folder, found.get("Target", "")))
        yield found.get("Id", ""), found.get("Type", "").rpartition("/")[2], target.lstrip("/")


def _workbook(data: bytes, bounds: TableBounds) -> Iterator[Sheet]:
    package = _Package(data, bounds)
    if "_rels/.rels" not in package.parts:
        raise TableError(_OTHER_BOOK if "mimetype" in package.parts else _NO_TABLE)  # OpenDocument has it
    main = next((part for _, what, part in _relations(package, "") if what == "officeDocument"), "")
    if not main.endswith(".xml"):
        raise TableError(_OTHER_BOOK)
    worksheets: dict[str, str] = {}
    texts: dict[str, str] = {}
    for key, what, part in _relations(package, main):
        if what == "worksheet":
            worksheets[key] = part
        elif what == "sharedStrings" and part.lower() in package.parts:
            texts = _shared_strings(package, part)
    sheets = _attributes(package, main, "sheet")
    if not sheets:
        raise TableError(_NO_TABLE)
    if len(sheets) > bounds.sheets:
        raise TableError(f"more than {bounds.sheets} sheets: split the workbook")
    for sheet in sheets:
        key = next((value for name, value in sheet.items() if name.endswith(" id")), "")
        if key in worksheets:  # else a chart
            hidden = sheet.get("state", "visible") != "visible"
            name = "".join(filter(str.isprintable, sheet.get("name", "")))
            yield Sheet(name, hidden, _worksheet(package, worksheets[key], texts))


def _shared_strings(package: _Package, part: str) -> dict[str, str]:
    """Give the texts by their index as cells write it."""
    bounds, texts, text = package.bounds, dict[str, str](), ""
    for name, _, run in _elements(package, part):
        if name == "t":
            text = _joined(text, run, bounds)
        elif name == "si":
            texts[str(len(texts))] = text
            text = ""
            if len(texts) > bounds.shared_strings:
                raise TableError(f"the workbook has more than {bounds.shared_strings:,} texts")
    return texts


def _joined(text: str, run: str, bounds: TableBounds) -> str:
    if "_x" in run:
        run = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), run)
    # One character more than a cell may have shows that it is too long, if a cell has it at all.
    return (text + run)[: bounds.cell_characters + 1]


def _worksheet(package: _Package, part: str, texts: dict[str, str]) -> Iterator[RawRow]:
    """Build rows from cells; what is empty leaves no trace, however far out it stands."""
    bounds = package.bounds
    columns = {_letters(column): column for column in range(bounds.columns)}
    cells: list[str] = []
    value, formula, number, column = "", False, 0, 0
    for name, attributes, text in _elements(package, part):
        if name == "v":
            value = text
        elif name == "t":
            value = _joined(value, text, bounds)
        elif name == "f":
            formula = True
            if ":" in attributes.get("ref", "") and attributes.get("t") != "shared":
                raise TableError("a formula fills several cells: put the values themselves there")
        elif name == "c":
            if place := attributes.get("r"):
                column = columns.get(place.rstrip("0123456789"), bounds.columns)
            if content := Flaw.FORMULA if formula else _content(attributes.get("t"), value, texts):
                _place(cells, column, content, bounds)
            value, formula = "", False
            column += 1
        elif name == "row":
            number, column = _row_number(attributes.get("r"), number), 0
            if cells:
                yield RawRow(number, cells)
                cells = []


def _place(cells: list[str], column: int, content: str, bounds: TableBounds) -> None:
    if column >= bounds.columns:
        raise TableError(f"a row has more than {bounds.columns} columns")
    if len(content) > bounds.cell_characters:
        raise TableError(f"a cell has more than {bounds.cell_characters:,} characters")
    if column < len(cells):
        raise TableError(_DAMAGED)
    cells += [""] * (column - len(cells))
    cells.append(content)


def _letters(column: int) -> str:
    return (chr(64 + column // 26) if column >= 26 else "") + chr(65 + column % 26)


def _row_number(text: str | None, before: int) -> int:
    number = before + 1 if text is None else int(text) if _INDEX.fullmatch(text) else 0
    if number <= before:
        raise TableError(_DAMAGED)
    return number


_INDEX: Final = re.compile(r"[0-9]{1,7}", re.ASCII)
_NUMERAL: Final = re.compile(r"-?[0-9]*\.?[0-9]+(?:E[+-]?[0-9]{1,3})?", re.ASCII | re.IGNORECASE)
_ESCAPE: Final = re.compile(r"_x(?!D[89A-F])([0-9A-F]{4})_", re.IGNORECASE)  # ISO/IEC 29500-1 22.9.2.19


def _content(kind: str | None, value: str, texts: dict[str, str]) -> str:
    """Give a cell's text as a person sees it, or its flaw."""
    if not value:
        return ""
    if kind == "s":
        if value not in texts:
            raise TableError(_DAMAGED)
        return texts[value]
    if kind == "e":
        return Flaw.ERROR
    if kind is not None and kind != "n":  # inlineStr, str, b, d
        return value
    if not _NUMERAL.fullmatch(value):
        raise TableError(_DAMAGED)
    number = float(value)
    if abs(number) >= 10**15:
        return Flaw.ROUNDED
    return str(int(number)) if number.is_integer() else value
