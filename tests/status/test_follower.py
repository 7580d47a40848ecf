"""The follower: what it takes over, what it refuses, and how its knowledge ages."""

import hashlib
from collections.abc import Callable
from typing import Final

import pytest

from keys.trust import KeyState, SignedLists
from tests.builders import (
    DAY,
    INNER_MONGOLIA,
    KEYS,
    NOW,
    PINNED,
    STATUS,
    STATUS_KEY,
    XINJIANG,
    certificate,
    entry,
    head,
    key,
    signed_directory,
    signed_lists,
    signed_trust,
    signer,
)
from verifier.certificate.lifecycle import ReasonClass, Standing, State
from verifier.certificate.model import StatusReference
from verifier.status.follower import FeedError, Follower, Instant, News
from verifier.status.log import Entry, sign_head

MAX_AGE: Final = 10.0
CODE: Final = certificate()
LOST: Final = Standing(state=State.REVOKED, since=NOW, reason=ReasonClass.LOST)
SECOND: Final = signed_directory(version=2)
Tampering = Callable[[News], News]


def at(seconds: float) -> Instant:
    return Instant(NOW + seconds, 1_000 + seconds)


class MemoryFeed:
    """A log in memory that keeps the Feed's promises, and fails the test when its user breaks them.

    Attributes:
        down: whether it can be asked.
        tampering: what someone between the publisher and the node makes of the news.
    """

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.lists = signed_lists()
        self.trust_version = 1
        self.time = NOW
        self.down = False
        self.tampering: Tampering | None = None
        self.polls = 0
        self.closed = False
        self.tokens: dict[int, tuple[bytes, bytes]] = {}
        self._given: tuple[int, int, int] | None = None

    def append(self, standing: Standing, *, index: int = 4_711) -> None:
        changed = certificate(status=StatusReference(0, index))
        self.entries.append(entry(changed, standing, sequence=len(self.entries) + 1))

    def publish(self, lists: SignedLists, version: int) -> None:
        self.lists, self.trust_version = lists, version

    def status_list(self, number: int) -> tuple[bytes, bytes] | None:
        if self.down:
            raise FeedError("the feed is down")
        return self.tokens.get(number)

    def status_list_numbers(self) -> list[int]:
        return sorted(self.tokens)

    def poll(self, after: int, trust_version: int, *, anew: bool = False) -> News | None:
        assert not self.closed, "asked after it was closed"
        assert 0 <= after <= len(self.entries), "asked from beyond the log"
        assert 0 <= trust_version <= self.trust_version, "knows a trust list that was never published"
        self.polls += 1
        if self.down:
            raise FeedError("the feed is down")
        newest = (len(self.entries), self.trust_version, self.time)
        if newest == self._given and not anew:
            return None
        assert anew or self._given is not None, "the first call must ask for everything"
        closing = head(
            self.entries,
            trust_version=self.trust_version,
            trust_hash=hashlib.sha256(self.lists.trust).digest(),
            time=self.time,
        )
        lists = self.lists if trust_version < self.trust_version else None
        news = News(self.entries[after:], sign_head(closing, STATUS), lists)
        self._given = newest
        return self.tampering(news) if self.tampering else news

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def feed() -> MemoryFeed:
    publisher = MemoryFeed()
    publisher.append(Standing(state=State.VALID, since=NOW))
    return publisher


@pytest.fixture
def follower(feed: MemoryFeed) -> Follower:
    return Follower(feed, roots=PINNED, max_age=MAX_AGE)


def state_of(follower: Follower) -> State | None:
    known = follower.replica.look_up(CODE.status)
    return known[1].state if known else None


def test_before_the_first_news_nothing_is_fresh(follower: Follower) -> None:
    assert not follower.is_fresh(at(0))
    assert (follower.as_of, follower.trust, follower.fault) == (None, None, "not started")


def test_the_first_news_bring_trust_and_replica(follower: Follower) -> None:
    follower.refresh(at(0))
    assert follower.fault is None
    assert follower.trust is not None
    assert (follower.trust.version, state_of(follower)) == (1, State.VALID)
    assert follower.is_fresh(at(0))
    assert follower.as_of == NOW


