"""(f) The public records at a million certificates: how long lists and searches take, and how evenly.

The register is made for this measurement alone: its rows are put in by bulk SQL, are signed by nobody, and
would pass no audit. A tenth each are expired and suspended, a twentieth void, a hundredth restricted;
agencies have from two thousand officers to seventy thousand.
"""

import http.client
import random
import sqlite3
import statistics
import time
from pathlib import Path
from typing import Final
from urllib.parse import quote

from loadtest.http_cost import serving
from loadtest.report import Line
from loadtest.stock import run

CERTIFICATES: Final = 1_000_000
REQUESTS: Final = 3_000
_AGENCIES: Final = 200
_TARGET: Final = 10.0
_ISSUER: Final = "650000"
_SURNAMES: Final = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗"
_GIVEN: Final = "建国志远春生文博海涛晓梅清和立新明轩雨桐伟芳娜敏静丽强磊军洋勇艳杰娟涛超霞平刚桂英"
_ACCEPTS: Final = ("text/html", "application/json")

_FILL: Final = """
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < :rows - 1),
-- Squares make a few agencies large and many small.
drawn AS (SELECT i, abs(random()) AS a, abs(random()) AS b FROM n)
INSERT INTO certificate (id, issuer, number, kind, holder, agency, categories, area, powers,
  valid_from, valid_until, photo, restricted, state, since, until, reason, event)
SELECT 1000000 + i, '650000', 70000000000 + i, 0,
  substr(:surnames, 1 + a % 20, 1) || substr(:given, 1 + b % 40, 1) || substr(:given, 1 + b / 40 % 40, 1),
  '第' || ((a % 14142 * (a % 14142)) * 200 / 200000000) || '执法局',
  '["机关事务管理"]', '全疆', 0,
  :now - 1000000, CASE WHEN b % 10 = 0 THEN :now - 1000 ELSE :now + 100000000 END,
  NULL, b % 100 = 1,
  CASE WHEN a % 20 = 1 THEN 3 WHEN a % 10 = 2 THEN 2 ELSE 1 END, :now - 1000,
  CASE WHEN a % 10 = 2 THEN :now + 1000000 END, CASE WHEN a % 20 = 1 THEN 2 ELSE 0 END, 1
FROM drawn
"""


def measure(data_dir: Path) -> list[Line]:
    """Make the register, serve it by the real command, and ask for lists and searches.

    Args:
        data_dir: an empty directory.
    """
    run(data_dir, "demo", "--no-serve")
    _fill(data_dir / "register.sqlite")
    draw = random.Random(1)
    with serving(data_dir, "records") as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        _seconds(connection, "/officers", "text/html")  # counts the agencies
        asked = {"list": _list_path, "search": _search_path}
        taken: dict[str, list[float]] = {name: [] for name in asked}
        for go in range(REQUESTS):
            for name, path in asked.items():
                taken[name].append(_seconds(connection, path(draw), _ACCEPTS[go % 2]))
        connection.close()
    return [_line(name, seconds) for name, seconds in taken.items()]


def _fill(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        values = {
            "rows": CERTIFICATES,
            "now": int(time.time()),
            "surnames": _SURNAMES,
            "given": _GIVEN,
        }
        connection.execute(_FILL, values)
    connection.close()


def _list_path(draw: random.Random) -> str:
    agency = quote(f"第{draw.randrange(_AGENCIES)}执法局")
    after = f"&after={70_000_000_000 + draw.randrange(CERTIFICATES)}" if draw.random() < 0.5 else ""
    return f"/officers?issuer={_ISSUER}&agency={agency}{after}"


def _search_path(draw: random.Random) -> str:
    within = f"&agency={quote(f'第{draw.randrange(_AGENCIES)}执法局')}" if draw.random() < 0.5 else ""
    if draw.random() < 0.5:
        begins = str(70_000_000_000 + draw.randrange(CERTIFICATES))[: draw.randint(4, 11)]
    else:
        name = draw.choice(_SURNAMES) + draw.choice(_GIVEN) + draw.choice(_GIVEN)
        begins = name[: draw.randint(1, 3)]
    return f"/officers?issuer={_ISSUER}&officer={quote(begins)}{within}"


def _seconds(connection: http.client.HTTPConnection, path: str, accept: str) -> float:
    start = time.perf_counter()
    connection.request("GET", path, headers={"accept": accept})
    reply = connection.getresponse()
    reply.read()
    taken = time.perf_counter() - start
    assert reply.status == 200, path
    return taken


def _line(name: str, seconds: list[float]) -> Line:
    cuts = statistics.quantiles(seconds, n=100)
    p50, p99 = cuts[49], cuts[98]
    return Line(
        f"(f) officer {name}, {CERTIFICATES:,} certificates",
        f"p50 {p50 * 1e3:.1f} ms, p99 {p99 * 1e3:.1f} ms",
        f"{REQUESTS:,} requests over HTTP, one after another",
        p99 / p50,
        f"< {_TARGET:.0f}",
        p99 < _TARGET * p50,
    )
