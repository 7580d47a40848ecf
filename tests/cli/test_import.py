"""`liangzheng import`: all of a table or nothing, one clear line for each refused row."""

from pathlib import Path

import orjson
import pytest

from loadtest.stock import AGENCY, write_roster
from tests.running import liangzheng, succeed
from verifier.issuing import samples
from verifier.issuing.samples.portraits import draw

SAMPLES = Path(samples.__path__[0])
XINJIANG = ("--issuer", "650000", "--agency", AGENCY)

REPLACEMENT = (
    "换发\n工作单位,姓名,身份证号,执法类型,执法类别,执法区域,执法证编号,资格编号\n"
    "奈曼旗市场监督管理局,谢康,990000198906134458,行政处罚、行政检查,市场监督管理,奈曼旗,05505230005,ZG2022000005\n"
)


def events(data_dir: Path) -> int:
    return int(succeed(data_dir, "audit").split()[1])


def test_one_bad_row_refuses_the_whole_table(data_dir: Path) -> None:
    before = events(data_dir)
    done = liangzheng(data_dir, "import", str(SAMPLES / "faulty.csv"), "--issuer", "150000")
    assert done.returncode == 1
    lines = [line for line in done.stderr.splitlines() if line.startswith("refused: row ")]
    assert [line.split()[2] for line in lines] == ["3:", "4:", "5:", "6:", "7:"]
    assert "nothing was changed" in done.stderr
    assert events(data_dir) == before


def test_good_rows_are_issued_if_asked_for(data_dir: Path) -> None:
    before = events(data_dir)
    arguments = ("import", str(SAMPLES / "faulty.csv"), "--issuer", "150000", "--accept-good", "--json")
    report = orjson.loads(succeed(data_dir, *arguments))
    assert (report["rows"], report["accepted"], len(report["refused"])) == (6, 1, 5)
    assert set(report["refused"][0]) == {"row", "reason"}
    assert events(data_dir) == before + 1
    assert "交通运输" in succeed(data_dir, "show", "05505230900")


def test_a_report_never_repeats_what_is_not_public(data_dir: Path) -> None:
    done = liangzheng(data_dir, "import", str(SAMPLES / "faulty.csv"), "--issuer", "150000", "--json")
    for private in ("990000", "行政检查", "ZG2022", "HYPERLINK"):
        assert private not in done.stdout + done.stderr


def test_a_dry_run_changes_nothing(data_dir: Path, tmp_path: Path) -> None:
    before = events(data_dir)
    write_roster(tmp_path / "list.csv", 50)
    assert "50 would be issued" in succeed(
        data_dir, "import", str(tmp_path / "list.csv"), *XINJIANG, "--dry-run"
    )
    assert events(data_dir) == before


def test_numbers_in_the_register_are_refused_row_by_row(data_dir: Path) -> None:
    done = liangzheng(data_dir, "import", str(SAMPLES / "officer-list-gb18030.csv"), *XINJIANG, "--json")
    report = orjson.loads(done.stdout)
    assert (done.returncode, report["accepted"], len(report["refused"])) == (1, 0, 15)
    assert report["refused"][0] == {"row": 2, "reason": "number 31000099001 is already in the register"}


