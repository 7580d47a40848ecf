"""What the routes work with: the register, the one writer, the keys, the photos, and the clock."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Connection

from verifier.certificate.cose import Signer
from verifier.certificate.model import Kind
from verifier.register.database import Database
from verifier.register.ledger import Ledger
from verifier.register.writer import Writer

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One process's."""

    database: Database
    writer: Writer
    signer_of: Callable[[str, Kind], Signer]
    """Opens the key of an issuer for a kind."""
    base_url: str
    """Where scans are answered."""

    def now(self) -> int:
        """Read the clock: once in each request."""
        return int(time.time())

    async def write(self, work: Callable[[Ledger], T]) -> T:
        """Have something written; answers after the commit."""
        return await asyncio.wrap_future(self.writer.submit(work))

    def reading(self) -> AbstractContextManager[Connection]:
        """Give a connection that sees one state of the register."""
        return self.database.reading()
