"""Bytes → sheets of raw rows: what is read, what is refused, and what must not blow up on the way."""

import re
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.issuing import ARBITRARY, MAIN, STRICT, book, packed, parts, relations
from verifier.issuing.tables import Flaw, TableBounds, TableError, read_sheets

DAMAGED = "the workbook is damaged"
ONE_CELL = '<row r="1"><c r="A1" t="inlineStr"><is><t>x</t></is></c></row>'


def rows(tmp_path: Path, data: bytes, **bounds: int) -> list[list[tuple[int, list[str]]]]:
    """The rows of each sheet."""
    path = tmp_path / "table"
    path.write_bytes(data)
    return [
        [(row.number, row.cells) for row in sheet.rows] for sheet in read_sheets(path, TableBounds(**bounds))
    ]


def cells(tmp_path: Path, xml: str, shared: str | None = None) -> list[str]:
    """The cells of a workbook of one row."""
    [[(_, found)]] = rows(tmp_path, book(f"<row>{xml}</row>", shared=shared))
    return found


def refused(tmp_path: Path, data: bytes, why: str, **bounds: int) -> None:
    with pytest.raises(TableError, match=why) as error:
        rows(tmp_path, data, **bounds)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_is_read_in_either_encoding(tmp_path: Path, encoding: str) -> None:
    data = "姓名,执法区域\r\n𠮷  明,全疆\r\n".encode(encoding)
    assert rows(tmp_path, data) == [[(1, ["姓名", "执法区域"]), (2, ["𠮷  明", "全疆"])]]


def test_a_character_cut_by_a_chunk_is_still_utf8(tmp_path: Path) -> None:
    data = ("a" + "旗" * 1_300 + "\n") * 40
    assert rows(tmp_path, data.encode())[0][39] == (40, ["a" + "旗" * 1_300])


def test_csv_rows_are_numbered_as_a_spreadsheet_shows_them(tmp_path: Path) -> None:
    assert rows(tmp_path, b'a\n\n,,\n"b\nc"\nd\n') == [[(1, ["a"]), (4, ["b\nc"]), (5, ["d"])]]


def test_a_lone_quotation_mark_does_not_swallow_the_rows_below(tmp_path: Path) -> None:
    refused(tmp_path, b'a,b\n"c,d\ne,f\n', "row 2: quotation marks")


def test_text_in_neither_encoding_is_refused(tmp_path: Path) -> None:
    refused(
        tmp_path, "姓名,区域".encode("gb18030") + b"\xff\xff", "not a spreadsheet or CSV file: neither UTF-8"
    )
    refused(tmp_path, "姓名".encode("utf-16"), "not a spreadsheet or CSV file")


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n\0\0", b"\x7fELF\0", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_text_is_no_table(tmp_path: Path, data: bytes) -> None:
    refused(tmp_path, data, "^not a spreadsheet or CSV file$")


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    refused(tmp_path, b"", "the file is empty")


def test_a_file_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(TableError, match="cannot be read"):
            list(read_sheets(path))


@pytest.mark.parametrize("data", [b"a,b\nc,d\n", book('<row><c t="str"><v>a</v></c></row>')])
def test_a_file_one_byte_over_is_refused(tmp_path: Path, data: bytes) -> None:
    assert rows(tmp_path, data, file_bytes=len(data))
    refused(tmp_path, data, "larger than", file_bytes=len(data) - 1)


def test_one_row_over_is_refused_and_empty_rows_do_not_count(tmp_path: Path) -> None:
    for data in (b"a\n\n,\nb\nc\n", book(ONE_CELL + '<row r="9"/>', ONE_CELL, ONE_CELL)):
        assert rows(tmp_path, data, rows=3)
        refused(tmp_path, data, "more than 2 rows", rows=2)


def test_one_column_over_is_refused_and_empty_columns_do_not_count(tmp_path: Path) -> None:
    last = '<row><c t="str"><v>a</v></c><c r="C1"><v>1</v></c><c r="XFD1" s="1"/></row>'
    for data in (b"a,b,c\n", b"a,b,c,,\n", book(last)):
        assert rows(tmp_path, data, columns=3)
        refused(tmp_path, data, "more than 2 columns", columns=2)


@pytest.mark.parametrize(
    "data",
    [
        "ab旗d\n".encode(),
        book('<row><c t="inlineStr"><is><r><t>ab</t></r><r><t>旗d</t></r></is></c></row>'),
        book('<row><c t="s"><v>0</v></c></row>', shared="<si><t>ab旗d</t></si>"),
        book('<row><c t="str"><v>ab旗d</v></c></row>'),
    ],
)
def test_one_character_over_is_refused(tmp_path: Path, data: bytes) -> None:
    assert rows(tmp_path, data, cell_characters=4) == [[(1, ["ab旗d"])]]
    refused(tmp_path, data, "a cell has more than 3 characters", cell_characters=3)