def test_the_first_day_can_be_given(data_dir: Path, tmp_path: Path) -> None:
    write_roster(tmp_path / "list.csv", 1)
    succeed(data_dir, "import", str(tmp_path / "list.csv"), *XINJIANG, "--from", "2030-02-28")
    shown = succeed(data_dir, "show", "40000000000")
    assert "2030-02-28T00:00:00+08:00" in shown
    assert "2035-02-28T00:00:00+08:00" in shown  # XJ-2022 Art 16: 5 years
    assert "not_yet_valid" in shown


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((str(SAMPLES / "officer-list.csv"), "--issuer", "650000"), "--agency"),
        (
            (str(SAMPLES / "officer-list.csv"), "--agency", AGENCY),
            "say --issuer; known are: 150000, 150500, 150525, 650000",
        ),
        ((str(SAMPLES / "officer-list.csv"), "--issuer", "440000"), "no issuer 440000"),
        ((str(SAMPLES / "authorities.toml"), "--issuer", "150000"), ""),
        (("/nonexistent.csv", "--issuer", "150000"), "No such file"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_in_one_line(
    data_dir: Path, arguments: tuple[str, ...], says: str
) -> None:
    done = liangzheng(data_dir, "import", *arguments)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("liangzheng: ")
    assert says in done.stderr


def test_a_dry_run_shows_what_a_replacement_changes(data_dir: Path, tmp_path: Path) -> None:
    before = events(data_dir)
    text = REPLACEMENT.replace("奈曼旗,05505230005", "通辽市,05505230005").replace("ZG2022000005", "ZG9")
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    arguments = ("import", str(tmp_path / "t.csv"), "--issuer", "150000", "--dry-run")
    assert succeed(data_dir, *arguments).splitlines() == [
        "row 3: replace 05505230005: area 奈曼旗 → 通辽市; qualification changed",
        "1 rows: 1 would be replaced, 0 refused",
    ]
    report = orjson.loads(succeed(data_dir, *arguments, "--json"))
    changes = [
        {"field": "area", "before": "奈曼旗", "after": "通辽市"},
        {"field": "qualification", "changed": True},
    ]
    assert report == {
        "rows": 1,
        "accepted": 1,
        "refused": [],
        "diff": [{"row": 3, "number": "05505230005", "action": "replace", "changes": changes}],
    }
    assert events(data_dir) == before


def test_the_samples_are_replaced_and_cleaned_up(data_dir: Path) -> None:
    replacement = succeed(data_dir, "import", str(SAMPLES / "replacement.xlsx"), "--issuer", "150000")
    assert replacement == "12 rows: 12 replaced, 0 refused\n"
    clean_up = ("import", str(SAMPLES / "clean-up.xlsx"), "--issuer", "150000")
    dry = succeed(data_dir, *clean_up, "--dry-run")
    assert "Sheet1, row 5: cancel 05505230032: verdict valid → cancelled" in dry
    assert "4 would be remade, 11 would be cancelled" in dry
    assert succeed(data_dir, *clean_up) == "15 rows: 4 remade, 11 cancelled, 0 refused\n"
    assert succeed(data_dir, "audit").startswith("clean")
    assert orjson.loads(succeed(data_dir, "show", "05505230032", "--json"))["reason"] == "cancelled"
    again = liangzheng(data_dir, *clean_up)
    assert again.returncode == 1
    assert "row 5: the certificate was already cancelled on" in again.stderr
    for private in ("990000", "ZG2022", "工勤", "照片质量", "辞职"):
        assert private not in dry + again.stdout + again.stderr


def test_why_certificates_are_replaced_can_be_said(data_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(REPLACEMENT, encoding="utf-8")
    arguments = ("import", str(tmp_path / "t.csv"), "--issuer", "150000")
    done = liangzheng(data_dir, *arguments, "--reason", "renewal")
    assert "a renewal can be asked for from" in done.stderr
    assert "IM-2023 knows no reason 'x'" in liangzheng(data_dir, *arguments, "--reason", "x").stderr
    assert liangzheng(data_dir, *arguments, "--from", "2030-01-01").returncode == 2
    assert "1 replaced" in succeed(data_dir, *arguments, "--reason", "damage")
    assert "replaced (damage)" not in succeed(data_dir, "show", "05505230005")
    assert "issued (damage)" in succeed(data_dir, "show", "05505230005")


def test_photos_come_from_a_folder(data_dir: Path, tmp_path: Path) -> None:
    write_roster(tmp_path / "list.csv", 2)
    (tmp_path / "40000000001.png").write_bytes(draw("40000000001"))
    succeed(data_dir, "import", str(tmp_path / "list.csv"), *XINJIANG, "--photos", str(tmp_path))
    photos = [
        orjson.loads(succeed(data_dir, "show", f"4000000000{row}", "--json"))["photo"] for row in (0, 1)
    ]
    assert photos[0] is None
    assert (data_dir / "photos" / f"{photos[1]}.jpg").exists()


def test_a_photo_that_is_none_refuses_its_row_in_a_dry_run_too(data_dir: Path, tmp_path: Path) -> None:
    before = events(data_dir)
    write_roster(tmp_path / "list.csv", 2)
    (tmp_path / "40000000001.png").write_bytes(b"GIF89a, not a PNG")
    for arguments in ((), ("--dry-run",)):
        done = liangzheng(
            data_dir, "import", str(tmp_path / "list.csv"), *XINJIANG, "--photos", str(tmp_path), *arguments
        )
        assert done.returncode == 1
        assert "refused: row 3: the photo is no readable JPEG or PNG" in done.stderr
        assert "1 rows have no photo" in done.stderr
    assert events(data_dir) == before


def test_a_folder_of_photos_that_is_not_there_is_wrong_usage(data_dir: Path) -> None:
    arguments = ("import", str(SAMPLES / "officer-list.csv"), *XINJIANG, "--photos", "/nonexistent")
    assert liangzheng(data_dir, *arguments).returncode == 2


def test_a_hundred_thousand_rows_are_imported(data_dir: Path, tmp_path: Path) -> None:
    write_roster(tmp_path / "list.csv", 100_000)
    assert "100000 issued" in succeed(data_dir, "import", str(tmp_path / "list.csv"), *XINJIANG)
    assert succeed(data_dir, "audit").startswith("clean: 1000")
