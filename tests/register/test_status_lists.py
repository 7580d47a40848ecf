"""From the log to published status lists: what changed, what ended by itself, and nothing that was forged."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from keys.trust import KeyState, Purpose
from tests.office import DAY, NOW, happen
from verifier.certificate.lifecycle import Event
from verifier.certificate.model import StatusReference
from verifier.cli.office import Office
from verifier.register.certificates import find
from verifier.register.feed import DirectFeed
from verifier.status.follower import Follower, Instant
from verifier.status.log import LogError
from verifier.status.token_status_list import LIFETIME_SECONDS, StatusList, StatusType, open_token, uri_of

NUMBER, OTHER = "31000000001", "31000000002"


def place(office: Office, number: str = NUMBER) -> StatusReference:
    with office.database.reading() as connection:
        return find(connection, number).certificate.status


def publish(office: Office, now: int) -> list[int]:
    return office.status_publisher.publish(now)


def listed(office: Office, number: int = 0) -> StatusList:
    trust = office.trust()
    with closing(DirectFeed(office.database.path)) as feed:
        tokens = feed.status_list(number)
    assert tokens is not None
    cwt, jwt = (open_token(token, trust, uri=uri_of(trust, number)) for token in tokens)
    assert cwt == jwt
    return cwt


def status(office: Office, number: str = NUMBER) -> int:
    return listed(office).status(place(office, number).index)


@contextmanager
def intruder(office: Office) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(office.database.path)) as connection, connection:
        yield connection


def test_all_that_holds_and_all_that_was_never_given_out_reads_as_valid(office: Office) -> None:
    assert publish(office, NOW) == [0]
    assert set(listed(office).array) == {0}
    assert len(listed(office).array) * 4 == office.trust().status_lists.size
    assert listed(office).issued == NOW


def test_each_state_is_in_the_list_as_what_it_is(office: Office) -> None:
    happen(office, Event.SUSPENDED, NUMBER)
    happen(office, Event.WITHDRAWN, OTHER)
    publish(office, NOW + DAY)
    assert (status(office, NUMBER), status(office, OTHER)) == (StatusType.SUSPENDED, StatusType.INVALID)
    happen(office, Event.REINSTATED, NUMBER, now=NOW + 2 * DAY)
    publish(office, NOW + 2 * DAY)
    assert (status(office, NUMBER), status(office, OTHER)) == (StatusType.VALID, StatusType.INVALID)


def test_nothing_is_signed_where_nothing_changed(office: Office) -> None:
    publish(office, NOW)
    assert publish(office, NOW + 1) == []
    assert listed(office).issued == NOW
    happen(office, Event.SUSPENDED, NUMBER, now=NOW + 2)
    assert publish(office, NOW + 2) == [0]


def test_a_suspension_that_ends_by_itself_ends_in_the_list_without_any_event(office: Office) -> None:
    until = happen(office, Event.SUSPENDED, NUMBER, now=NOW + DAY, until=NOW + 10 * DAY).until
    assert until is not None
    publish(office, NOW + DAY)
    for now in (until - 2, until - 1):
        publish(office, now)
        assert status(office) == StatusType.SUSPENDED
    assert publish(office, until) == [0]
    assert status(office) == StatusType.VALID


def test_a_suspension_that_was_over_before_anything_was_published_never_shows(office: Office) -> None:
    happen(office, Event.SUSPENDED, NUMBER, now=NOW + DAY, until=NOW + 2 * DAY)
    publish(office, NOW + 3 * DAY)
    assert status(office) == StatusType.VALID


def test_a_suspension_that_became_a_withdrawal_does_not_end_by_itself(office: Office) -> None:
    happen(office, Event.SUSPENDED, NUMBER, now=NOW + DAY, until=NOW + 2 * DAY)
    publish(office, NOW + DAY)
    happen(office, Event.WITHDRAWN, NUMBER, now=NOW + DAY + 1)
    publish(office, NOW + DAY + 1)
    publish(office, NOW + 3 * DAY)
    assert status(office) == StatusType.INVALID


def test_a_list_in_which_nothing_changes_is_signed_again_before_it_grows_old(office: Office) -> None:
    publish(office, NOW)
    assert publish(office, NOW + LIFETIME_SECONDS // 2 - 1) == []
    assert publish(office, NOW + LIFETIME_SECONDS // 2) == [0]
    assert listed(office).expires == NOW + LIFETIME_SECONDS // 2 + LIFETIME_SECONDS


def test_a_node_hands_on_what_it_verified_and_nothing_that_ended(office: Office) -> None:
    publish(office, NOW)
    follower = Follower(DirectFeed(office.database.path), roots=office.roots, max_age=10)
    follower.refresh(Instant(NOW, 0))
    served = follower.status_list(0, Instant(NOW, 0))
    assert served is not None
    assert served.expires == NOW + LIFETIME_SECONDS
    assert follower.status_list(1, Instant(NOW, 0)) is None
    with pytest.raises(ValueError, match="expired"):
        follower.status_list(0, Instant(NOW + LIFETIME_SECONDS, 0))
    with intruder(office) as connection:
        connection.execute("UPDATE token_status_list SET cwt = jwt")
    follower.status_list(0, Instant(NOW, 0))  # twice the same list, signed
    with intruder(office) as connection:
        connection.execute("UPDATE token_status_list SET cwt = zeroblob(200)")
    with pytest.raises(ValueError, match="no status key"):
        follower.status_list(0, Instant(NOW, 0))
    follower.close()


def test_an_intruder_who_changes_a_list_gets_it_made_anew_from_the_log(office: Office) -> None:
    happen(office, Event.WITHDRAWN, NUMBER)
    publish(office, NOW + DAY)
    with intruder(office) as connection:
        before = connection.execute("SELECT cwt, jwt FROM token_status_list").fetchone()
    happen(office, Event.SUSPENDED, OTHER, now=NOW + DAY + 1)
    publish(office, NOW + DAY + 1)
    with intruder(office) as connection:  # an older list of ours, signed and all
        connection.execute("UPDATE token_status_list SET cwt = ?, jwt = ?", before)
    happen(office, Event.SUSPENDED, "31000000003", now=NOW + DAY + 2, issuer="650000")
    publish(office, NOW + DAY + 2)
    assert (status(office, NUMBER), status(office, OTHER)) == (StatusType.INVALID, StatusType.SUSPENDED)


def test_a_clock_that_was_ahead_ends_no_suspension_for_good(office: Office) -> None:
    happen(office, Event.SUSPENDED, NUMBER, now=NOW + DAY, until=NOW + 10 * DAY)
    publish(office, NOW + 20 * DAY)
    assert status(office) == StatusType.VALID
    publish(office, NOW + 2 * DAY)  # the clock is right again
    assert status(office) == StatusType.SUSPENDED
    assert listed(office).issued == NOW + 2 * DAY


def test_a_clock_that_is_a_moment_behind_makes_no_list_older_than_the_one_before_it(office: Office) -> None:
    publish(office, NOW + 30)
    happen(office, Event.WITHDRAWN, NUMBER, now=NOW)
    publish(office, NOW)
    assert status(office) == StatusType.INVALID
    assert listed(office).issued == NOW + 30


def test_what_a_register_forgot_is_not_signed_as_valid_by_a_process_that_knew_it(office: Office) -> None:
    path = office.database.path
    publish(office, NOW)
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(path.with_name("copy"))) as copy:
        source.backup(copy)
    happen(office, Event.WITHDRAWN, NUMBER)
    publish(office, NOW + DAY)
    with closing(sqlite3.connect(path)) as target, closing(sqlite3.connect(path.with_name("copy"))) as copy:
        copy.backup(target)
    with pytest.raises(LogError, match="the log went back"):
        publish(office, NOW + 2 * DAY)


@pytest.mark.parametrize("column", ["cwt", "jwt"])
def test_a_form_that_was_changed_by_hand_is_made_anew_though_nothing_else_happened(
    office: Office, column: str
) -> None:
    publish(office, NOW)
    with intruder(office) as connection:
        connection.execute(f"UPDATE token_status_list SET {column} = zeroblob(9)")
    assert publish(office, NOW + 1) == [0]
    assert status(office) == StatusType.VALID


@pytest.mark.parametrize("table", ["status_publication", "token_status_list"])
def test_what_was_published_can_be_lost_and_is_made_anew(office: Office, table: str) -> None:
    happen(office, Event.WITHDRAWN, NUMBER)
    publish(office, NOW + DAY)
    with intruder(office) as connection:
        connection.execute(f"DELETE FROM {table}")  # our own names
    happen(office, Event.SUSPENDED, OTHER, now=NOW + DAY + 1)
    publish(office, NOW + DAY + 1)
    assert (status(office, NUMBER), status(office, OTHER)) == (StatusType.INVALID, StatusType.SUSPENDED)


def test_a_log_that_no_head_covers_is_not_published(office: Office) -> None:
    """Else whoever can write to the file would have a withdrawal taken out of the list, and that signed."""
    happen(office, Event.WITHDRAWN, NUMBER)
    with intruder(office) as connection:
        connection.execute("UPDATE log SET state = 1, reason = 0 WHERE state = 3")
    with pytest.raises(LogError, match="run `liangzheng audit`"):
        publish(office, NOW + DAY)


def test_lists_by_a_status_key_that_was_compromised_are_made_anew(office: Office) -> None:
    happen(office, Event.WITHDRAWN, NUMBER)
    publish(office, NOW + DAY)
    stolen = office.status_signer().kid
    office.ring.compromise(stolen.hex(), now=NOW + DAY, known=office.known())
    office.ring.create(Purpose.STATUS, now=NOW + DAY)
    office.publish_trust(NOW + DAY)
    assert office.trust().keys[stolen].state is KeyState.COMPROMISED
    happen(office, Event.SUSPENDED, OTHER, now=NOW + DAY + 1)
    publish(office, NOW + DAY + 1)
    assert (status(office, NUMBER), status(office, OTHER)) == (StatusType.INVALID, StatusType.SUSPENDED)


def test_a_list_by_a_compromised_key_is_signed_anew_though_nothing_else_changed(
    office: Office,
) -> None:
    publish(office, NOW)
    office.ring.compromise(office.status_signer().kid.hex(), now=NOW, known=office.known())
    office.ring.create(Purpose.STATUS, now=NOW)
    office.publish_trust(NOW)
    publish(office, NOW + 1)
    assert listed(office).issued >= NOW