def test_one_sheet_over_is_refused(tmp_path: Path) -> None:
    assert len(rows(tmp_path, book("", "", ""), sheets=3)) == 3
    refused(tmp_path, book("", "", ""), "more than 2 sheets", sheets=2)


def test_one_part_over_is_refused(tmp_path: Path) -> None:
    made = parts(ONE_CELL)
    assert rows(tmp_path, packed(made), parts=len(made))
    refused(tmp_path, packed(made), f"more than {len(made) - 1} parts", parts=len(made) - 1)


def test_one_relation_over_is_refused_and_no_sheet_is_lost(tmp_path: Path) -> None:
    made = parts(ONE_CELL)
    made["xl/_rels/workbook.xml.rels"] = relations(
        *[("theme", "t.xml")] * 9, ("worksheet", "worksheets/sheet1.xml")
    )
    made["xl/workbook.xml"] = made["xl/workbook.xml"].replace("rId1", "rId10")
    assert rows(tmp_path, packed(made), parts=10) == [[(1, ["x"])]]
    refused(tmp_path, packed(made), DAMAGED, parts=9)


def test_one_shared_string_over_is_refused(tmp_path: Path) -> None:
    data = book(ONE_CELL, shared="<si><t>a</t></si>" * 3)
    assert rows(tmp_path, data, shared_strings=3)
    refused(tmp_path, data, "more than 2 texts", shared_strings=2)


def test_deep_nesting_is_refused(tmp_path: Path) -> None:
    refused(tmp_path, book("<a>" * 30_000 + "</a>" * 30_000), DAMAGED)
    assert rows(tmp_path, book("<a>" * 20 + "</a>" * 20 + ONE_CELL)) == [[(1, ["x"])]]


@pytest.mark.parametrize("attack", ['<row a="{}"/>', "<row>{}</row>", "<!--{}-->"])
def test_a_token_that_does_not_end_is_refused(tmp_path: Path, attack: str) -> None:
    data = packed(parts(attack.format("y" * 300_000)), zipfile.ZIP_STORED)
    assert rows(tmp_path, data, token_bytes=400_000) == [[]]
    refused(tmp_path, data, DAMAGED, token_bytes=200_000)


def test_a_zip_bomb_is_refused_by_its_ratio(tmp_path: Path) -> None:
    data = packed(parts(ONE_CELL) | {"xl/media/bomb": bytes(4_000_000)})
    assert len(data) < 10_000
    refused(tmp_path, data, "unpacks to far more")


def test_a_zip_bomb_is_refused_by_its_size(tmp_path: Path) -> None:
    made = parts(ONE_CELL)
    size = sum(len(content.encode()) for content in made.values())
    assert rows(tmp_path, packed(made), unpacked_bytes=size)
    refused(tmp_path, packed(made), "unpacks to far more", unpacked_bytes=size - 1)


def test_a_zip_bomb_that_lies_about_its_size_unpacks_no_further(tmp_path: Path) -> None:
    made = parts(ONE_CELL + "<row/>" * 1_000_000)
    data = packed(made)
    entry = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 4)
    while b"sheet1" not in data[entry : entry + 80]:
        entry = data.index(b"PK\x01\x02", entry + 4)
    small = data[: entry + 24] + struct.pack("<I", 300) + data[entry + 28 :]
    refused(tmp_path, small, DAMAGED)


def test_two_cells_in_the_corners_of_a_sheet_take_no_memory(tmp_path: Path) -> None:
    corner = '<row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'
    refused(tmp_path, book(ONE_CELL + corner), "more than 64 columns")
    assert rows(tmp_path, book(ONE_CELL + corner.replace("XFD", "A"))) == [[(1, ["x"]), (1048576, ["2"])]]


@pytest.mark.parametrize(
    ("xml", "text"),
    [
        ("<v>31000099001</v>", "31000099001"),
        ("<v>31000099001.0</v>", "31000099001"),
        ("<v>3.1000099001E10</v>", "31000099001"),
        ("<v>0.5</v>", "0.5"),
        ("<v>-7</v>", "-7"),
        ("<v>999999999999999</v>", "999999999999999"),
        ("<v>1000000000000000</v>", Flaw.ROUNDED),
        ("<v>990000199106126171</v>", Flaw.ROUNDED),
        ("<v>9.9000019910612595E+17</v>", Flaw.ROUNDED),
        ("<f>A2</f><v>12</v>", Flaw.FORMULA),
        ("<f/>", Flaw.FORMULA),
        ('<f t="shared" ref="A1:A9" si="0">B1</f><v>1</v>', Flaw.FORMULA),
    ],
)
def test_number_cells_give_what_a_person_typed(tmp_path: Path, xml: str, text: str) -> None:
    assert cells(tmp_path, f'<c r="B1">{xml}</c>') == ["", text]


