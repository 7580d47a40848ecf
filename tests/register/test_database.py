"""The database: its schema, its transactions, and what it refuses."""

import sqlite3
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from tests.office import NOW, happen
from verifier.certificate.lifecycle import Event
from verifier.cli.office import Office
from verifier.register import migrations
from verifier.register.database import SCHEMA, RegisterError, open_database
from verifier.register.tables import METADATA


def test_the_migrations_lead_to_the_tables_of_the_code(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'register.sqlite'}", create=True)
    with database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    database.close()


def test_the_schema_that_is_looked_for_is_that_of_the_newest_migration() -> None:
    names = [path.name for path in (Path(migrations.__path__[0]) / "versions").glob("0*.py")]
    assert max(names).startswith(f"{SCHEMA}_")


def test_migrating_twice_changes_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'register.sqlite'}"
    open_database(url, create=True).close()
    open_database(url, create=True).close()


def test_what_is_acknowledged_is_synced_to_the_disk(office: Office) -> None:
    with office.database.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


@pytest.mark.parametrize(
    "url", ["nonsense", "sqlite://", "postgresql://u:secret@h/d", "sqlite:////nonexistent/x.sqlite"]
)
def test_a_database_that_cannot_be_used_is_an_error_without_its_address(url: str) -> None:
    with pytest.raises(RegisterError) as refused:
        open_database(url)
    assert "secret" not in str(refused.value)


def test_a_file_that_is_no_database_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "register.sqlite"
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(RegisterError, match="cannot be used"):
        open_database(f"sqlite:///{path}")


def test_writers_take_turns_and_the_chains_hold(office: Office) -> None:
    numbers = [f"3100000000{digit}" for digit in (1, 2)]
    errors: list[BaseException] = []
    assert office.database.path.exists()  # opened here, so that both threads have the same

    def write(number: str) -> None:
        try:
            for go in range(10):
                event = (Event.SUSPENDED, Event.REINSTATED)[go % 2]
                happen(office, event, number, now=NOW + 1_000 + go)
        except BaseException as error:  # noqa: BLE001 - handed to the main thread
            errors.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with sqlite3.connect(office.database.path) as connection:
        sequences = [row[0] for row in connection.execute("SELECT sequence FROM log ORDER BY sequence")]
    connection.close()
    assert sequences == list(range(1, 26))


def test_two_certificates_of_one_number_are_never_in_force_together(office: Office) -> None:
    with sqlite3.connect(office.database.path) as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute("UPDATE certificate SET number = '31000000001' WHERE number = '31000000002'")
    connection.close()
