"""`liangzheng export`: files that the import reads, whole, and private where they hold what is."""

import stat
from pathlib import Path

import orjson
import pytest

from tests.running import liangzheng, succeed

NAIMAN = ("--issuer", "150000")


def test_what_is_exported_can_be_imported(data_dir: Path, tmp_path: Path) -> None:
    file = tmp_path / "out.xlsx"
    succeed(data_dir, "export", str(file), "--form", "new-issue", *NAIMAN)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    done = liangzheng(data_dir, "import", str(file), *NAIMAN, "--dry-run", "--json")
    report = orjson.loads(done.stdout)
    assert report["rows"] > 30
    assert {row["reason"].split(" ", 2)[2] for row in report["refused"]} == {"is already in the register"}


def test_the_officer_list_is_printed_as_csv(data_dir: Path) -> None:
    printed = succeed(data_dir, "export", "-", *NAIMAN, "--agency", "奈曼旗农牧局")
    lines = printed.removeprefix("\ufeff").splitlines()
    assert lines[1:4] == [
        "行政执法人员名单",
        "报送单位：奈曼旗农牧局",
        "序号,姓名,执法区域,执法领域,执法证编号",
    ]
    assert "990000" not in printed


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (("t.txt",), 2, "the file ends in one of .xlsx, .csv, .json"),
        (("t.csv", "--form", "other"), 2, "--form is one of"),
        (("t.csv", *NAIMAN), 1, "of one agency"),
        (("t.csv", "--issuer", "440000"), 1, "no issuer 440000"),
        (("/nonexistent/t.csv", *NAIMAN, "--form", "clean-up"), 1, "No such file"),
    ],
)
def test_a_wrong_export_is_refused_and_leaves_no_file(
    data_dir: Path, tmp_path: Path, arguments: tuple[str, ...], status: int, says: str
) -> None:
    file, *others = arguments
    done = liangzheng(data_dir, "export", str(tmp_path / file), *others)
    assert done.returncode == status
    assert says in done.stderr
    assert not (tmp_path / file).exists()
