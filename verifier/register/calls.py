"""What was asked over the agencies' API: the trail of all calls, and the answers that a repeat gets."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Final

from sqlalchemy import Connection, bindparam, delete, insert, select

from verifier.certificate.errors import LiangzhengError
from verifier.register import tables

KEPT_SECONDS: Final = 7 * 86_400
"""How long an answer is kept for a repeat of its request."""


_KEPT: Final = tables.idempotency.c
_ANSWERED: Final = select(_KEPT.fingerprint, _KEPT.status, _KEPT.headers, _KEPT.body).where(
    _KEPT.client == bindparam("by"), _KEPT.key == bindparam("named")
)
_NOTE: Final = insert(tables.call)
_KEEP: Final = insert(tables.idempotency)


class KeyReusedError(LiangzhengError, ValueError):
    """An idempotency key came with another request than before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of the API. Nothing of what was sent or answered but a certificate number."""

    time: int
    client: str | None
    request: str
    """A name for the request, also in its answer."""
    action: str
    """Method and route."""
    subject: str | None
    status: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What an HTTP request is answered."""

    status: int
    body: bytes
    headers: Mapping[str, str]


def note(connection: Connection, call: Call) -> None:
    """Enter a call in the trail."""
    connection.execute(_NOTE, asdict(call))


def newest(connection: Connection, *, client: str | None, limit: int) -> list[Call]:
    """Give the newest calls, the newest first.

    Args:
        connection: an open connection.
        client: only its calls; None: all.
        limit: how many at most.
    """
    columns = tables.call.c
    names = [columns[field.name] for field in fields(Call)]
    query = select(*names).order_by(columns.id.desc()).limit(limit)
    if client is not None:
        query = query.where(columns.client == client)
    return [Call(**row._asdict()) for row in connection.execute(query)]


def answered(connection: Connection, client: str, key: str, fingerprint: bytes) -> Answer | None:
    """Give what a request with this key was answered; None where it is new.

    Raises:
        KeyReusedError: the key was used for another request.
    """
    row = connection.execute(_ANSWERED, {"by": client, "named": key}).first()
    if row is None:
        return None
    if row.fingerprint != fingerprint:
        raise KeyReusedError("this Idempotency-Key was used for another request")
    return Answer(row.status, row.body, json.loads(row.headers))


def forget(connection: Connection, now: int) -> None:
    """Forget the answers that are too old to be given again."""
    connection.execute(delete(tables.idempotency).where(tables.idempotency.c.time < now - KEPT_SECONDS))


def keep(
    connection: Connection, client: str, key: str, *, fingerprint: bytes, answer: Answer, now: int
) -> None:
    """Keep an answer for repeats."""
    connection.execute(
        _KEEP,
        {
            "client": client,
            "key": key,
            "time": now,
            "fingerprint": fingerprint,
            "status": answer.status,
            "headers": json.dumps(dict(answer.headers)),
            "body": answer.body,
        },
    )
