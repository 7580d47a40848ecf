"""`GET /status/{list}` and `GET /status`: the Token Status Lists, as they were published."""

import gzip
import logging
from collections.abc import Callable
from typing import Final

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from verifier.caching import kept
from verifier.status.follower import FeedError, Follower, Instant, ServedList
from verifier.status.log import LogError
from verifier.status.token_status_list import CWT_TYPE, JWT_TYPE, StatusListError

_log: Final = logging.getLogger(__name__)
_MAX_AGE_SECONDS: Final = 60
"""How long shared caches may keep a list; its own `ttl` is for who uses it."""
_HEADERS: Final = {
    "access-control-allow-origin": "*",  # section 8.1 of the draft: for verifiers in browsers
    "x-content-type-options": "nosniff",
}
_RETRY: Final = {"retry-after": "2"}


class StatusLists:
    """Serves the lists that the node has verified. One that ended, or that cannot be had, is not served.

    Args:
        follower: where they come from.
        clock: reads the clocks.
    """

    def __init__(self, follower: Follower, clock: Callable[[], Instant]) -> None:
        self._follower = follower
        self._clock = clock
        self._packed: dict[int, tuple[bytes, bytes]] = {}

    def routes(self) -> list[Route]:
        """Give the routes."""
        return [Route("/status", self._all), Route("/status/{list:status_list}", self._one)]

    async def _one(self, request: Request) -> Response:
        now = self._clock()
        number = int(request.path_params["list"])
        try:
            found = self._follower.refreshed(now).status_list(number, now)
        except (FeedError, LogError, StatusListError) as error:
            _log.warning("status list %d: %s", number, error)
            raise HTTPException(503, "This status list cannot be had right now.", _RETRY) from error
        if found is None:
            raise HTTPException(404, "There is no such status list.")
        age = min(_MAX_AGE_SECONDS, int(found.expires - now.wall))
        headers = _HEADERS | {"cache-control": f"public, max-age={age}", "vary": "accept, accept-encoding"}
        if JWT_TYPE not in request.headers.get("accept", ""):
            return kept(request, found.cwt, CWT_TYPE, headers)
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return kept(request, found.jwt, JWT_TYPE, headers)
        packed = self._packed_jwt(number, found)
        return kept(request, packed, JWT_TYPE, headers | {"content-encoding": "gzip"})

    def _packed_jwt(self, number: int, found: ServedList) -> bytes:
        """Compress each list once, and not for everyone who asks."""
        of, packed = self._packed.get(number, (b"", b""))
        if of != found.jwt:
            packed = gzip.compress(found.jwt, mtime=0)
            self._packed[number] = found.jwt, packed
        return packed

    async def _all(self, request: Request) -> Response:
        try:
            uris = self._follower.refreshed(self._clock()).status_list_uris()
        except FeedError as error:
            _log.warning("status lists: %s", error)
            raise HTTPException(503, "The status lists cannot be had right now.", _RETRY) from error
        body = orjson.dumps({"status_lists": uris})
        headers = _HEADERS | {"cache-control": f"public, max-age={_MAX_AGE_SECONDS}"}
        return kept(request, body, "application/json", headers)
