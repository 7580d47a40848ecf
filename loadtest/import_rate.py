"""(d) How fast a table becomes signed certificates: the whole command, beside a bare insert and bare signing.

The baseline puts the very rows that the import made into an empty register of the same schema, in one
transaction as durable as ours, and signs as many codes. A ratio of 1 would be an import that costs nothing
but that.
"""

import csv
import sqlite3
import statistics
import time
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import xlsxwriter  # type: ignore[import-untyped]  # it has no type information
from cryptography.hazmat.primitives.asymmetric import ec

from keys.signers import LocalSigner
from loadtest.report import Line
from loadtest.stock import AGENCY, run, write_roster

ROWS: Final = 100_000
ROUNDS: Final = 3
_FIRST: Final = 50_000_000_000
_TARGETS: Final = {"csv": 0.5, "xlsx": 0.4}
_TABLES: Final = {
    "certificate": "number >= :first",
    "particulars": "certificate IN (SELECT id FROM certificate WHERE number >= :first)",
    "code": "certificate IN (SELECT id FROM certificate WHERE number >= :first)",
    "event": "certificate IN (SELECT id FROM certificate WHERE number >= :first)",
    "log": "event IN (SELECT e.id FROM event e JOIN certificate c ON c.id = e.certificate"
    " WHERE number >= :first)",
}


def measure(data_dir: Path, rows: int = ROWS) -> list[Line]:
    """Import some tables, in turn with the baseline.

    Args:
        data_dir: a register with the demo's issuers.
        rows: of each table.
    """
    spent: dict[str, list[float]] = {"csv": [], "xlsx": [], "bare": []}
    first = _FIRST
    for _ in range(ROUNDS):
        for kind in _TARGETS:
            table = data_dir / f"import.{kind}"
            write_roster(data_dir / "import.csv", rows, first)
            if kind == "xlsx":
                _as_workbook(data_dir / "import.csv", table)
            start = time.perf_counter()
            run(data_dir, "import", str(table), "--issuer", "650000", "--agency", AGENCY)
            spent[kind].append(time.perf_counter() - start)
            made, first = first, first + rows
        spent["bare"].append(_bare(data_dir, made))
    bare = statistics.median(spent["bare"])
    return [_line(kind, rows, statistics.median(spent[kind]), bare) for kind in _TARGETS]


def _line(kind: str, rows: int, seconds: float, bare: float) -> Line:
    return Line(
        f"(d) import of {rows:,} rows of {kind}",
        f"{rows / seconds:,.0f} certificates a second",
        f"bare insert and signing: {rows / bare:,.0f} a second",
        bare / seconds,
        f"≥ {_TARGETS[kind]}",
        bare / seconds >= _TARGETS[kind],
    )


def _as_workbook(table: Path, book: Path) -> None:
    with table.open(encoding="utf-8", newline="") as file, xlsxwriter.Workbook(book) as workbook:
        sheet = workbook.add_worksheet()
        for place, cells in enumerate(csv.reader(file)):
            for column, cell in enumerate(cells):
                sheet.write_string(place, column, cell)


def _bare(data_dir: Path, first: int) -> float:
    """Give the seconds that the rows of an import take by themselves, and as many signatures."""
    with closing(sqlite3.connect(data_dir / "register.sqlite")) as register:
        schema = [
            sql
            for (sql,) in register.execute(
                "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type DESC"
            )
        ]
        rows: dict[str, list[Any]] = {
            name: register.execute(f"SELECT * FROM {name} WHERE {which}", {"first": str(first)}).fetchall()  # noqa: S608  # our own names
            for name, which in _TABLES.items()
        }
    path = data_dir / "bare.sqlite"
    signer = LocalSigner(ec.generate_private_key(ec.SECP256R1()))
    with closing(sqlite3.connect(path, isolation_level=None)) as bare:
        bare.execute("PRAGMA journal_mode=WAL")
        bare.execute("PRAGMA synchronous=FULL")
        for sql in schema:
            bare.execute(sql)
        start = time.perf_counter()
        bare.execute("BEGIN IMMEDIATE")
        for name, values in rows.items():
            bare.executemany(f"INSERT INTO {name} VALUES ({','.join('?' * len(values[0]))})", values)  # noqa: S608  # our own names
        bare.execute("COMMIT")
        for number in range(len(rows["certificate"])):
            signer.sign(number.to_bytes(200, "big"))
        seconds = time.perf_counter() - start
    for left in data_dir.glob("bare.sqlite*"):
        left.unlink()
    return seconds
