"""The register's database: opening it, its schema, and its transactions.

SQLite runs in WAL mode with synchronous=FULL: what was acknowledged survives a crash and power loss. One
writer at a time holds the register from the first statement on, so that chains and sequences have no gap.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from sqlite3 import Error as SqliteError
from typing import Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError

from verifier.certificate.errors import LiangzhengError

SCHEMA: Final = "0006"
"""The newest migration; a register that is older is brought up to date when it is opened."""
BUSY_SECONDS: Final = 60
"""How long a writer waits for another."""
_CACHE_KIB: Final = 64 << 10
"""Pages kept in memory, a connection: random indices touch the whole of a table's index."""
_READER_SECONDS: Final = 2
"""How long a reader waits for the file; in WAL mode it hardly ever does."""
_ANEW_SECONDS: Final = 1
"""How long an open file is relied on by a reader."""


class RegisterError(LiangzhengError, OSError):
    """The register cannot be opened, read or written."""


class Database:
    """The register's database. Every call either does all of its work or raises and does none."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def path(self) -> Path:
        """The SQLite file."""
        return Path(str(self._engine.url.database))

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one state of the register."""
        with as_register_error(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give the one writer's connection; commits at the end, or takes everything back on an error."""
        with as_register_error(), self._engine.connect() as connection:
            exclusive = connection.execution_options(immediate=True)
            with exclusive.begin():
                require_own_schema(exclusive)
                yield exclusive

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def open_database(url: str, *, create: bool = False) -> Database:
    """Open the register.

    Args:
        url: SQLAlchemy URL.
        create: make the file where there is none, and bring its schema up to date.

    Raises:
        RegisterError: there is none, or it cannot be opened.
    """
    path = _sqlite_file(url)
    if create:
        # It holds what is not public, so its owner alone may read it; SQLite's other files take its mode.
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    elif not path.exists():
        raise RegisterError(f"there is no register at {path}; `liangzheng demo` or `keys trust` makes one")
    parsed = URL.create("sqlite", database=str(path))
    # Parameters are hidden: what is not public would stand in errors, and so in logs.
    engine = create_engine(
        parsed, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False}, hide_parameters=True
    )
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    database = Database(engine)
    if create or _schema(database) != SCHEMA:
        _migrate(database)
    return database


def open_reading(url: str) -> Database:
    """Open the register so that nothing can be written through it, by two locks of SQLite's own.

    A connection is opened anew every second, so that a register put back from a copy is read there.

    Args:
        url: SQLAlchemy URL.

    Raises:
        RegisterError: there is none.
    """
    path = _sqlite_file(url)
    if not path.exists():
        raise RegisterError(f"there is no register at {path}; `liangzheng demo` or `keys trust` makes one")

    def connect() -> SqliteConnection:
        address = f"{path.absolute().as_uri()}?mode=ro"
        return sqlite3.connect(address, uri=True, timeout=_READER_SECONDS, check_same_thread=False)

    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        creator=connect,
        pool_recycle=_ANEW_SECONDS,
        hide_parameters=True,
    )
    event.listen(engine, "connect", _configure_reading)
    event.listen(engine, "begin", _begin)
    return Database(engine)


def require_own_schema(connection: Connection) -> None:
    """Refuse triggers and views: we make none, and they could undo a write that was acknowledged.

    Raises:
        RegisterError: there is one.
    """
    foreign = connection.exec_driver_sql(
        "SELECT name FROM sqlite_master WHERE type IN ('trigger', 'view')"
    ).first()
    if foreign is not None:
        raise RegisterError(f"the register has a trigger or view {foreign.name!r} that is not ours")


def _sqlite_file(url: str) -> Path:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise RegisterError("DATABASE_URL is no database URL") from error
    plain = parsed.drivername == "sqlite" and parsed.database and not (parsed.host or parsed.query)
    if not plain:
        raise RegisterError("only an SQLite file can hold the register so far: sqlite:///path")
    return Path(str(parsed.database))


def _schema(database: Database) -> str | None:
    with database.reading() as connection:
        try:
            return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        except DatabaseError:
            return None


def _migrate(database: Database) -> None:
    # Alembic takes a quarter of a command's start, and is hardly ever needed.
    from verifier.register.migrating import migrate  # noqa: PLC0415 # see above

    with database.writing() as connection:
        migrate(connection)


def _configure(connection: SqliteConnection, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where `_begin` says, not where the driver guesses
    try:
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            f"cache_size=-{_CACHE_KIB}",
        ):
            connection.execute(f"PRAGMA {pragma}")
    except SqliteError:
        connection.close()  # the pool has not taken it over yet
        raise


def _configure_reading(connection: SqliteConnection, _record: object) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA query_only=ON")


def _begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


@contextmanager
def as_register_error() -> Iterator[None]:
    """Raise the database's errors as our own: they name no value."""
    try:
        yield
    except DatabaseError as error:
        raise RegisterError(f"the register cannot be used: {error.orig}") from error