def test_each_change_is_there_with_the_next_refresh(feed: MemoryFeed, follower: Follower) -> None:
    follower.refresh(at(0))
    feed.append(LOST)
    follower.refresh(at(1))
    assert state_of(follower) is State.REVOKED


def test_where_nothing_changed_knowledge_is_fresh_all_the_same(feed: MemoryFeed, follower: Follower) -> None:
    follower.refresh(at(0))
    follower.refresh(at(60))
    assert (feed.polls, follower.as_of) == (2, NOW + 60)
    assert follower.is_fresh(at(60))


def test_a_feed_that_fails_lets_knowledge_age_until_it_confirms_nothing(
    feed: MemoryFeed, follower: Follower
) -> None:
    follower.refresh(at(0))
    feed.down = True
    feed.append(LOST)
    for second in range(1, 30):
        follower.refresh(at(second))
        assert follower.fault == "the feed is down"
        assert follower.is_fresh(at(second)) is (second <= MAX_AGE)
        assert (state_of(follower), follower.as_of) == (State.VALID, NOW)
    feed.down = False
    follower.refresh(at(30))
    assert (follower.fault, state_of(follower)) == (None, State.REVOKED)
    assert follower.is_fresh(at(30))


def test_age_is_measured_by_a_clock_that_nobody_sets(follower: Follower) -> None:
    follower.refresh(at(0))
    assert not follower.is_fresh(Instant(wall=NOW, steady=at(11).steady))
    assert follower.is_fresh(Instant(wall=NOW - DAY, steady=at(9).steady))


def _without_entries(news: News) -> News:
    return news._replace(entries=[])


def _made_valid(news: News) -> News:
    return news._replace(entries=[one._replace(state=1, reason=0) for one in news.entries])


def _unsigned(news: News) -> News:
    return news._replace(head=b"")


LOG: Final = [entry(CODE), entry(CODE, LOST, sequence=2)]


def _signed_by_an_issuer(news: News) -> News:
    return news._replace(head=sign_head(head(LOG), XINJIANG))


def _of_another_log(news: News) -> News:
    return news._replace(head=sign_head(head(LOG, epoch=b"epoch-02"), STATUS))


def _back_to_the_beginning(news: News) -> News:
    return News([], sign_head(head(), STATUS), news.lists)


@pytest.mark.parametrize(
    "tampering",
    [_without_entries, _made_valid, _unsigned, _signed_by_an_issuer, _of_another_log, _back_to_the_beginning],
)
def test_a_fault_stays_until_what_was_published_is_applied(
    feed: MemoryFeed, follower: Follower, tampering: Tampering
) -> None:
    follower.refresh(at(0))
    feed.append(LOST)
    feed.tampering = tampering
    for second in range(1, 13):
        follower.refresh(at(second))
        assert follower.fault not in {None, "not started"}
        assert state_of(follower) is State.VALID
        assert follower.is_fresh(at(second)) is (second <= MAX_AGE)
    feed.tampering = None
    follower.refresh(at(13))
    assert (follower.fault, state_of(follower)) == (None, State.REVOKED)


def test_a_feed_that_fails_after_bad_news_is_asked_for_them_again(
    feed: MemoryFeed, follower: Follower
) -> None:
    follower.refresh(at(0))
    feed.append(LOST)
    feed.tampering = _unsigned
    follower.refresh(at(1))
    feed.tampering, feed.down = None, True
    follower.refresh(at(2))
    feed.down = False
    follower.refresh(at(3))
    assert (follower.fault, state_of(follower)) == (None, State.REVOKED)


def trust_of(follower: Follower) -> int:
    assert follower.trust is not None
    return follower.trust.version


def test_a_newer_trust_list_takes_the_place_of_the_old_one(feed: MemoryFeed, follower: Follower) -> None:
    follower.refresh(at(0))
    compromised = [key(XINJIANG, state=KeyState.COMPROMISED), *KEYS[1:]]
    feed.publish(signed_lists(version=2, keys=compromised), 2)
    follower.refresh(at(1))
    assert follower.fault is None
    assert follower.trust is not None
    assert follower.trust.keys[XINJIANG.kid].state is KeyState.COMPROMISED


