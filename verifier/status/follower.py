"""Keeps a replica and the trust list up to date from a feed, and knows how fresh they are."""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple, Protocol, Self

from keys.roots import Roots, TrustError
from keys.trust import SignedLists, TrustList
from verifier.certificate.errors import LiangzhengError
from verifier.status.log import Entry, Head, LogError, open_head
from verifier.status.replica import Replica
from verifier.status.token_status_list import StatusListError, open_token, uri_of


class FeedError(LiangzhengError, OSError):
    """The source of the log cannot be asked now."""


class Instant(NamedTuple):
    """One reading of the clocks, taken once per request and handed down."""

    wall: float
    """Seconds since 1970: what dates are compared with."""
    steady: float
    """Seconds of the monotonic clock: what ages are measured by."""


class News(NamedTuple):
    """What a feed has for a node."""

    entries: Sequence[Entry]
    head: bytes
    """The signed head that covers them."""
    lists: SignedLists | None
    """The newest lists, where they are newer than those the node has."""


class Feed(Protocol):
    """Where the log comes from.

    Promise: `poll` is as fresh as its call, costs microseconds where nothing changed, and gives the whole
    way from `after` to the newest head. It raises FeedError where it cannot ask (the caller fails closed,
    by the age of what it knows), and never gives entries without the head that covers them.
    """

    def poll(self, after: int, trust_version: int, *, anew: bool = False) -> News | None:
        """Give what came since; None where nothing did since the last call.

        Args:
            after: the last entry that the caller has applied.
            trust_version: the trust list that the caller has; 0 for none.
            anew: give it even if it was given before: the caller could not use it.
        """
        ...

    def status_list(self, number: int) -> tuple[bytes, bytes] | None:
        """Give a published status list as CWT and JWT, neither verified; None where there is none.

        Raises FeedError where it cannot ask.
        """
        ...

    def status_list_numbers(self) -> list[int]:
        """Give the numbers of all published status lists. Raises FeedError where it cannot ask."""
        ...

    def close(self) -> None:
        """Let go of the source."""
        ...


class ServedList(NamedTuple):
    """A status list that was verified, to be handed on."""

    cwt: bytes
    jwt: bytes
    expires: int


class Follower:
    """A replica, the trust list, and the feed that both come from.

    Attributes:
        replica: what is known of codes.
        trust: the trust list in force; None before the first.
        fault: why the last try brought nothing, for readiness and logs; None while all is well.
    """

    def __init__(self, feed: Feed, *, roots: Roots, max_age: float) -> None:
        self.replica = Replica()
        self.trust: TrustList | None = None
        self.fault: str | None = "not started"
        self._feed = feed
        self._roots = roots
        self._max_age = max_age
        self._lists: dict[int, tuple[TrustList, ServedList]] = {}
        self._known_at: Instant | None = None
        self._anew = True

    def refresh(self, now: Instant) -> None:
        """Learn what happened until now. On any fault what is known stays as it was, and ages."""
        version = self.trust.version if self.trust else 0
        try:
            news = self._feed.poll(self.replica.sequence, version, anew=self._anew)
            if news is not None:
                if news.lists is not None:
                    self.trust = self._successor(news.lists, now)
                self._apply(news)
        except (FeedError, LogError, TrustError) as error:
            self._anew = True
            self.fault = str(error)
            return
        self._anew = False
        self.fault = None
        self._known_at = now

    def refreshed(self, now: Instant) -> Self:
        """Learn what happened until now, and give oneself."""
        self.refresh(now)
        return self

    def is_fresh(self, now: Instant) -> bool:
        """Tell whether an answer may rest on this knowledge."""
        return self._known_at is not None and now.steady - self._known_at.steady <= self._max_age

    def status_list(self, number: int, now: Instant) -> ServedList | None:
        """Give a status list to hand on; None where there is none.

        Raises:
            FeedError: it cannot be asked for.
            StatusListError: it is not signed by a status key, or ended.
        """
        tokens = self._feed.status_list(number)
        if tokens is None or self.trust is None:
            return None
        trust, served = self._lists.get(number, (None, None))
        if served is None or trust is not self.trust or served[:2] != tokens:
            uri = uri_of(self.trust, number)
            opened, in_json = (open_token(token, self.trust, uri=uri) for token in tokens)
            if opened != in_json:
                raise StatusListError("the two forms of the status list differ")
            served = ServedList(*tokens, opened.expires)
            self._lists[number] = self.trust, served
        if now.wall >= served.expires:
            raise StatusListError("the status list has expired")
        return served

    def status_list_uris(self) -> list[str]:
        """Give the addresses of all status lists.

        Raises:
            FeedError: they cannot be asked for.
        """
        numbers = self._feed.status_list_numbers()
        return [uri_of(self.trust, number) for number in numbers] if self.trust else []

    @property
    def as_of(self) -> float | None:
        """The time that the knowledge is from, in seconds since 1970."""
        return self._known_at.wall if self._known_at else None

    def close(self) -> None:
        """Let go of the feed."""
        self._feed.close()

    def _successor(self, lists: SignedLists, now: Instant) -> TrustList:
        offered = TrustList.open(lists, self._roots)
        if self.trust is not None:
            offered.require_successor_of(self.trust)
            if offered.ends <= now.wall:
                raise TrustError("the new trust list has expired already")
        return offered

    def _apply(self, news: News) -> None:
        if self.trust is None:
            raise LogError("no trust list was published yet")
        head = open_head(news.head, self.trust)
        _require_trust(head, self.trust)
        self.replica.apply(news.entries, head)


def _require_trust(head: Head, trust: TrustList) -> None:
    """Refuse a head that goes with a trust list which this node does not have."""
    if head.trust_version > trust.version:
        raise LogError(f"the head goes with trust list {head.trust_version}, known is {trust.version}")
    if head.trust_version == trust.version and head.trust_hash != hashlib.sha256(trust.signed).digest():
        raise LogError(f"the head goes with another trust list {trust.version}")
