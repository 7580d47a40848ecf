"""`make bench`: measure, beside the baselines, and print the table of docs/performance.md."""

import os
import platform
import tempfile
from pathlib import Path
from typing import Final

from loadtest import (
    api_rate,
    check_cost,
    code_sizes,
    http_cost,
    import_rate,
    records_rate,
    resign_rate,
    sign_rate,
    status_lists,
    stock,
    trust_cost,
)
from loadtest.report import table

DISTINCT: Final = 5_000


def main() -> None:
    """Run all benchmarks in a directory of their own."""
    with tempfile.TemporaryDirectory(prefix="liangzheng-bench-") as directory:
        data_dir = Path(directory)
        print("preparing …", flush=True)
        digits = stock.prepare(data_dir, DISTINCT)
        lines = code_sizes.measure(data_dir)
        print("measuring the check …", flush=True)
        checks, verify_seconds = check_cost.measure(data_dir, digits)
        print("measuring scans over HTTP …", flush=True)
        scans = http_cost.measure(data_dir, digits, verify_seconds)
        print("measuring imports …", flush=True)
        lines = [*checks, *scans, *lines, *import_rate.measure(data_dir)]
        print("measuring events over the API …", flush=True)
        lines += api_rate.measure(data_dir)
        print("measuring the records …", flush=True)
        lines += records_rate.measure(data_dir / "records")
        print("measuring keys …", flush=True)
        lines += [*trust_cost.measure(), *resign_rate.measure(data_dir / "keys"), *sign_rate.measure()]
        print("measuring status lists …", flush=True)
        lines += status_lists.measure()
    print(f"\nPython {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores\n")
    print(table(lines))


if __name__ == "__main__":
    main()
