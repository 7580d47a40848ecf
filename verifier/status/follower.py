"""Keeps a replica up to date from a feed, and knows how fresh it is."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from keys.trust import TrustList
from verifier.status.log import Entry, LogError, open_head
from verifier.status.replica import Replica


class FeedError(OSError):
    """The source of the log cannot be asked now."""


class Instant(NamedTuple):
    """One reading of the clocks, taken once per request and handed down."""

    wall: float
    """Seconds since 1970: what dates are compared with."""
    steady: float
    """Seconds of the monotonic clock: what ages are measured by."""


class News(NamedTuple):
    """What a feed has for a replica."""

    entries: Sequence[Entry]
    head: bytes
    """The signed head that covers them."""


class Feed(Protocol):
    """Where the log comes from.

    Promise: `poll` is as fresh as its call, costs microseconds where nothing changed, and gives the whole
    way from `after` to the newest head. It raises FeedError where it cannot ask (the caller fails closed,
    by the age of what it knows), and never gives entries without the head that covers them.
    """

    def poll(self, after: int, *, anew: bool = False) -> News | None:
        """Give what came after a sequence number; None where nothing did since the last call.

        Args:
            after: the last entry that the caller has applied.
            anew: give it even if it was given before: the caller could not use it.
        """
        ...

    def close(self) -> None:
        """Let go of the source."""
        ...


class Follower:
    """A replica and the feed that it follows.

    Attributes:
        replica: what is known.
        fault: why the last try brought nothing, for readiness and logs; None while all is well.
    """

    def __init__(self, feed: Feed, replica: Replica, *, max_age: float) -> None:
        self.replica = replica
        self.fault: str | None = "not started"
        self._feed = feed
        self._max_age = max_age
        self._known_at: Instant | None = None
        self._anew = True

    def refresh(self, now: Instant, trust: TrustList) -> None:
        """Learn what happened until now. On any fault the replica stays as it was, and ages."""
        try:
            news = self._feed.poll(self.replica.sequence, anew=self._anew)
            if news is not None:
                self._anew = True  # until it has been applied
                self.replica.apply(news.entries, open_head(news.head, trust))
        except (FeedError, LogError) as error:
            self.fault = str(error)
            return
        self._anew = False
        self.fault = None
        self._known_at = now

    def is_fresh(self, now: Instant) -> bool:
        """Tell whether an answer may rest on this knowledge."""
        return self._known_at is not None and now.steady - self._known_at.steady <= self._max_age

    @property
    def as_of(self) -> float | None:
        """The time that the knowledge is from, in seconds since 1970."""
        return self._known_at.wall if self._known_at else None

    def close(self) -> None:
        """Let go of the feed."""
        self._feed.close()
