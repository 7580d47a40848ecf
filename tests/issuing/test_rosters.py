"""Rows of agencies' tables → applications, or one clear line why not."""

from collections.abc import Sequence
from datetime import date
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.issuing import ARBITRARY, HEADER, HEADINGS, LIST, LISTED, ROW, Cell, book, changed, comma, workbook
from verifier.certificate.bounds import BOUNDS
from verifier.certificate.jurisdictions import Number, Words, jurisdiction_of
from verifier.certificate.model import check_text
from verifier.certificate.texts import tidy
from verifier.issuing.forms import Form
from verifier.issuing.id_numbers import InvalidIdNumberError, read_id_number
from verifier.issuing.rosters import Application, Roster, read_roster
from verifier.issuing.tables import TableBounds, TableError

RULES = jurisdiction_of("15")
ID = "990000198906134458"
OTHER = changed(执法证编号="05505230006")


def read(tmp_path: Path, data: bytes, *, agency: str | None = None, **bounds: int) -> Roster:
    (tmp_path / "table").write_bytes(data)
    return read_roster(tmp_path / "table", rules=RULES, agency=agency, bounds=TableBounds(**bounds))


def only(tmp_path: Path, row: Sequence[Cell]) -> Application:
    """The application of a table of one row."""
    return read(tmp_path, comma([HEADER, row])).applications[0]


def reason(tmp_path: Path, row: Sequence[Cell], *, sheet: bool = False) -> str:
    """Why the one row of a table is refused."""
    roster = read(tmp_path, (workbook if sheet else comma)([HEADER, row]))
    assert (roster.rows, roster.applications) == (1, [])
    assert (roster.refused[0].row, roster.refused[0].sheet) == (2, "Sheet1" if sheet else "")
    assert ID not in str(roster.refused)
    return roster.refused[0].reason


def refused(tmp_path: Path, data: bytes, why: str, *, agency: str | None = None) -> None:
    with pytest.raises(TableError, match=why) as error:
        read(tmp_path, data, agency=agency)
    assert "\n" not in str(error.value)


def sample(name: str, agency: str | None = None) -> Roster:
    with resources.as_file(resources.files("verifier.issuing.samples") / name) as path:
        return read_roster(path, rules=RULES, agency=agency)


def test_the_new_issue_sample_is_accepted_whole() -> None:
    roster = sample("new-issue.xlsx")
    assert (roster.form, roster.unit, roster.rows) == (Form.NEW_ISSUE, "奈曼旗司法局", 40)
    assert roster.refused == []
    assert roster.applications[4] == Application(
        row=9,
        sheet="Sheet1",
        number="05505230005",
        holder="谢康",
        agency="奈曼旗市场监督管理局",
        categories=("市场监督管理",),
        area="奈曼旗",
        id_number=ID,
        enforcement_types=("行政处罚", "行政检查"),
        qualification="ZG2022000005",
    )


@pytest.mark.parametrize("name", ["officer-list.csv", "officer-list-gb18030.csv"])
def test_the_officer_list_samples_are_accepted_whole(name: str) -> None:
    roster = sample(name, agency="机关事务管理局")
    assert (roster.form, roster.unit, roster.rows, roster.refused) == (Form.OFFICER_LIST, None, 15, [])
    assert roster.applications[3] == Application(
        row=5,
        sheet="",
        number="31000099004",
        holder="徐明",
        agency="机关事务管理局",
        categories=("机关事务管理",),
        area="全疆",
    )


def test_the_faulty_sample_names_each_fault() -> None:
    roster = sample("faulty.csv")
    assert [(row.row, row.holder) for row in roster.applications] == [(2, "苏日娜")]
    assert [(row.row, row.reason) for row in roster.refused] == [
        (3, "ID number (身份证号) has a wrong check digit"),
        (4, "no name (姓名)"),
        (5, "the certificate number (执法证编号) 05505230900 stands twice, first in row 2"),
        (6, "the certificate number (执法证编号) must be 11 digits"),
        (7, "formula in a cell (column 姓名)"),
    ]


def test_the_replacement_sample_is_accepted_whole() -> None:
    roster = sample("replacement.xlsx")
    assert (roster.form, roster.rows, roster.refused) == (Form.REPLACEMENT, 12, [])
    first = roster.applications[0]
    assert (first.row, first.number, first.holder) == (5, "05505230020", "赵磊广")


def test_the_clean_up_sample_is_accepted_whole_with_its_reasons() -> None:
    roster = sample("clean-up.xlsx")
    assert (roster.form, roster.rows, roster.refused, roster.applications) == (Form.CLEAN_UP, 15, [], [])
    assert [row.reason for row in roster.clean_ups[:4]] == ["工勤人员", "照片质量", "辞职", "聘用人员"]
    assert roster.clean_ups[0].number == "05505230032"


