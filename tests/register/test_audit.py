"""The audit finds every change that was not made through the register."""

import sqlite3

import pytest

from tests.office import happen
from verifier.certificate.lifecycle import Event
from verifier.cli.office import Office
from verifier.register.audit import AuditError, audit
from verifier.register.ledger import EVENT_CHAIN_START, event_hash

NUMBER = "31000000001"


def run_audit(office: Office) -> dict[str, int]:
    trust = office.trust()
    with office.database.reading() as connection:
        return audit(connection, trust)


def test_an_untouched_register_is_clean(office: Office) -> None:
    happen(office, Event.SUSPENDED, NUMBER)
    happen(office, Event.REINSTATED, NUMBER)
    happen(office, Event.LOST, "31000000002")
    assert run_audit(office) == {"events": 8, "log entries": 8, "certificates": 5}


@pytest.mark.parametrize(
    ("tampering", "named"),
    [
        ("UPDATE event SET actor = 'nobody' WHERE id = 2", "event 2 differs"),
        ("UPDATE event SET time = time + 1 WHERE id = 6", "event 6 differs"),
        ("UPDATE event SET until = NULL WHERE id = 6", "event 6 differs"),
        ("UPDATE event SET hash = zeroblob(32) WHERE id = 3", "event 3 differs"),
        ("DELETE FROM event WHERE id = 3", "event 3 is missing"),
        ("DELETE FROM event WHERE id = 6", "covers 6 events"),
        ("UPDATE head SET events = signed", "signed end of the events"),
        ("UPDATE log SET state = 1 WHERE sequence = 6", "log entry 6 differs"),
        ("UPDATE log SET digest = zeroblob(12) WHERE sequence = 1", "log entry 1 differs"),
        ("DELETE FROM log WHERE sequence = 4", "log entry 4 is missing"),
        ("DELETE FROM log WHERE sequence = 6", "head covers 6 log entries, the log has 5"),
        ("DELETE FROM head", "head is missing"),
        ("UPDATE head SET signed = zeroblob(99)", "signed head"),
        ("UPDATE certificate SET holder = '冒名者' WHERE id = 2", "31000000002.*other facts"),
        ("UPDATE certificate SET valid_until = valid_until + 1 WHERE id = 2", "31000000002.*other facts"),
        ("UPDATE certificate SET photo = zeroblob(12) WHERE id = 2", "31000000002.*other facts"),
        ("UPDATE certificate SET categories = '[]' WHERE id = 2", "31000000002.*out of form"),
        ("UPDATE certificate SET state = 1, until = NULL WHERE id = 1", "31000000001.*last event"),
        ("UPDATE certificate SET until = until - 1 WHERE id = 1", "31000000001.*last event"),
        ("UPDATE certificate SET event = 1 WHERE id = 1", "31000000001.*last event"),
        ("UPDATE code SET digest = zeroblob(12) WHERE certificate = 3", "digest"),
        ("UPDATE code SET signed = zeroblob(200) WHERE certificate = 3", "out of form"),
        ("DELETE FROM code WHERE certificate = 3", "1 certificates have no code"),
    ],
)
def test_tampering_with_a_row_is_found_and_the_row_is_named(
    office: Office, tampering: str, named: str
) -> None:
    happen(office, Event.SUSPENDED, NUMBER)
    with sqlite3.connect(office.database.path) as connection:
        assert connection.execute(tampering).rowcount > 0
    connection.close()
    with pytest.raises(AuditError, match=named):
        run_audit(office)


def test_swapping_the_codes_of_two_certificates_is_found(office: Office) -> None:
    with sqlite3.connect(office.database.path) as connection:
        connection.execute("UPDATE code SET certificate = 99 - certificate WHERE certificate IN (1, 98)")
        connection.execute("UPDATE code SET certificate = 1 WHERE certificate = 2")
        connection.execute("UPDATE code SET certificate = 2 WHERE certificate = 98")
    connection.close()
    with pytest.raises(AuditError, match="other facts"):
        run_audit(office)


def test_events_whose_hashes_were_all_recomputed_are_found(office: Office) -> None:
    happen(office, Event.SUSPENDED, NUMBER)
    columns = "id, certificate, event, time, actor, reason, until, digest, basis"
    with sqlite3.connect(office.database.path) as connection:
        connection.execute("UPDATE event SET actor = 'nobody' WHERE id = 4")
        before = EVENT_CHAIN_START
        for row in connection.execute(f"SELECT {columns} FROM event ORDER BY id").fetchall():
            before = event_hash(before, row)
            connection.execute("UPDATE event SET hash = ? WHERE id = ?", (before, row[0]))
    connection.close()
    with pytest.raises(AuditError, match="covers 6 events with other hashes"):
        run_audit(office)
