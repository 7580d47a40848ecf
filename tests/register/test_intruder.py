"""Somebody can write to the database and has no key. No honest command signs what they wrote."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from keys.roots import TrustError
from keys.trust import Purpose
from tests.office import NOW, happen
from verifier.certificate import claims, cose
from verifier.certificate.lifecycle import Event
from verifier.cli.office import Office
from verifier.register.certificates import TamperedError, find
from verifier.register.database import RegisterError
from verifier.status.log import Entry, claims_digest, extend_chain

WITHDRAWN = "31000000001"
OTHER = "31000000002"


@pytest.fixture
def withdrawn(office: Office) -> Office:
    happen(office, Event.WITHDRAWN, WITHDRAWN)
    return office


@contextmanager
def intruder(office: Office) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(office.database.path)
    with connection:
        yield connection
    connection.close()


def test_an_entry_chained_on_by_an_intruder_is_not_signed_by_the_next_command(withdrawn: Office) -> None:
    fields = "sequence, status_list, idx, state, since, until, reason, digest"
    with intruder(withdrawn) as connection:
        *last, chain = connection.execute(
            f"SELECT {fields}, chain FROM log ORDER BY sequence DESC"
        ).fetchone()
        forged = Entry._make(last)._replace(sequence=last[0] + 1, state=1, reason=0)
        connection.execute(
            f"INSERT INTO log ({fields}, chain, event) VALUES (?,?,?,?,?,?,?,?,?,1)",
            (*forged, extend_chain(chain, forged)),
        )
        # Not even if the columns beside the signed head are made to agree.
        connection.execute(
            "UPDATE head SET sequence = ?, chain = ?", (forged.sequence, extend_chain(chain, forged))
        )
    with pytest.raises(RegisterError, match="signed head"):
        happen(withdrawn, Event.SUSPENDED, OTHER)


def test_a_head_that_is_gone_is_not_signed_anew(withdrawn: Office) -> None:
    with intruder(withdrawn) as connection:
        connection.execute("DELETE FROM head")
    with pytest.raises(RegisterError, match="signed head"):
        happen(withdrawn, Event.SUSPENDED, OTHER)


def test_a_code_moved_to_another_certificate_changes_no_state(withdrawn: Office) -> None:
    with intruder(withdrawn) as connection:
        connection.execute("DELETE FROM code WHERE certificate = 2")
        connection.execute("UPDATE code SET certificate = 2 WHERE certificate = 1")
    with pytest.raises(TamperedError, match="other facts"):
        happen(withdrawn, Event.SUSPENDED, OTHER)


def test_a_state_that_the_log_does_not_have_is_not_acted_on(withdrawn: Office) -> None:
    with intruder(withdrawn) as connection:
        connection.execute("UPDATE certificate SET state = 2, reason = 0, until = 4000000000 WHERE id = 1")
    with pytest.raises(TamperedError, match="differs from the log"):
        happen(withdrawn, Event.REINSTATED, WITHDRAWN)


def test_claims_that_a_stolen_key_signed_do_not_get_into_the_log_by_the_next_event(office: Office) -> None:
    """The thief writes facts, code and digest alike; the honest event would sign that digest into the log."""
    with office.database.reading() as connection:
        found = find(connection, OTHER)
    forged = replace(found.certificate, holder="冒名者")
    payload = claims.encode(forged)
    signed = cose.sign_code(payload, office.certificate_signer(forged.issuer))
    with intruder(office) as connection:
        connection.execute("UPDATE certificate SET holder = ? WHERE id = ?", (forged.holder, found.id))
        connection.execute(
            "UPDATE code SET signed = ?, digest = ? WHERE certificate = ?",
            (signed, claims_digest(payload), found.id),
        )
    with pytest.raises(TamperedError, match="not those of the log"):
        happen(office, Event.SUSPENDED, OTHER)


def test_a_trigger_that_swallows_writes_is_refused(office: Office) -> None:
    with intruder(office) as connection:
        connection.execute("CREATE TRIGGER swallow BEFORE INSERT ON log BEGIN SELECT RAISE(IGNORE); END")
    with pytest.raises(RegisterError, match="swallow"):
        happen(office, Event.SUSPENDED, OTHER)


@pytest.mark.parametrize("signed", ["'text'", "5", "NULL", "zeroblob(300)"])
def test_a_head_of_another_type_is_an_error_of_ours(office: Office, signed: str) -> None:
    with intruder(office) as connection:
        connection.execute(f"UPDATE head SET signed = {signed}" if signed != "NULL" else "DELETE FROM head")
    with pytest.raises(RegisterError):
        happen(office, Event.SUSPENDED, OTHER, now=NOW)


def test_a_key_made_meanwhile_is_in_the_next_list(office: Office) -> None:
    entry = office.ring.create(Purpose.CERTIFICATE, now=NOW, issuer="650000")
    published = office.publish_trust(NOW)
    assert entry.kid in {kid.hex() for kid in published.keys}


def test_a_list_that_verifiers_would_refuse_is_not_published(office: Office) -> None:
    before = office.trust().version
    other = office.settings.data_dir / "other"
    office.settings.root_key_file.rename(office.settings.root_key_file.with_suffix(".away"))
    (office.settings.keys_dir / "root.pem").rename(other)
    office.custody.create()  # a root that nobody pinned
    office.settings.root_key_file.with_suffix(".away").rename(office.settings.root_key_file)
    with pytest.raises(TrustError, match="pinned root"):
        office.publish_trust(NOW)
    assert office.trust().version == before
