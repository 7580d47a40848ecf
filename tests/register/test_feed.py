"""The embedded feed: what is committed anywhere is there with the next poll."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.office import NOW, TESTER, happen
from verifier.certificate.lifecycle import Event, State
from verifier.cli.office import Office
from verifier.register.certificates import find, let_happen
from verifier.register.database import RegisterError
from verifier.register.feed import DirectFeed
from verifier.status.follower import FeedError, Follower, Instant

NUMBER = "31000000001"


def at(seconds: float) -> Instant:
    return Instant(NOW + seconds, seconds)


@pytest.fixture
def follower(office: Office) -> Iterator[Follower]:
    following = Follower(DirectFeed(office.database.path), roots=office.roots, max_age=10)
    yield following
    following.close()


def state_of(office: Office, follower: Follower, number: str = NUMBER) -> State:
    with office.database.reading() as connection:
        status = find(connection, number).certificate.status
    found = follower.replica.look_up(status)
    assert found is not None
    return found[1].state


def test_the_replica_follows_each_commit(office: Office, follower: Follower) -> None:
    follower.refresh(at(0))
    assert (follower.fault, len(follower.replica)) == (None, 5)
    assert state_of(office, follower) is State.VALID
    happen(office, Event.SUSPENDED, NUMBER)
    follower.refresh(at(1))
    assert state_of(office, follower) is State.SUSPENDED
    happen(office, Event.REINSTATED, NUMBER)
    follower.refresh(at(2))
    assert state_of(office, follower) is State.VALID


def test_nothing_is_read_where_nothing_was_committed(office: Office) -> None:
    feed = DirectFeed(office.database.path)
    assert feed.poll(0, 0) is not None
    assert feed.poll(0, 0) is None
    assert feed.poll(0, 0, anew=True) is not None
    feed.close()


def test_an_uncommitted_change_is_not_seen(office: Office, follower: Follower) -> None:
    follower.refresh(at(0))
    with office.ledger(NOW) as ledger:
        let_happen(ledger, Event.LOST, NUMBER, actor=TESTER, now=NOW)
        follower.refresh(at(1))
        assert state_of(office, follower) is State.VALID
    follower.refresh(at(2))
    assert state_of(office, follower) is State.REVOKED


def test_an_intruder_in_the_database_without_a_status_key_changes_nothing(
    office: Office, follower: Follower
) -> None:
    happen(office, Event.WITHDRAWN, NUMBER)
    follower.refresh(at(0))
    with sqlite3.connect(office.database.path) as intruder:
        intruder.execute(
            "INSERT INTO log SELECT 7, status_list, idx, 1, since, 0, 0, digest, chain, event FROM log"
            " WHERE sequence = 6"
        )
    intruder.close()
    follower.refresh(at(1))
    assert follower.fault is not None
    assert state_of(office, follower) is State.REVOKED
    assert follower.is_fresh(at(9))
    assert not follower.is_fresh(at(11))  # and answers become unconfirmed, never valid


def test_a_register_set_back_to_an_older_copy_is_not_followed(
    office: Office, follower: Follower, tmp_path: Path
) -> None:
    copy = tmp_path / "older.sqlite"
    with sqlite3.connect(office.database.path) as source, sqlite3.connect(copy) as target:
        source.backup(target)
    source.close()
    target.close()
    happen(office, Event.WITHDRAWN, NUMBER)
    follower.refresh(at(0))
    with sqlite3.connect(copy) as source, sqlite3.connect(office.database.path) as target:
        source.backup(target)
    source.close()
    target.close()
    follower.refresh(at(1))
    assert "goes back" in str(follower.fault)
    assert state_of(office, follower) is State.REVOKED


def test_a_register_that_is_gone_is_an_error_of_the_feed(tmp_path: Path) -> None:
    feed = DirectFeed(tmp_path / "none.sqlite")
    with pytest.raises(FeedError, match="cannot be read"):
        feed.poll(0, 0)


def copy_of(path: Path, to: Path) -> Path:
    with sqlite3.connect(path) as source, sqlite3.connect(to) as target:
        source.backup(target)
    source.close()
    target.close()
    return to


def later(feed: DirectFeed) -> None:
    """Let the second pass after which the feed looks at the file anew."""
    feed._opened = 0.0


def test_a_register_that_was_replaced_by_a_copy_is_followed_there(office: Office, tmp_path: Path) -> None:
    feed = DirectFeed(office.database.path)
    follower = Follower(feed, roots=office.roots, max_age=10)
    follower.refresh(at(0))
    copy_of(office.database.path, tmp_path / "copy.sqlite").rename(office.database.path)
    office.database.close()
    happen(office, Event.WITHDRAWN, NUMBER)
    later(feed)
    follower.refresh(at(1))
    assert state_of(office, follower) is State.REVOKED
    follower.close()


def test_a_register_that_was_moved_away_no_longer_confirms(office: Office, tmp_path: Path) -> None:
    feed = DirectFeed(office.database.path)
    follower = Follower(feed, roots=office.roots, max_age=10)
    follower.refresh(at(0))
    office.database.path.rename(tmp_path / "away.sqlite")
    later(feed)
    follower.refresh(at(11))
    assert follower.fault is not None
    assert not follower.is_fresh(at(11))
    follower.close()


def test_an_older_copy_in_its_place_is_not_followed(office: Office, tmp_path: Path) -> None:
    older = copy_of(office.database.path, tmp_path / "older.sqlite")
    happen(office, Event.WITHDRAWN, NUMBER)
    feed = DirectFeed(office.database.path)
    follower = Follower(feed, roots=office.roots, max_age=10)
    follower.refresh(at(0))
    older.rename(office.database.path)
    for left in ("-wal", "-shm"):
        Path(f"{office.database.path}{left}").unlink()
    later(feed)
    follower.refresh(at(11))
    assert "goes back" in str(follower.fault)
    assert not follower.is_fresh(at(11))
    follower.close()


def test_nobody_signs_on_over_a_log_that_was_changed_by_hand(office: Office) -> None:
    with sqlite3.connect(office.database.path) as intruder:
        intruder.execute("DELETE FROM log WHERE sequence = 5")
    intruder.close()
    with pytest.raises(RegisterError, match="run `liangzheng audit`"):
        happen(office, Event.WITHDRAWN, NUMBER)


def test_a_node_that_missed_several_trust_lists_takes_the_newest(office: Office, follower: Follower) -> None:
    follower.refresh(at(0))
    office.publish_trust(NOW)
    office.publish_trust(NOW)
    follower.refresh(at(1))
    assert follower.fault is None
    assert follower.trust is not None
    assert follower.trust.version == 3
