"""Tables in JSON → sheets of raw rows; every other JSON is refused, and builds nothing."""

import json
import tracemalloc
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.issuing import ARBITRARY
from verifier.certificate.jurisdictions import jurisdiction_of
from verifier.issuing.forms import Form
from verifier.issuing.rosters import read_roster
from verifier.issuing.sheets import Flaw, TableBounds, TableError
from verifier.issuing.tables import read_sheets

FACTS = {
    "工作单位": "奈曼旗农牧局",
    "姓名": "谢康",
    "身份证号": "990000198906134458",
    "执法类型": "行政检查",
    "执法类别": "农牧业",
    "执法区域": "奈曼旗",
    "执法证编号": "05505230005",
    "资格编号": "ZG1",
}


def rows(tmp_path: Path, data: bytes, **bounds: int) -> list[tuple[int, list[str]]]:
    (tmp_path / "table").write_bytes(data)
    [sheet] = read_sheets(tmp_path / "table", TableBounds(**bounds))
    return [(row.number, row.cells) for row in sheet.rows]


def refused(tmp_path: Path, data: bytes, why: str, **bounds: int) -> None:
    with pytest.raises(TableError, match=why):
        rows(tmp_path, data, **bounds)


def test_an_array_of_objects_is_a_table(tmp_path: Path) -> None:
    data = ' [ {"a":"甲\\u0041", "b" : 12 } ,\n{"b":null} ] '.encode()
    expected = [(0, ["a", "b"]), (1, ["甲A", "12"]), (2, ["", ""])]
    assert rows(tmp_path, data) == expected
    assert rows(tmp_path, b"\xef\xbb\xbf" + data) == expected
    assert rows(tmp_path, b"[]") == []


def test_title_and_unit_stand_above(tmp_path: Path) -> None:
    data = '{"title":"换发","unit":"某局","rows":[{"a":"1"}]}'.encode()
    assert rows(tmp_path, data)[:3] == [(0, ["换发"]), (0, ["报送单位：某局"]), (0, ["a"])]


def test_the_title_tells_the_form(tmp_path: Path) -> None:
    for title, form in (("行政执法证件换发人员统计表", Form.REPLACEMENT), ("", Form.NEW_ISSUE)):
        data = {"title": title, "unit": "某局", "rows": [FACTS]}
        (tmp_path / "t.json").write_bytes(orjson.dumps(data))
        roster = read_roster(tmp_path / "t.json", rules=jurisdiction_of("15"), agency=None)
        assert (roster.form, roster.unit, roster.refused) == (form, "某局", [])
        assert [(row.row, row.holder) for row in roster.applications] == [(1, "谢康")]


def test_a_long_number_may_have_been_rounded(tmp_path: Path) -> None:
    [_, (_, cells)] = rows(tmp_path, b'[{"a":990000198906134458,"b":31000099001,"c":1.5}]')
    assert cells == [Flaw.ROUNDED, "31000099001", "1.5"]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b'[{"a":"1"},{"b":"1"}]', "row 2: a column that the first row has not"),
        (b'[{"a":"1","a":"2"}]', "row 1: a column stands there twice"),
        (b'[{"a":"1"},{"a":["1"]}]', "row 2: no flat object"),
        (b'[{"a":"1"},{"a":true}]', "row 2: no flat object"),
        (b'[{"a":"1"},{}]', "row 2: no flat object"),
        (b'[{"a":"1"},]', "row 2: no flat object"),
        (b'[{"a":"\\ud800"}]', "row 1: half a character"),
        (b'[{"a":"\\x"}]', "row 1: not as in JSON"),
        (b'[{"a":"\xff"}]', "row 1: not as in JSON"),
        (b'[{"a":007}]', "row 1: not as in JSON"),
        (b'[{"a":"1"}', "does not end"),
        (b'[{"a":"1"}]}', "does not end"),
        (b'[{"a":"1"}] x', "does not end"),
        (b'{"rows":[{"a":"1"}]', "does not end"),
        (b'{"rows":[{"a":"1"}],"b":1}', "does not end"),
        (b'{"a":[{"a":"1"}]}', "an array of objects"),
    ],
)
def test_any_other_json_is_refused(tmp_path: Path, data: bytes, why: str) -> None:
    refused(tmp_path, data, why)


def test_one_over_is_refused(tmp_path: Path) -> None:
    data = b'[{"a":"12","b":"1"},{"a":"1"}]'
    assert len(rows(tmp_path, data, cell_characters=2, columns=2, rows=3)) == 3
    refused(tmp_path, data, "more than 1 characters", cell_characters=1)
    refused(tmp_path, data, "more than 1 columns", columns=1)
    refused(tmp_path, data, "more than 2 rows", rows=2)


@pytest.mark.parametrize(
    "attack",
    [
        b"[" * 4_000_000,
        b'[{"a":' + b"[" * 4_000_000,
        b'[{"a":"' + b"\\u0041" * 700_000,
        b"[{" + b'"":1,' * 800_000,
    ],
)
def test_a_file_of_brackets_or_one_text_builds_nothing(tmp_path: Path, attack: bytes) -> None:
    tracemalloc.start()
    refused(tmp_path, attack, "no flat object|does not end|array|as in CSV", file_bytes=len(attack))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * len(attack)


@ARBITRARY
@given(data=st.binary(max_size=60) | st.text('[]{}",:a1\\ ', max_size=60).map(str.encode))
@example(data=b'[{"":""}]')
def test_arbitrary_bytes_give_what_json_gives_or_a_table_error(tmp_path: Path, data: bytes) -> None:
    data = b"[{" + data
    try:
        read = rows(tmp_path, data)
    except TableError as error:
        assert "\n" not in str(error)  # noqa: PT017  # any other error fails the test
        return
    parsed: list[dict[str, Any]] = json.loads(data)
    assert len(read) == len(parsed) + 1


@ARBITRARY
@given(table=st.lists(st.dictionaries(st.sampled_from("abc"), st.text(max_size=9), min_size=3), max_size=4))
def test_what_json_writes_is_read(tmp_path: Path, table: list[dict[str, str]]) -> None:
    read = rows(tmp_path, json.dumps(table).encode())
    header = read[0][1] if read else []
    assert [dict(zip(header, cells, strict=True)) for _, cells in read[1:]] == table