def test_an_error_cell_is_a_flaw(tmp_path: Path) -> None:
    assert cells(tmp_path, '<c t="e"><v>#REF!</v></c>') == [Flaw.ERROR]


def test_a_formula_that_fills_other_cells_is_refused(tmp_path: Path) -> None:
    xml = '<row><c r="A1"><f t="array" ref="A1:A5">B1:B5</f><v>1</v></c></row><row><c><v>2</v></c></row>'
    refused(tmp_path, book(xml), "a formula fills several cells")


@pytest.mark.parametrize("value", ["1_0", "nan", "inf", "0x10", "1E9999", "１"])
def test_a_number_that_is_none_is_damage(tmp_path: Path, value: str) -> None:
    refused(tmp_path, book(f"<row><c><v>{value}</v></c></row>"), DAMAGED)


@pytest.mark.parametrize("index", ["2", "-1", "a", "９", "99999999999999999999"])
def test_a_shared_string_that_is_not_there_is_damage(tmp_path: Path, index: str) -> None:
    shared = "<si><t>a</t></si><si/>"
    assert cells(tmp_path, '<c t="s"><v>0</v></c><c t="s"><v>1</v></c>', shared) == ["a"]
    refused(tmp_path, book(f'<row><c t="s"><v>{index}</v></c></row>', shared=shared), DAMAGED)


def test_runs_of_a_text_are_joined_without_the_reading_aid(tmp_path: Path) -> None:
    item = "<r><t>徐</t></r><r><rPr/><t>明</t></r><rPh sb='0' eb='1'><t>xu</t></rPh><phoneticPr/>"
    assert cells(tmp_path, f'<c t="inlineStr"><is>{item}</is></c>') == ["徐明"]
    assert cells(tmp_path, '<c t="s"><v>0</v></c>', f"<si>{item}</si>") == ["徐明"]


def test_escapes_are_undone_but_make_no_surrogates(tmp_path: Path) -> None:
    assert cells(tmp_path, '<c t="inlineStr"><is><t>a_x000D_b_xD800_</t></is></c>') == ["a\rb_xD800_"]


def test_places_that_are_not_named_follow_on(tmp_path: Path) -> None:
    first = '<row><c><v>1</v></c><c r="AB1"><v>2</v></c><c><v>3</v></c></row>'
    others = '<row r="5"><c><v>4</v></c></row><row><c><v>5</v></c></row>'
    assert rows(tmp_path, book(first + others)) == [
        [(1, ["1", *[""] * 26, "2", "3"]), (5, ["4"]), (6, ["5"])]
    ]


@pytest.mark.parametrize(
    "xml",
    [
        '<row><c r="B1"><v>1</v></c><c r="B1"><v>2</v></c></row>',
        '<row><c r="B1"><v>1</v></c><c r="A1"><v>2</v></c></row>',
        '<row r="2"/><row r="2"/>',
        '<row r="2"/><row r="1"/>',
        '<row r="0"/>',
        '<row r="x"/>',
        "<row>",
    ],
)
def test_rows_and_cells_out_of_order_are_damage(tmp_path: Path, xml: str) -> None:
    refused(tmp_path, book(xml), DAMAGED)


@pytest.mark.parametrize("namespace", [MAIN, STRICT])
def test_both_editions_of_the_standard_are_read(tmp_path: Path, namespace: str) -> None:
    assert rows(tmp_path, packed(parts(ONE_CELL, namespace=namespace))) == [[(1, ["x"])]]


def test_parts_are_found_however_writers_name_them(tmp_path: Path) -> None:
    made = parts(ONE_CELL)
    made["xl/_rels/workbook.xml.rels"] = relations(("worksheet", "/XL/Worksheets/Sheet1.xml"))
    made["xl\\worksheets\\sheet1.xml"] = made.pop("xl/worksheets/sheet1.xml")
    assert rows(tmp_path, packed(made)) == [[(1, ["x"])]]


def test_a_part_in_utf16_is_read(tmp_path: Path) -> None:
    made = parts(ONE_CELL)
    name = "xl/worksheets/sheet1.xml"
    assert rows(tmp_path, packed({**made, name: made[name].encode("utf-16")})) == [[(1, ["x"])]]


def test_sheets_tell_their_name_and_whether_they_are_hidden(tmp_path: Path) -> None:
    made = parts(ONE_CELL, ONE_CELL)
    made["xl/workbook.xml"] = made["xl/workbook.xml"].replace(
        'name="S2"', 'name="二&#x9b;1m" state="veryHidden"'
    )
    (tmp_path / "book.xlsx").write_bytes(packed(made))
    found = [(sheet.name, sheet.hidden) for sheet in read_sheets(tmp_path / "book.xlsx")]
    assert found == [("S1", False), ("二1m", True)]


