"""(d) How fast a table becomes signed certificates: the whole command, from CSV to the commit."""

import statistics
import time
from pathlib import Path
from typing import Final

from loadtest.report import Line
from loadtest.stock import AGENCY, run, write_roster

ROWS: Final = 20_000
ROUNDS: Final = 3
_TARGET: Final = 3_000


def measure(data_dir: Path) -> list[Line]:
    """Import some tables.

    Args:
        data_dir: a register with the demo's issuers.
    """
    roster = data_dir / "import.csv"
    rates = []
    for go in range(ROUNDS):
        write_roster(roster, ROWS, first=50_000_000_000 + go * ROWS)
        start = time.perf_counter()
        run(data_dir, "import", str(roster), "--issuer", "650000", "--agency", AGENCY)
        rates.append(ROWS / (time.perf_counter() - start))
    rate = statistics.median(rates)
    return [
        Line(
            f"(d) import of {ROWS:,} rows of CSV",
            f"{rate:,.0f} certificates a second",
            "whole command, start and commit included",
            None,
            f"≥ {_TARGET:,} a second",
            rate >= _TARGET,
        )
    ]