def test_a_new_status_key_signs_with_the_list_that_names_it(feed: MemoryFeed, follower: Follower) -> None:
    follower.refresh(at(0))
    second = signer("status 2")
    lists = signed_lists(version=2, keys=[*KEYS[:2], key(second, None, purpose=STATUS_KEY.purpose)])
    feed.publish(lists, 2)
    feed.append(LOST)
    closing = head(feed.entries, trust_version=2, trust_hash=hashlib.sha256(lists.trust).digest())
    feed.tampering = lambda news: news._replace(head=sign_head(closing, second))
    follower.refresh(at(1))
    assert (follower.fault, state_of(follower), trust_of(follower)) == (None, State.REVOKED, 2)


@pytest.mark.parametrize(
    ("lists", "fault"),
    [
        (SignedLists(b"", SECOND), "signed"),
        (SignedLists(signed_trust(version=2, by=signer("other root")), SECOND), "signed"),
        (SignedLists(signed_trust(version=2, by=INNER_MONGOLIA), SECOND), "signed"),
        (SignedLists(signed_trust(version=2)[:-1], SECOND), "signed"),
        (SignedLists(signed_trust(version=2), signed_directory()), "not published with"),
        (signed_lists(version=2, ends=NOW), "expired"),
        (signed_lists(keys=[key(signer("forger")), STATUS_KEY]), "two trust lists"),
    ],
    ids=["empty", "other root", "an issuer", "truncated", "older directory", "expired", "forked"],
)
def test_a_trust_list_that_must_not_be_used_leaves_the_old_one_in_use(
    feed: MemoryFeed, follower: Follower, lists: SignedLists, fault: str
) -> None:
    follower.refresh(at(0))
    feed.publish(lists, 2)
    follower.refresh(at(1))
    assert fault in str(follower.fault)
    assert (trust_of(follower), state_of(follower)) == (1, State.VALID)
    assert follower.is_fresh(at(1))
    assert not follower.is_fresh(at(11))


def test_an_older_trust_list_leaves_the_newer_one_in_use(feed: MemoryFeed, follower: Follower) -> None:
    feed.publish(signed_lists(version=3), 3)
    follower.refresh(at(0))
    feed.append(LOST)
    older = signed_lists(version=2)
    feed.tampering = lambda news: news._replace(lists=older)
    follower.refresh(at(1))
    assert "older" in str(follower.fault)
    assert (trust_of(follower), state_of(follower)) == (3, State.VALID)


def test_a_head_that_goes_with_a_trust_list_withheld_is_not_followed(
    feed: MemoryFeed, follower: Follower
) -> None:
    """Whoever keeps the news of a compromised key back keeps all else back with it."""
    follower.refresh(at(0))
    feed.publish(signed_lists(version=2), 2)
    feed.tampering = lambda news: news._replace(lists=None)
    for second in range(1, 13):
        follower.refresh(at(second))
        assert "trust list 2" in str(follower.fault)
    assert not follower.is_fresh(at(12))


def test_a_head_that_goes_with_another_list_of_the_same_version_is_not_followed(
    feed: MemoryFeed, follower: Follower
) -> None:
    """A root that signed two lists of one version is found out, whichever of them a node was given."""
    forged = signed_lists(keys=[key(signer("forger")), STATUS_KEY])
    feed.tampering = lambda news: news._replace(lists=forged)
    follower.refresh(at(0))
    assert "another trust list 1" in str(follower.fault)
    assert not follower.is_fresh(at(0))


def test_without_any_trust_list_no_head_is_followed(feed: MemoryFeed, follower: Follower) -> None:
    feed.tampering = lambda news: news._replace(lists=None)
    follower.refresh(at(0))
    assert "no trust list" in str(follower.fault)
    assert len(follower.replica) == 0
    assert not follower.is_fresh(at(0))


def test_closing_lets_go_of_the_feed(feed: MemoryFeed, follower: Follower) -> None:
    follower.close()
    assert feed.closed