def test_a_clean_up_reason_is_needed_and_stands_in_no_representation(tmp_path: Path) -> None:
    header = [*HEADER, "清理原因"]
    roster = read(tmp_path, comma([header, [*ROW, "死亡"], [*OTHER, " "]]))
    assert [row.reason for row in roster.clean_ups] == ["死亡"]
    assert [row.reason for row in roster.refused] == ["no clean-up reason (清理原因)"]
    assert "死亡" not in repr(roster)
    refused(tmp_path, comma([["清理"], HEADER, ROW]), "missing columns: 清理原因")


def test_an_officer_list_without_agency_asks_for_it(tmp_path: Path) -> None:
    refused(tmp_path, comma([LIST, LISTED]), "--agency")
    refused(tmp_path, comma([LIST]), "agency: has characters that do not show", agency="某\x1b局")


def test_the_agency_given_serves_rows_that_name_none_only(tmp_path: Path) -> None:
    rows = [HEADER, changed(工作单位=" \u3000"), OTHER]
    roster = read(tmp_path, comma(rows), agency="某局")
    assert [row.agency for row in roster.applications] == ["某局", "奈曼旗农牧局"]
    assert read(tmp_path, comma([HEADER[1:], ROW[1:]]), agency="某局").applications[0].agency == "某局"
    assert reason(tmp_path, changed(工作单位="")) == "no agency (工作单位)"


@pytest.mark.parametrize(
    ("above", "form"),
    [
        (["附件2", "行政执法证件换发人员统计表"], Form.REPLACEMENT),
        (["行政执法证件补办统计表"], Form.REPLACEMENT),
        (["行 政 执 法 证 件 新 领 统 计 表"], Form.NEW_ISSUE),
        ([], Form.NEW_ISSUE),
    ],
)
def test_the_title_tells_forms_of_equal_columns_apart(tmp_path: Path, above: list[str], form: Form) -> None:
    assert read(tmp_path, workbook([*([text] for text in above), HEADER, ROW])).form is form


def test_a_title_of_several_forms_or_of_another_form_is_refused(tmp_path: Path) -> None:
    refused(tmp_path, workbook([["换发、新领"], HEADER, ROW]), "more than one form")
    refused(tmp_path, workbook([["清理和换发"], HEADER, ROW]), "more than one form")
    reasons: list[Cell] = [*HEADER, "清理原因"]
    refused(tmp_path, workbook([["换发"], reasons, [*ROW, "辞职"]]), "another form than the column 清理原因")
    assert read(tmp_path, workbook([["清理和换发"], reasons, [*ROW, "辞职"]])).form is Form.CLEAN_UP


def test_a_unit_whose_name_sounds_like_a_form_decides_nothing(tmp_path: Path) -> None:
    for unit in (
        ["报送单位（盖章）：", "换发清理办公室   2026年"],
        ["报 送 单 位: 换发清理办公室\u3000 2026年"],
    ):
        roster = read(tmp_path, workbook([["新领人员统计表"], unit, HEADER, ROW]))
        assert (roster.form, roster.unit, roster.rows) == (Form.NEW_ISSUE, "换发清理办公室", 1)


def test_a_sheet_named_after_the_replacement_is_one(tmp_path: Path) -> None:
    assert read(tmp_path, workbook([HEADER, ROW], named="换发")).form is Form.REPLACEMENT


@pytest.mark.parametrize("title", [["二、换发人员"], HEADER, LIST])
def test_another_table_below_the_first_does_not_pass_for_new(tmp_path: Path, title: list[Cell]) -> None:
    rows = [HEADER, ROW, [], title, OTHER]
    refused(tmp_path, comma(rows), "another table begins in row 4")


def test_padded_headings_are_found(tmp_path: Path) -> None:
    header: list[Cell] = ["工作\n单位", "姓  名", " 身份证号", "执法\u3000类型"]
    header += ["执法类别\xa0", "执法区域", "执法证\r\n编号", "资格编号"]
    assert read(tmp_path, workbook([[], ["新领"], header, ROW])).rows == 1
    assert read(tmp_path, comma([header, ROW])).rows == 1


def test_missing_columns_are_named(tmp_path: Path) -> None:
    refused(tmp_path, comma([HEADER[:6], ROW[:6]]), "missing columns: 执法证编号, 资格编号")
    refused(tmp_path, comma([ROW]), "in the first 20 rows: missing 姓名, 执法区域, 执法类别, 执法证编号")


