"""`liangzheng due` as its users meet it."""

from pathlib import Path

import orjson
import pytest

from tests.running import liangzheng, succeed

SUSPENDED = "31000099001"


def test_what_is_due_is_listed_a_line_each(data_dir: Path) -> None:
    succeed(data_dir, "suspend", SUSPENDED)
    lines = succeed(data_dir, "due", "--kind", "suspension", "--issuer", "650000").splitlines()
    mine = [line.split("\t") for line in lines if SUSPENDED in line]
    assert [(cells[1], cells[3], cells[5]) for cells in mine] == [
        ("暂扣期满 suspension", "650000", "XJ-2022 Art 18")
    ]
    assert SUSPENDED not in succeed(data_dir, "due", "--within", "30", "--kind", "suspension")


def test_pages_go_on_where_the_last_one_ended(data_dir: Path) -> None:
    whole = orjson.loads(succeed(data_dir, "due", "--json"))
    assert whole["next"] is None
    assert len(whole["deadlines"]) > 2
    first = orjson.loads(succeed(data_dir, "due", "--json", "--limit", "2"))
    rest = orjson.loads(succeed(data_dir, "due", "--json", "--after", first["next"]))
    assert first["deadlines"] + rest["deadlines"] == whole["deadlines"]
    plain = liangzheng(data_dir, "due", "--limit", "2")
    assert f"--after {first['next']}" in plain.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (("--kind", "holiday"), 2, "is not one of"),
        (("--within", "-1"), 2, "greater than or equal to 0"),
        (("--limit", "1001"), 2, "less than or equal to 1000"),
        (("--after", "yesterday"), 1, "of an earlier page"),
        (("--issuer", "999999"), 1, "no issuer 999999"),
    ],
)
def test_a_wrong_question_is_refused_in_one_line(
    demo_dir: Path, arguments: tuple[str, ...], status: int, says: str
) -> None:
    done = liangzheng(demo_dir, "due", *arguments)
    assert (done.returncode, done.stdout) == (status, "")
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
