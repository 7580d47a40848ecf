"""How often one address may look up: a moving window in the memory of each worker.

An IPv6 address counts with its whole /64, which one household or phone has. Memory is bounded: once so many
addresses are known, all that are not share one allotment.
"""

import ipaddress
import time
from math import ceil
from typing import Final

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

ADDRESSES: Final = 5_000
"""Addresses that are told apart within a minute."""
_OTHERS: Final = "others"


class LookUpLimit:
    """Counts the look-ups of each address.

    Args:
        per_minute: how many one address may make within any minute.
    """

    def __init__(self, per_minute: int) -> None:
        self._item = RateLimitItemPerMinute(per_minute)
        self._storage = MemoryStorage()
        self._limiter = MovingWindowRateLimiter(self._storage)

    def wait(self, address: str) -> int | None:
        """Count a look-up.

        Args:
            address: the socket's peer.

        Returns:
            None if it may go on; else the seconds after which it may be tried again.
        """
        key = self._key(address)
        if self._limiter.hit(self._item, key):
            return None
        reset = self._limiter.get_window_stats(self._item, key).reset_time
        return max(1, ceil(reset - time.time()))

    def _key(self, address: str) -> str:
        known = self._storage.events
        if len(known) >= ADDRESSES:
            for key in [key for key, hits in list(known.items()) if not hits]:
                self._storage.clear(key)
        key = _network(address)
        full = len(known) >= ADDRESSES and self._item.key_for(key) not in known
        return _OTHERS if full else key


def _network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.version == 4:
        return str(parsed)
    mapped = parsed.ipv4_mapped
    return str(mapped or ipaddress.ip_network((parsed, 64), strict=False))