def test_a_reason_names_the_column_as_the_form_does(tmp_path: Path) -> None:
    roster = read(tmp_path, comma([LIST, [*LISTED[:3], "", LISTED[4]]]), agency="某局")
    assert roster.refused[0].reason == "no category (执法领域)"


def test_a_column_that_stands_twice_is_refused(tmp_path: Path) -> None:
    refused(tmp_path, comma([[*HEADER, "执法领域"], [*ROW, "x"]]), "the column 执法领域 stands there twice")


def test_the_header_is_looked_for_in_the_first_rows_only(tmp_path: Path) -> None:
    data = comma([*[["注"]] * 3, HEADER, ROW])
    assert read(tmp_path, data, header_rows=4).rows == 1
    with pytest.raises(TableError, match="no header in the first 3 rows"):
        read(tmp_path, data, header_rows=3)


def test_all_sheets_are_read_and_empty_ones_skipped(tmp_path: Path) -> None:
    second: list[Sequence[Cell]] = [["报送单位：乙局"], HEADER, OTHER, ROW]
    last: list[Sequence[Cell]] = [["报送单位：甲局"], HEADER]
    roster = read(tmp_path, workbook([["报送单位：甲局"], HEADER, ROW], [], [["  "]], second, last))
    assert [(row.sheet, row.row) for row in roster.applications] == [("Sheet1", 3), ("Sheet4", 3)]
    assert roster.unit == "甲局、乙局"
    assert [(row.sheet, row.row) for row in roster.refused] == [("Sheet4", 4)]
    assert roster.refused[0].reason.endswith("05505230005 stands twice, first in row 3 of sheet Sheet1")


def test_a_sheet_with_anything_else_is_refused_by_name(tmp_path: Path) -> None:
    refused(tmp_path, workbook([HEADER, ROW], [["谢康", "全疆"]]), "^sheet Sheet2: no header")
    refused(tmp_path, workbook([HEADER, ROW], [LIST]), "^sheet Sheet2: the officer list form", agency="某局")


def test_an_empty_workbook_is_refused(tmp_path: Path) -> None:
    for data in (workbook([], []), workbook([["  "]]), b"\xef\xbb\xbf", b" ,\n"):
        refused(tmp_path, data, "the file is empty")


def test_a_hidden_sheet_is_skipped_unless_it_holds_a_table(tmp_path: Path) -> None:
    choices: list[list[Cell]] = [["行政处罚"], ["行政检查"]]
    assert read(tmp_path, workbook([HEADER, ROW], choices, hidden=2)).rows == 1
    refused(tmp_path, workbook([HEADER, ROW], [*choices, HEADER], hidden=2), "^sheet Sheet2: it is hidden")


def test_feet_and_lines_without_a_person_are_no_rows(tmp_path: Path) -> None:
    foot: list[Cell] = ["填报人：", "王五", "联系电话：", "农牧业", "13800000000"]
    blank: list[Cell] = [2, " ", "", "\u3000", ""]
    rows: list[Sequence[Cell]] = [LIST, LISTED, blank, [], ["", "填 报 人:某"], foot, ["备注：无"]]
    roster = read(tmp_path, comma(rows), agency="某局")
    assert (roster.rows, roster.refused) == (1, [])


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("徐  明", "徐明"),
        ("\u3000徐\u3000明\xa0", "徐明"),
        ("徐\n明", "徐明"),
        ("阿不都 · 热合曼", "阿不都·热合曼"),
        ("𠮷 野", "𠮷野"),
        ("  Anna   Maria ", "Anna Maria"),
        ("ئەخمەت  جان", "ئەخمەت جان"),
        ("ᠨᠠᠷᠠᠨ\u202fᠤ  ᠪᠠᠲᠤ", "ᠨᠠᠷᠠᠨ\u202fᠤ ᠪᠠᠲᠤ"),
        ("cafe\u0301", "caf\xe9"),
        ("\uf900", "\u8c48"),
    ],
)
def test_names_lose_their_layout_and_keep_their_spelling(tmp_path: Path, raw: str, clean: str) -> None:
    assert only(tmp_path, changed(姓名=raw)).holder == clean


def test_several_values_in_a_cell_are_told_apart(tmp_path: Path) -> None:
    row = only(
        tmp_path, changed(执法类型="处罚、检查，强制,许可；征收;奖励/处罚、", 执法类别="农牧业／应急 管理")
    )
    assert row.enforcement_types == ("处罚", "检查", "强制", "许可", "征收", "奖励")
    assert row.categories == ("农牧业", "应急管理")
    assert reason(tmp_path, changed(执法类型="处罚\n检查")).startswith("type (执法类型) has a line break")
    assert reason(tmp_path, changed(执法类别="、/")) == "no category (执法类别)"
    assert reason(tmp_path, changed(执法类别="、".join("甲乙丙丁戊己庚辛壬"))).startswith("more than 8")


