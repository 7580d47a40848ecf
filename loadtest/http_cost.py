"""(b) Whole scans over HTTP, against a bare Starlette route with the same bytes and uvicorn settings.

Both servers sit on one core and the load on another; they are loaded in turn. What is compared is the
server's CPU time for a request (`/proc/PID/schedstat`), which holds on a shared machine as its rate does not.
"""

import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from loadtest.report import Line, at_least
from loadtest.stock import LIANGZHENG

ROUNDS: Final = 7
SECONDS: Final = 2
_CONNECTIONS: Final = 16
_LUA: Final = """
local paths = {}
for line in io.lines(os.getenv("SCAN_PATHS")) do paths[#paths + 1] = line end
local at = 0
wrk.headers["Accept"] = "application/json"
request = function()
  at = at % #paths + 1
  return wrk.format("GET", paths[at])
end
"""


class Target:
    """A server under load."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process = process
        self.port = port

    def cpu_seconds(self) -> float:
        """Give the CPU time that its threads have used."""
        tasks = Path(f"/proc/{self.process.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def measure(data_dir: Path, digits: list[str], verify_seconds: float) -> list[Line]:
    """Measure a hot code and distinct codes.

    Args:
        data_dir: a register that holds the codes.
        digits: distinct codes, more than a worker keeps in memory.
        verify_seconds: one bare signature verification, measured in this run.
    """
    if not Path("/proc/self/schedstat").exists() or not shutil.which("wrk") or not shutil.which("taskset"):
        return [Line("(b) scans over HTTP", "not measured", "needs Linux, wrk and taskset")]
    hot, distinct = data_dir / "hot.txt", data_dir / "distinct.txt"
    hot.write_text(f"/{digits[0]}\n")
    distinct.write_text("".join(f"/{each}\n" for each in digits))
    with serving_ours(data_dir) as ours:
        body = _fetch(ours.port, digits[0])
        (data_dir / "body.json").write_bytes(body)
        with _bare(data_dir) as bare:
            assert len(_fetch(bare.port, digits[0])) == len(body)
            samples: dict[str, list[float]] = {"bare": [], "hot": [], "distinct": []}
            for _ in range(ROUNDS):
                samples["bare"].append(_load(bare, data_dir, distinct))
                samples["hot"].append(_load(ours, data_dir, hot))
                samples["distinct"].append(_load(ours, data_dir, distinct))
    each = {name: statistics.median(values) for name, values in samples.items()}
    micro = {name: f"{seconds * 1e6:.0f} µs CPU a request" for name, seconds in each.items()}
    allowed = each["bare"] + verify_seconds
    return [
        at_least(
            "(b) hot code", micro["hot"], f"bare Starlette: {micro['bare']}", each["bare"] / each["hot"], 0.85
        ),
        at_least(
            f"(b) {len(digits):,} distinct codes",
            micro["distinct"],
            f"bare Starlette + one verification: {allowed * 1e6:.0f} µs",
            allowed / each["distinct"],
            0.60,
        ),
    ]


def _load(target: Target, data_dir: Path, paths: Path) -> float:
    """Load a server for a moment, and give its CPU seconds for one request."""
    before = target.cpu_seconds()
    script = data_dir / "scan.lua"
    script.write_text(_LUA)
    done = subprocess.run(
        [
            *on_core(-1),
            *("wrk", "-t1", f"-c{_CONNECTIONS}", f"-d{SECONDS}s"),
            *("-s", str(script), f"http://127.0.0.1:{target.port}"),
        ],
        env=os.environ | {"SCAN_PATHS": str(paths)},
        capture_output=True,
        text=True,
        check=True,
    )
    requests = re.search(r"(\d+) requests in", done.stdout)
    assert requests, done.stdout
    assert "Non-2xx" not in done.stdout, done.stdout
    return (target.cpu_seconds() - before) / int(requests[1])


@contextmanager
def serving_ours(data_dir: Path) -> Iterator[Target]:
    """Serve scans from a data directory, on the servers' core."""
    with serving(data_dir, "scan") as target:
        yield target


@contextmanager
def serving(data_dir: Path, side: str) -> Iterator[Target]:
    """Serve one side from a data directory, on the servers' core."""
    port = _free_port()
    command = [str(LIANGZHENG), "serve", side, "--port", str(port)]
    with _running(command, os.environ | {"LIANGZHENG_DATA_DIR": str(data_dir)}, port) as target:
        yield target


@contextmanager
def serving_bare_writes(data_dir: Path) -> Iterator[Target]:
    """Serve bare transactions from a file of their own, on the servers' core."""
    port = _free_port()
    command = [sys.executable, "-m", "loadtest.serve_bare_writes", str(port)]
    with _running(command, os.environ | {"BARE_FILE": str(data_dir / "bare.sqlite")}, port) as target:
        yield target


@contextmanager
def _bare(data_dir: Path) -> Iterator[Target]:
    port = _free_port()
    command = [sys.executable, "-m", "loadtest.serve_bare", str(port)]
    with _running(command, os.environ | {"BARE_BODY": str(data_dir / "body.json")}, port) as target:
        yield target


@contextmanager
def _running(command: list[str], environment: dict[str, str], port: int) -> Iterator[Target]:
    process = subprocess.Popen([*on_core(0), *command], env=environment)
    try:
        for _ in range(600):
            if process.poll() is not None:
                raise RuntimeError(f"{command[0]} ended at once")
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield Target(process, port)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _fetch(port: int, digits: str) -> bytes:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/{digits}", headers={"accept": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as reply:
        body: bytes = reply.read()
    return body


def on_core(which: int) -> list[str]:
    """Give what puts a command on one core: the first for servers, the last for the load."""
    if not shutil.which("taskset"):
        return []
    return ["taskset", "-c", str(sorted(os.sched_getaffinity(0))[which])]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
