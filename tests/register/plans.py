"""How SQLite would do what was asked of it, by the very statements that were sent."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, event

from verifier.cli.office import Office


def plans_of(office: Office, work: Callable[[Connection], object], about: str) -> list[list[str]]:
    """Give the plan of each statement that has some words in it."""
    sent: list[tuple[str, Sequence[Any]]] = []
    with office.database.reading() as connection:
        event.listen(connection, "before_cursor_execute", lambda *call: sent.append((call[2], call[3])))
        work(connection)
    with sqlite3.connect(office.database.path) as plain:
        plans = [
            [row[3] for row in plain.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
            for sql, values in sent
            if about in sql
        ]
    plain.close()
    return plans
