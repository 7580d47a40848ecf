"""A scanning node: what one process knows, and how it answers a scan with it."""

import asyncio
from typing import Final

from verifier.certificate.verdicts import Reason
from verifier.scanning.answers import Known, know
from verifier.scanning.check import Finding, RefusedError, authenticate, check
from verifier.status.follower import Follower, Instant

_MAYBE_NEW: Final = frozenset({Reason.UNKNOWN_KEY, Reason.NOT_REGISTERED})
"""Refusals that a key or certificate made a moment ago would meet at a node that is a moment behind."""


class Node:
    """Answers scans from memory.

    Args:
        follower: the replica and the trust list.
        base_url: our own address.
        capacity: authenticated codes to keep; the one kept longest goes first.
    """

    def __init__(self, follower: Follower, *, base_url: str, capacity: int) -> None:
        self.follower = follower
        self.base_url = base_url
        self._capacity = capacity
        self._known: dict[str, Known] = {}
        self._known_under: object = None
        self._is_current = False

    def scan(self, text: str, now: Instant) -> tuple[Finding, Known | None]:
        """Answer one scan.

        Args:
            text: what a scanner read.
            now: the one reading of the clocks for this request.

        Returns:
            The finding, and the code's prepared parts where it is authentic.
        """
        self._keep_current(now)
        finding, known = self._examine(text, now)
        if finding.reason in _MAYBE_NEW:
            # It may have been made since this turn of the loop began: ask once more before calling it forged.
            self.follower.refresh(now)
            finding, known = self._examine(text, now)
            if finding.reason in _MAYBE_NEW and self.follower.fault is not None:
                return Finding(reason=Reason.STATUS_STALE), None
        return finding, known

    def _examine(self, text: str, now: Instant) -> tuple[Finding, Known | None]:
        trust = self.follower.trust
        if trust is None:
            return Finding(reason=Reason.STATUS_STALE), None
        if self._known_under is not trust:
            self._known.clear()
            self._known_under = trust
        known = self._known.get(text)
        try:
            if known is None or now.wall >= trust.ends:
                authentic = authenticate(text, trust=trust, base_url=self.base_url, now=now.wall)
                known = self._keep(text, know(authentic, trust))
        except RefusedError as refused:
            return Finding(reason=refused.reason), None
        finding = check(
            known.authentic,
            trust=trust,
            look_up=self.follower.replica.look_up,
            fresh=self.follower.is_fresh(now),
            now=now.wall,
        )
        return finding, known

    def _keep(self, text: str, known: Known) -> Known:
        # Bare digits alone: a URL has many spellings, and each would take a place.
        if self._capacity and text.isdigit():
            if len(self._known) >= self._capacity:
                del self._known[next(iter(self._known))]
            self._known[text] = known
        return known

    def _keep_current(self, now: Instant) -> None:
        """Ask the feed for news, once in each turn of the event loop.

        A scan that was sent after a change was acknowledged is read in a later turn than any scan before
        it, so it always finds the change.
        """
        if not self._is_current:
            self._is_current = True
            asyncio.get_running_loop().call_soon(self._next_turn)
            self.follower.refresh(now)

    def _next_turn(self) -> None:
        self._is_current = False