def test_a_chart_is_no_sheet(tmp_path: Path) -> None:
    made = parts(ONE_CELL, ONE_CELL)
    made["xl/_rels/workbook.xml.rels"] = relations(
        ("chartsheet", "c.xml"), ("worksheet", "worksheets/sheet2.xml")
    )
    assert rows(tmp_path, packed(made)) == [[(1, ["x"])]]


def test_two_parts_of_one_name_are_damage(tmp_path: Path) -> None:
    made = parts(ONE_CELL)
    refused(tmp_path, packed(made | {"XL/worksheets/sheet1.xml": made["xl/worksheets/sheet1.xml"]}), DAMAGED)


def test_entities_are_refused(tmp_path: Path) -> None:
    made = parts(ONE_CELL)
    name = "xl/worksheets/sheet1.xml"
    for doctype in ('<!DOCTYPE w [<!ENTITY a "aaaa">]>', '<!DOCTYPE w SYSTEM "file:///etc/passwd">'):
        refused(tmp_path, packed(made | {name: doctype + made[name]}), DAMAGED)


def test_an_encoding_of_the_document_s_own_choice_is_not_followed(tmp_path: Path) -> None:
    made = parts(ONE_CELL)
    name = "xl/worksheets/sheet1.xml"
    declared = '<?xml version="1.0" encoding="utf-7"?>' + made[name]
    assert rows(tmp_path, packed(made | {name: declared})) == [[(1, ["x"])]]


@pytest.mark.parametrize(
    "data",
    [
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
        packed({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "<a/>"}),
        packed({"_rels/.rels": relations(("officeDocument", "xl/workbook.bin")), "xl/workbook.bin": "x"}),
    ],
)
def test_other_workbooks_are_told_apart(tmp_path: Path, data: bytes) -> None:
    refused(tmp_path, data, r"save it as \.xlsx")


@pytest.mark.parametrize(
    "data",
    [
        b"PK\x03\x04",
        packed({"姓": "b"}).replace("姓".encode(), b"\xff\xff\xff"),
        packed({"a": "b"}),
        packed(
            {
                "_rels/.rels": relations(("officeDocument", "word/document.xml")),
                "word/document.xml": "<a/>",
                "word/_rels/document.xml.rels": relations(),
            }
        ),
    ],
)
def test_other_archives_are_no_tables(tmp_path: Path, data: bytes) -> None:
    refused(tmp_path, data, "^not a spreadsheet or CSV file$")


def test_a_part_with_a_password_is_refused(tmp_path: Path) -> None:
    data = bytearray(book(ONE_CELL))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    refused(tmp_path, bytes(data), "without a password")


def harmless(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    try:
        for sheet in read_sheets(path):
            assert all(isinstance(cell, str) for row in sheet.rows for cell in row.cells)
    except TableError as error:
        assert "\n" not in str(error)  # noqa: PT017  # any other error fails the test


@ARBITRARY
@given(data=st.binary(max_size=200) | st.binary(max_size=200).map(lambda tail: b"PK\x03\x04" + tail))
@example(data=b"PK\x03\x04" + b"PK\x05\x06" + bytes(18))
def test_arbitrary_bytes_give_rows_or_a_table_error(tmp_path: Path, data: bytes) -> None:
    harmless(tmp_path / "any", data)


@ARBITRARY
@given(
    places=st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=4
    ),
    method=st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]),
)
def test_a_workbook_with_changed_bytes_gives_rows_or_a_table_error(
    tmp_path: Path, places: list[tuple[float, int]], method: int
) -> None:
    data = bytearray(packed(parts(ONE_CELL, shared="<si><t>a</t></si>"), method))
    for place, value in places:
        data[int(place * len(data))] = value
    harmless(tmp_path / "any", bytes(data))


FRAGMENTS = re.findall(
    r"<.*?>|[^<]+", '<row></row><c t="s"><c><c r="B2" t="e"></c><v>1</v><f></f><is><t>&#x85;</t></is>𠮷'
)


@ARBITRARY
@given(xml=st.lists(st.sampled_from(FRAGMENTS), max_size=12).map("".join) | st.text(max_size=40))
@example(xml="<row></c></row>")
def test_arbitrary_sheets_give_rows_or_a_table_error(tmp_path: Path, xml: str) -> None:
    made = parts("")
    sheet = parts(xml)["xl/worksheets/sheet1.xml"].encode("utf-8", "surrogatepass")
    harmless(tmp_path / "any", packed({**made, "xl/worksheets/sheet1.xml": sheet}))
