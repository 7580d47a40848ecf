"""(c) of the keys: signing all live codes of a compromised key anew, against bare signatures and updates."""

import sqlite3
import statistics
import time
from contextlib import closing
from pathlib import Path
from typing import Final

import orjson
from cryptography.hazmat.primitives.asymmetric import ec

from keys.signers import LocalSigner
from loadtest.report import Line
from loadtest.stock import AGENCY, run, write_roster

ROWS: Final = 100_000
_FIRST: Final = 70_000_000_000
_ROUNDS: Final = 3


def measure(data_dir: Path, rows: int = ROWS) -> list[Line]:
    """Measure the whole command, from its start to its last commit.

    Args:
        data_dir: a directory of its own.
        rows: certificates.
    """
    run(data_dir, "demo", "--no-serve")
    roster = data_dir / "roster.csv"
    write_roster(roster, rows, _FIRST)
    run(data_dir, "import", str(roster), "--issuer", "650000", "--agency", AGENCY)
    seconds, bare = [], []
    for _ in range(_ROUNDS):
        listed = orjson.loads(run(data_dir, "keys", "list", "--json"))
        (active,) = [key for key in listed if key["issuer"] == "650000" and key["state"] == "active"]
        run(data_dir, "keys", "compromise", active["kid"], "--no-resign")
        start = time.perf_counter()
        done = run(data_dir, "keys", "resign", active["kid"])
        seconds.append(time.perf_counter() - start)
        assert int(done.split()[0]) >= rows, done
        bare.append(_bare(data_dir, rows))
    run(data_dir, "audit")
    ours, baseline = statistics.median(seconds), statistics.median(bare)
    return [
        Line(
            f"(h) {rows:,} certificates signed anew",
            f"{ours:.1f} s, {rows / ours:,.0f} a second",
            f"bare signatures and updates: {rows / baseline:,.0f} a second",
            baseline / ours,
        )
    ]


def _bare(data_dir: Path, rows: int) -> float:
    """Give the seconds that as many signatures take, and as many updates of the same table."""
    signer = LocalSigner(ec.generate_private_key(ec.SECP256R1()))
    path = data_dir / "bare.sqlite"
    with (
        closing(sqlite3.connect(data_dir / "register.sqlite")) as register,
        closing(sqlite3.connect(path, isolation_level=None)) as copy,
    ):
        register.backup(copy)
        copy.execute("PRAGMA journal_mode=WAL")
        copy.execute("PRAGMA synchronous=FULL")
        codes = copy.execute("SELECT status_list, idx, signed FROM code LIMIT ?", (rows,)).fetchall()
        start = time.perf_counter()
        renewed = [(code[:-64] + signer.sign(code), at, index) for at, index, code in codes]
        copy.execute("BEGIN IMMEDIATE")
        copy.executemany("UPDATE code SET signed = ? WHERE status_list = ? AND idx = ?", renewed)
        copy.execute("COMMIT")
        seconds = time.perf_counter() - start
    for left in data_dir.glob("bare.sqlite*"):
        left.unlink()
    return seconds
