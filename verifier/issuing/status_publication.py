"""When Token Status Lists are published: after a change, when a suspension ends, and before they grow old."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool

from keys.trust import TrustList
from verifier.certificate.cose import Signer
from verifier.certificate.errors import LiangzhengError
from verifier.register import status_lists
from verifier.register.database import Database
from verifier.register.ledger import TrustSource
from verifier.status.log import LogError

_log: Final = logging.getLogger(__name__)
PASS_SECONDS: Final = 1
"""At most one pass in this time: however many events there are, each list is signed once."""


class StatusPublisher:
    """Publishes the lists of one register.

    Args:
        database: the register.
        trust: gives the published trust list.
        signer: opens the status key that verifiers of a trust list go by.
    """

    def __init__(
        self, database: Database, trust: TrustSource, signer: Callable[[TrustList | None], Signer]
    ) -> None:
        self._database = database
        self._trust = trust
        self._signer = signer
        self._seen = 0

    def publish(self, now: int) -> list[int]:
        """Publish what is due; a moment's look where nothing is.

        Returns:
            The numbers of the lists that were signed.

        Raises:
            LogError: the log is not what its head was signed over, or ends before what was published.
            RegisterError: the register cannot be used.
            TrustError: the trust list does not hold.
            KeyFileError: the status key cannot be opened.
        """
        with self._database.reading() as connection:
            self._require_forward(connection)
            trust = self._trust(connection)
            if trust is None or not status_lists.is_due(connection, trust, now):
                return []
        with self._database.writing() as connection:
            trust = self._trust(connection)
            assert trust is not None, "no trust list is ever taken back"
            self._require_forward(connection)
            return status_lists.republish(connection, trust, self._signer(trust), now=now)

    def _require_forward(self, connection: Connection) -> None:
        """Refuse a register that was put back from a copy: what it forgot would be signed as valid."""
        last = status_lists.last_entry(connection)
        if last < self._seen:
            raise LogError(
                f"the log went back from {self._seen} to {last}; if it was restored, start this process anew"
            )
        self._seen = last


async def keep_published(
    publisher: StatusPublisher,
    clock: Callable[[], int],
    *,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Publish until cancelled. What fails is tried again; what is out grows old meanwhile, and ends."""
    fault = None
    while True:
        try:
            await run_in_threadpool(publisher.publish, clock())
            fault = None
        except LiangzhengError as error:
            if str(error) != fault:
                _log.warning("status lists cannot be published: %s", error)
            fault = str(error)
        await sleep(PASS_SECONDS)
