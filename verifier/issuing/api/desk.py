"""What the routes work with: the register, the one writer, the keys, the photos, and the clock."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Final, TypeVar

from sqlalchemy import Connection

from keys.trust import TrustList
from verifier.certificate.cose import Signer
from verifier.issuing.jobs import Jobs
from verifier.issuing.proposals import Means
from verifier.issuing.status_publication import StatusPublisher
from verifier.photos import PhotoStore
from verifier.register.clients import Client
from verifier.register.database import Database
from verifier.register.ledger import Ledger
from verifier.register.writer import Writer

T = TypeVar("T")
_MOST_CLIENTS: Final = 1_000


class KnownClients:
    """Clients by their tokens, as they were when last asked for: whether a token is still good, ask again."""

    def __init__(self) -> None:
        self._known: dict[str, Client] = {}

    def get(self, token: str) -> Client | None:
        """Give the client of a token, if it was seen before."""
        return self._known.get(token)

    def keep(self, token: str, client: Client) -> None:
        """Remember one; all are forgotten when they become too many."""
        if len(self._known) >= _MOST_CLIENTS:
            self._known.clear()
        self._known[token] = client


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One process's."""

    database: Database
    writer: Writer
    means: Means
    """What it takes to issue."""
    status_signer: Callable[[], Signer]
    status_publisher: StatusPublisher
    """Signs what is sent to webhooks, as it signs the heads of the log."""
    trust: Callable[[Connection], TrustList]
    """Gives the published trust list."""
    photos: PhotoStore
    jobs: Jobs
    clock: Callable[[], float] = time.time
    clients: KnownClients = field(default_factory=KnownClients)

    def now(self) -> int:
        """Read the clock: once in each request."""
        return int(self.clock())

    async def write(self, work: Callable[[Ledger], T]) -> T:
        """Have something written; answers after the commit."""
        return await asyncio.wrap_future(self.writer.submit(work))

    def reading(self) -> AbstractContextManager[Connection]:
        """Give a connection that sees one state of the register."""
        return self.database.reading()
