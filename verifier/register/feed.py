"""The embedded feed: a scanning process reads the log straight from the register's SQLite file.

SQLite tells of a commit by any other process in microseconds (`PRAGMA data_version`), so asking before
every scan is cheap, and a change is seen by the very next scan in every process of the machine.
"""

import sqlite3
import time
from pathlib import Path
from typing import Any, Final

from keys.trust import SignedLists
from verifier.status.follower import FeedError, News
from verifier.status.log import Entry

_BUSY_SECONDS: Final = 0.2
"""How long a scan may wait for the file; readers in WAL mode hardly ever do."""
_ANEW_SECONDS: Final = 1.0
"""How long an open file is relied on: one that was moved away or put back from a copy tells of no commit."""


class DirectFeed:
    """Reads the log from the register. Public tables alone, and never writes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._seen: int | None = None
        self._opened = 0.0

    def poll(self, after: int, trust_version: int, *, anew: bool = False) -> News | None:
        """Give what came since, as `Feed` promises."""
        if time.monotonic() - self._opened > _ANEW_SECONDS:
            self.close()
        try:
            connection = self._connection or self._connect()
            # Read before the snapshot: a commit in between is seen again the next time, never missed.
            (version,) = connection.execute("PRAGMA data_version").fetchone()
            if version == self._seen and not anew:
                return None
            news = _read(connection, after, trust_version)
        except sqlite3.Error as error:
            self.close()
            raise FeedError(f"the register cannot be read: {error}") from error
        self._seen = version
        return news

    def status_list(self, number: int) -> tuple[bytes, bytes] | None:
        """Give a published status list, as `Feed` promises."""
        rows = self._select("SELECT cwt, jwt FROM token_status_list WHERE number = ?", (number,))
        if not rows:
            return None
        cwt, jwt = rows[0]
        if type(cwt) is not bytes or type(jwt) is not bytes:
            raise FeedError("the register's status lists are no documents")
        return cwt, jwt

    def status_list_numbers(self) -> list[int]:
        """Give the numbers of all published status lists, as `Feed` promises."""
        return [number for (number,) in self._select("SELECT number FROM token_status_list ORDER BY number")]

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()
        self._connection = self._seen = None

    def _select(self, query: str, parameters: tuple[int, ...] = ()) -> list[Any]:
        try:
            return (self._connection or self._connect()).execute(query, parameters).fetchall()
        except sqlite3.Error as error:
            self.close()
            raise FeedError(f"the register cannot be read: {error}") from error

    def _connect(self) -> sqlite3.Connection:
        self._opened = time.monotonic()
        self._connection = sqlite3.connect(
            f"{self._path.absolute().as_uri()}?mode=ro", uri=True, timeout=_BUSY_SECONDS, isolation_level=None
        )
        return self._connection


def _read(connection: sqlite3.Connection, after: int, trust_version: int) -> News:
    connection.execute("BEGIN")
    try:
        head = connection.execute("SELECT signed FROM head").fetchone()
        lists = connection.execute(
            "SELECT trust, directory, endorsements FROM publication"
            " WHERE version > ? ORDER BY version DESC LIMIT 1",
            (trust_version,),
        ).fetchone()
        rows = connection.execute(
            "SELECT sequence, status_list, idx, state, since, until, reason, digest FROM log"
            " WHERE sequence > ? ORDER BY sequence",
            (after,),
        )
        entries = [Entry._make(row) for row in rows]
    finally:
        connection.execute("ROLLBACK")
    if head is None:
        raise FeedError("the register has no signed head yet")
    if not all(type(document) is bytes for document in (*head, *(lists or ()))):
        raise FeedError("the register's signed documents are no documents")
    return News(entries, head[0], SignedLists(*lists) if lists else None)