def test_what_is_private_may_be_missing(tmp_path: Path) -> None:
    row = only(tmp_path, changed(身份证号=" ", 执法类型="", 资格编号=""))
    assert (row.id_number, row.enforcement_types, row.qualification) == (None, (), None)


def test_what_is_private_stands_in_no_representation(tmp_path: Path) -> None:
    text = repr(read(tmp_path, comma([HEADER, changed(资格编号="ZG77"), changed(执法类型="强制")])))
    assert "05505230005" in text
    assert not any(private in text for private in (ID, "ZG77", "ZG1", "行政检查", "强制"))


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ({"姓名": ""}, "no name (姓名)"),
        ({"姓名": " \u3000"}, "no name (姓名)"),
        ({"姓名": "12 3"}, "name (姓名) has no letter"),
        ({"姓名": "谢\u202e康"}, "name (姓名) has characters that do not show"),
        ({"姓名": "谢" * 121}, "name (姓名) is longer than 120 characters"),
        ({"工作单位": "--"}, "formula in a cell (column 工作单位)"),
        ({"执法类别": ""}, "no category (执法类别)"),
        ({"执法区域": ""}, "no area (执法区域)"),
        ({"执法区域": "—"}, "area (执法区域) has no letter"),
        ({"执法证编号": ""}, "no certificate number (执法证编号)"),
        ({"执法证编号": "０5505230005"}, "the certificate number (执法证编号) must be 11 digits"),
        ({"执法证编号": f"{ID}"}, "the certificate number (执法证编号) must be 11 digits"),
        ({"身份证号": f"A{ID[1:]}"}, "ID number (身份证号) does not consist of 17 digits and a check digit"),
        ({"身份证号": ID[:-1]}, "ID number (身份证号) does not consist of 17 digits and a check digit"),
        ({"身份证号": "990000198902304458"}, "ID number (身份证号) has a birth date that is no date"),
        ({"身份证号": ID[:-1] + "9"}, "ID number (身份证号) has a wrong check digit"),
        ({"资格编号": "a\x07"}, "qualification number (资格编号) has characters that do not show"),
    ],
)
def test_a_wrong_row_is_refused_with_its_reason(tmp_path: Path, cells: dict[str, Cell], why: str) -> None:
    assert reason(tmp_path, changed(**cells)) == why


@pytest.mark.parametrize("heading", HEADINGS)
@pytest.mark.parametrize("attack", ['=HYPERLINK("x")', "+1+1", "-1", "@SUM(A1)", " =1", "＝1+1"])
def test_a_formula_in_csv_is_refused_in_every_column(tmp_path: Path, heading: str, attack: str) -> None:
    assert reason(tmp_path, changed(**{heading: attack})) == f"formula in a cell (column {heading})"


@pytest.mark.parametrize("heading", HEADINGS)
def test_a_formula_cell_is_refused_even_if_its_value_would_do(tmp_path: Path, heading: str) -> None:
    why = f"formula in a cell (column {heading})"
    assert reason(tmp_path, changed(**{heading: "=A1"}), sheet=True) == why
    kept = "".join(
        f'<c t="str">{"<f>A9</f>" if name == heading else ""}<v>{cell}</v></c>'
        for name, cell in zip(HEADINGS, ROW, strict=True)
    )
    header = "".join(f'<c t="str"><v>{name}</v></c>' for name in HEADER)
    roster = read(tmp_path, book(f"<row>{header}</row><row>{kept}</row>"))
    assert [row.reason for row in roster.refused] == [why]


def test_a_formula_in_a_column_that_is_not_read_does_no_harm(tmp_path: Path) -> None:
    rows: list[Sequence[Cell]] = [LIST, ["=ROW()-1", "谢康", "全疆", "农牧业", "05505230005"], ["=ROW()-1"]]
    roster = read(tmp_path, workbook(rows), agency="某局")
    assert (len(roster.applications), roster.refused) == (1, [])


def test_a_formula_above_the_header_may_hide_what_form_it_is(tmp_path: Path) -> None:
    refused(tmp_path, workbook([['="换"&"发"'], HEADER, ROW]), "row 1: a formula or an error above")


def test_an_error_cell_is_refused(tmp_path: Path) -> None:
    why = reason(tmp_path, changed(执法区域="#REF!"), sheet=True)
    assert why == "error value in a cell (column 执法区域)"


