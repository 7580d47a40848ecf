"""Reads the register for the app, in a few threads: no query holds up what else is served."""

import asyncio
from collections.abc import Callable
from typing import Final, TypeVar

from anyio import CapacityLimiter, to_thread
from sqlalchemy import Connection

from verifier.records.tally import TALLY_SECONDS, Tally, count
from verifier.register.database import Database

READERS: Final = 4
"""Queries at the same time, each with a connection of its own."""
_OLDEST_SECONDS: Final = 10 * TALLY_SECONDS
"""How old counts may be that are shown while they are counted anew."""

T = TypeVar("T")


class Reader:
    """Reads one register.

    Args:
        database: opened by `open_reading`: nothing is written through it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._limiter = CapacityLimiter(READERS)
        self._tally: Tally | None = None
        self._counting: asyncio.Task[Tally] | None = None

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Run a query on one state of the register.

        Raises:
            RegisterError: the register cannot be read.
        """
        return await to_thread.run_sync(self._run, query, limiter=self._limiter)

    async def tally(self, now: int) -> Tally:
        """Give the counts of a minute ago at the most, if the register was asked for them so often.

        After a pause the older ones are given while they are counted anew; very old ones are not.

        Raises:
            RegisterError: the register cannot be read, and there are no counts that could be shown.
        """
        known = self._tally
        age = now - known.as_of if known else _OLDEST_SECONDS
        if known is not None and 0 <= age < TALLY_SECONDS:
            return known
        if self._counting is None or self._counting.done():
            self._counting = asyncio.create_task(self._count(now))
            self._counting.add_done_callback(_seen)
        if known is not None and 0 <= age < _OLDEST_SECONDS:
            return known
        return await asyncio.shield(self._counting)

    async def close(self) -> None:
        """End what is being counted, and close the register."""
        if self._counting is not None:
            await asyncio.wait([self._counting])
        self._database.close()

    async def _count(self, now: int) -> Tally:
        self._tally = await self.read(lambda connection: count(connection, now))
        return self._tally

    def _run(self, query: Callable[[Connection], T]) -> T:
        with self._database.reading() as connection:
            return query(connection)


def _seen(counting: asyncio.Task[Tally]) -> None:
    """Take note of a failure, which whoever waited was told; the next request counts anew."""
    if not counting.cancelled():
        counting.exception()
