"""Clients of the agencies' API: who they act for, what they may do, and the hashes of their tokens."""

import hashlib
import json
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from verifier.certificate.errors import LiangzhengError
from verifier.register import tables
from verifier.register.actors import Actor, place_of
from verifier.register.authorities import require_agency
from verifier.register.errors import NotFoundError

ACTIONS: Final = (
    "read", "particulars", "changes", "due", "propose", "decide", "issue", "file", "import",
    "suspend", "reinstate", "withdraw", "cancel", "lose", "replace", "reissue", "return", "destroy",
    "ask-review", "uphold", "reverse",
)  # fmt: skip
"""What a token can be for; `particulars` lets `read` show what is never public."""
_SECRET_BYTES: Final = 32
_PREFIX: Final = "lz_"
_MOST_TOKEN: Final = 100
_MOST_NAME: Final = 80


# Built once: each request asks for them, and building a statement costs more than SQLite takes to run it.
_BY_ID: Final = select(tables.client).where(tables.client.c.id == bindparam("client"))
_BY_TOKEN: Final = select(tables.client).where(tables.client.c.secret == bindparam("digest"))


class ClientError(LiangzhengError, ValueError):
    """A client cannot be made like this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One client. Times are seconds since 1970."""

    id: str
    name: str
    authority: str
    agency: str | None
    actions: frozenset[str]
    created: int
    expires: int
    withdrawn: int | None

    @property
    def actor(self) -> Actor:
        """Who acts where this client acts."""
        return Actor(name=f"api:{self.id}", authority=self.authority, agency=self.agency)

    def is_live(self, now: float) -> bool:
        """Tell whether its token is good at a time."""
        return self.withdrawn is None and now < self.expires


def create(
    connection: Connection,
    *,
    name: str,
    authority: str,
    agency: str | None,
    actions: Collection[str],
    expires: int,
    now: int,
) -> tuple[Client, str]:
    """Enter a client.

    Returns:
        The client and its token, which is told once and kept nowhere.

    Raises:
        ClientError: an action that is none, no name, or an end that has passed.
        NotFoundError: the register does not know the authority, or the agency under it.
    """
    unknown = sorted(set(actions) - set(ACTIONS))
    if unknown or not actions:
        raise ClientError(f"unknown action {unknown[0]!r}" if unknown else "it may do nothing")
    if not name.strip() or len(name) > _MOST_NAME or not name.isprintable():
        raise ClientError(f"the name must be 1 to {_MOST_NAME} characters that show")
    if expires <= now:
        raise ClientError("its end has passed")
    place_of(connection, authority)
    if agency is not None:
        require_agency(connection, authority, agency)
    token = _PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
    client = Client(
        id=secrets.token_hex(6),
        name=name,
        authority=authority,
        agency=agency,
        actions=frozenset(actions),
        created=now,
        expires=expires,
        withdrawn=None,
    )
    connection.execute(
        insert(tables.client).values(
            id=client.id,
            name=name,
            secret=_digest(token),
            authority=authority,
            agency=agency,
            actions=json.dumps(sorted(client.actions)),
            created=now,
            expires=expires,
        )
    )
    return client, token


def withdraw(connection: Connection, client: str, now: int) -> Client:
    """Make a client's token worthless, from the next request on.

    Raises:
        NotFoundError: there is no such client.
    """
    connection.execute(
        update(tables.client)
        .where(tables.client.c.id == client, tables.client.c.withdrawn.is_(None))
        .values(withdrawn=now)
    )
    return by_id(connection, client)


def by_id(connection: Connection, client: str) -> Client:
    """Give a client.

    Raises:
        NotFoundError: there is none.
    """
    row = connection.execute(_BY_ID, {"client": client}).first()
    if row is None:
        raise NotFoundError(f"no client {client}")
    return _client(row)


def by_token(connection: Connection, token: str) -> Client | None:
    """Give the client of a token, whether it is still good or not; None for a token that is none."""
    if not token.startswith(_PREFIX) or len(token) > _MOST_TOKEN:
        return None
    row = connection.execute(_BY_TOKEN, {"digest": _digest(token)}).first()
    return _client(row) if row is not None else None


def all_clients(connection: Connection) -> list[Client]:
    """Give all clients, the oldest first."""
    query = select(tables.client).order_by(tables.client.c.created, tables.client.c.id)
    return [_client(row) for row in connection.execute(query)]


def _digest(token: str) -> bytes:
    # The token is 256 bits of chance: a slow hash would protect nothing more.
    return hashlib.sha256(token.encode()).digest()


def _client(row: Row[Any]) -> Client:
    return Client(
        id=row.id,
        name=row.name,
        authority=row.authority,
        agency=row.agency,
        actions=frozenset(json.loads(row.actions)),
        created=row.created,
        expires=row.expires,
        withdrawn=row.withdrawn,
    )