def test_number_cells_are_read_as_the_digits_they_show(tmp_path: Path) -> None:
    for number in (31000099001, 31000099001.0):
        roster = read(tmp_path, workbook([HEADER, changed(执法证编号=number, 资格编号=2022000001)]))
        [row] = roster.applications
        assert (row.number, row.qualification) == ("31000099001", "2022000001")


def test_a_leading_zero_that_a_spreadsheet_dropped_is_suspected(tmp_path: Path) -> None:
    for row, sheet in ((changed(执法证编号=5505230005), True), (changed(执法证编号="5505230005"), False)):
        assert "11 digits: a spreadsheet may have dropped" in reason(tmp_path, row, sheet=sheet)
    assert reason(tmp_path, changed(执法证编号="55052300")).endswith("11 digits")


def test_what_a_spreadsheet_rounded_or_took_for_a_date_is_refused(tmp_path: Path) -> None:
    assert "more digits than spreadsheets keep" in reason(tmp_path, changed(身份证号=int(ID)), sheet=True)
    assert "must be 11 digits" in reason(tmp_path, changed(执法证编号=date(2026, 1, 1)), sheet=True)


def test_a_number_counts_as_taken_even_if_its_first_row_is_refused(tmp_path: Path) -> None:
    roster = read(tmp_path, comma([HEADER, changed(姓名=""), ROW]))
    assert roster.refused[1].reason.endswith("05505230005 stands twice, first in row 2")


def test_the_jurisdiction_s_form_of_number_counts(tmp_path: Path) -> None:
    form = Words(zh="字母和数字", en="1 to 8 letters and digits")
    rules = RULES.model_copy(update={"number": Number(pattern="[0-9A-Z]{1,8}", form=form)})
    (tmp_path / "t.csv").write_bytes(comma([HEADER, changed(执法证编号="AB12"), changed(执法证编号="ab12")]))
    roster = read_roster(tmp_path / "t.csv", rules=rules, agency=None)
    assert [row.number for row in roster.applications] == ["AB12"]
    assert roster.refused[0].reason.endswith("must be 1 to 8 letters and digits")


def test_progress_is_told_as_rows_are_read(tmp_path: Path) -> None:
    rows = [changed(执法证编号=f"{number:011}") for number in range(2_500)]
    (tmp_path / "t.csv").write_bytes(comma([HEADER, *rows]))
    told: list[tuple[int, int | None]] = []
    read_roster(tmp_path / "t.csv", rules=RULES, agency=None, progress=lambda *done: told.append(done))
    assert told == [(1_000, None), (2_000, None), (2_500, 2_500)]


def test_texts_that_come_again_are_kept_once(tmp_path: Path) -> None:
    one, other = read(tmp_path, comma([HEADER, ROW, OTHER])).applications
    assert one.agency is other.agency
    assert one.enforcement_types is other.enforcement_types


def test_id_numbers_may_end_in_x() -> None:
    for number in ("11010519491231002X", "11010519491231002x"):
        assert read_id_number(number) == "11010519491231002X"


@ARBITRARY
@given(st.integers(0, 16), st.integers(1, 9))
def test_an_id_number_with_one_digit_changed_is_refused(place: int, by: int) -> None:
    digit = (int(ID[place]) + by) % 10
    with pytest.raises(InvalidIdNumberError) as error:
        read_id_number(f"{ID[:place]}{digit}{ID[place + 1 :]}")
    assert not any(character.isdigit() for character in str(error.value).replace("17 digits", ""))


@ARBITRARY
@given(st.text(max_size=40))
def test_a_tidy_text_is_tidy(text: str) -> None:
    assert tidy(tidy(text)) == tidy(text)


CELLS = st.text(max_size=6) | st.sampled_from([*HEADINGS, *map(str, ROW), "=1", "、", "填报人：", "换发"])


@ARBITRARY
@given(header=st.sampled_from([[], [HEADER]]), rows=st.lists(st.lists(CELLS, max_size=9), max_size=6))
def test_every_row_becomes_what_a_certificate_may_state_or_is_refused(
    tmp_path: Path, header: list[list[Cell]], rows: list[list[str]]
) -> None:
    data = comma([*header, *rows]).replace(b"\0", b"")
    try:
        roster = read(tmp_path, data)
    except TableError as error:
        assert "\n" not in str(error)  # noqa: PT017  # any other error fails the test
        return
    for row in roster.applications:
        assert 1 <= len(row.categories) <= BOUNDS.categories
        for text in (row.number, row.holder, row.agency, row.area, *row.categories):
            check_text("text", text)
    assert all(row.reason and "\n" not in row.reason for row in roster.refused)
