"""(e) Events over the agencies' API: acknowledged ones a second, beside bare transactions of the same rows.

The server sits on one core and the load on another. Each event is a POST with a key of its own, answered
after the commit with synchronous=FULL; clients wait for each answer before they send the next. Two baselines
run on the same core, in turn: bare transactions over the same HTTP and database libraries, one a request
(`serve_bare_writes`), and, for what the libraries cost, the same rows by `sqlite3` alone, without HTTP.
"""

import asyncio
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import orjson

from loadtest.http_cost import on_core, serving, serving_bare_writes
from loadtest.report import Line, at_least
from loadtest.stock import FIRST, run

ROUNDS: Final = 5
SECONDS: Final = 2.0
CONNECTIONS: Final = 32
_TARGET: Final = 300
_RATIO: Final = 0.5
_EVENTS: Final = ("suspend", "reinstate")


def measure(data_dir: Path) -> list[Line]:
    """Measure events one by one, and in bulk.

    Args:
        data_dir: a register with some thousand certificates of `stock`.
    """
    token = run(data_dir, "clients", "create", "bench", "--authority", "650000", "--action", "all").strip()
    rates: dict[str, list[float]] = {"sqlite": [], "bare": [], "ours": []}
    with serving(data_dir, "issue") as target, serving_bare_writes(data_dir) as baseline:
        for go in range(ROUNDS):
            rates["sqlite"].append(_in_process(["bare"]))
            rates["bare"].append(_in_process(["load", str(baseline.port), token, str(go)], core=-1))
            rates["ours"].append(_in_process(["load", str(target.port), token, str(go)], core=-1))
    sqlite, bare, ours = (statistics.median(rates[name]) for name in ("sqlite", "bare", "ours"))
    return [
        Line(
            "(e) events over the API, one a request",
            f"{ours:,.0f} acknowledged a second",
            f"{CONNECTIONS} clients that wait for each answer",
            None,
            f"≥ {_TARGET} a second",
            ours >= _TARGET,
        ),
        at_least(
            "(e) the same", f"{ours:,.0f} a second",
            f"bare transactions over the same libraries: {bare:,.0f} a second", ours / bare, _RATIO,
        ),
        Line(
            "(e) the same", f"{ours:,.0f} a second",
            f"the same rows by sqlite3, without HTTP: {sqlite:,.0f} a second", ours / sqlite,
        ),
    ]  # fmt: skip


def _in_process(arguments: list[str], core: int = 0) -> float:
    command = [*on_core(core), sys.executable, "-m", "loadtest.api_rate", *arguments]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def bare_transactions() -> float:
    """Give transactions a second: the rows that one event writes, and nothing else."""
    with tempfile.TemporaryDirectory() as directory:
        connection = sqlite3.connect(Path(directory) / "bare.sqlite", isolation_level=None)
        for statement in (
            "PRAGMA journal_mode=WAL",
            "PRAGMA synchronous=FULL",
            "CREATE TABLE certificate (id INTEGER PRIMARY KEY, facts TEXT, state INT, event INT)",
            "CREATE TABLE event (id INTEGER PRIMARY KEY, certificate INT, facts TEXT, hash BLOB)",
            "CREATE INDEX event_certificate ON event (certificate)",
            "CREATE TABLE log (sequence INTEGER PRIMARY KEY, entry BLOB, chain BLOB)",
            "CREATE TABLE head (id INTEGER PRIMARY KEY, signed BLOB)",
            "CREATE TABLE call (id INTEGER PRIMARY KEY, facts TEXT)",
            "CREATE TABLE idempotency (client TEXT, key TEXT, body BLOB, PRIMARY KEY (client, key))",
            "INSERT INTO head VALUES (1, zeroblob(300))",
        ):
            connection.execute(statement)
        connection.executemany(
            "INSERT INTO certificate VALUES (?, ?, 1, 1)", ((row, "x" * 200) for row in range(5_000))
        )
        start, goes = time.perf_counter(), 0
        while time.perf_counter() - start < SECONDS:
            goes += 1
            _bare_transaction(connection, goes)
        rate = goes / (time.perf_counter() - start)
        connection.close()
    return rate


def _bare_transaction(connection: sqlite3.Connection, go: int) -> None:
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO event VALUES (?, ?, ?, ?)", (go, go % 5_000, "y" * 80, os.urandom(32)))
    connection.execute("INSERT INTO log VALUES (?, ?, ?)", (go, os.urandom(48), os.urandom(32)))
    connection.execute("UPDATE certificate SET state = 3 - state, event = ? WHERE id = ?", (go, go % 5_000))
    connection.execute("UPDATE head SET signed = ?", (os.urandom(300),))
    connection.execute("INSERT INTO call VALUES (?, ?)", (go, "z" * 100))
    connection.execute("INSERT INTO idempotency VALUES ('c', ?, ?)", (str(go), os.urandom(460)))
    connection.execute("COMMIT")


async def load(port: int, token: str, go: int) -> float:
    """Give acknowledged events a second; every answer must be a success."""
    start = time.perf_counter()
    counts = await asyncio.gather(
        *(_client(port, token, f"{go}-{client}", FIRST + client, start) for client in range(CONNECTIONS))
    )
    return sum(counts) / (time.perf_counter() - start)


async def _client(port: int, token: str, name: str, number: int, start: float) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body, done = orjson.dumps({"reason": "other"}), 0
    while time.perf_counter() - start < SECONDS or done % len(_EVENTS):
        event = _EVENTS[done % len(_EVENTS)]
        writer.write(
            f"POST /certificates/{number}/{event} HTTP/1.1\r\nhost: x\r\nif-match: *\r\n"
            f"authorization: Bearer {token}\r\nidempotency-key: {name}-{done}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n".encode()
            + body
        )
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        if not head.startswith(b"http/1.1 200"):
            raise RuntimeError(head.decode() + (await reader.read(500)).decode())
        length = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        done += 1
    writer.close()
    return done


if __name__ == "__main__":
    if sys.argv[1] == "bare":
        print(bare_transactions())
    else:
        print(asyncio.run(load(int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))))
