"""Certificates to measure with: made by the real commands in a directory of their own."""

import csv
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Final

from verifier.certificate.code import to_digits

LIANGZHENG: Final = Path(sys.executable).with_name("liangzheng")
AGENCY: Final = "新疆维吾尔自治区机关事务管理局"
FIRST: Final = 40_000_000_000
_SURNAMES: Final = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许"
_NAMES: Final = "建国志远春生文博海涛晓梅清和立新明轩雨桐"


def run(data_dir: Path, *arguments: str) -> str:
    """Run a command of ours on a data directory."""
    environment = os.environ | {"LIANGZHENG_DATA_DIR": str(data_dir)}
    done = subprocess.run(
        [LIANGZHENG, *arguments], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


def write_roster(path: Path, rows: int, first: int = FIRST) -> None:
    """Write an officer list with invented people."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["序号", "姓名", "执法区域", "执法领域", "执法证编号"])
        for row in range(rows):
            name = _SURNAMES[row % 20] + _NAMES[row // 20 % 20] + _NAMES[row // 400 % 20]
            writer.writerow([row + 1, name, "全疆", "机关事务管理", first + row])


def prepare(data_dir: Path, rows: int) -> list[str]:
    """Set up a register with some certificates.

    Returns:
        The digits of those codes.
    """
    run(data_dir, "demo", "--no-serve")
    roster = data_dir / "roster.csv"
    write_roster(roster, rows)
    run(data_dir, "import", str(roster), "--issuer", "650000", "--agency", AGENCY)
    with sqlite3.connect(data_dir / "register.sqlite") as connection:
        codes = connection.execute(
            "SELECT signed FROM code JOIN certificate ON certificate.id = code.certificate WHERE number >= ?",
            (str(FIRST),),
        ).fetchall()
    connection.close()
    return [to_digits(signed) for (signed,) in codes]
