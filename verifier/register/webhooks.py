"""Webhooks: where changes are sent to, how far they were taken, and when to try again.

A row is the only memory of a delivery: `after` moves when a receiver has taken a batch, and `sending` says
which batch is on its way, so that a repeat, even by another process, is the same batch under the same name.
"""

import ipaddress
import secrets
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from verifier.certificate.errors import LiangzhengError
from verifier.register import clients, tables
from verifier.register.clients import Client
from verifier.register.errors import NotFoundError

MOST_WEBHOOKS: Final = 200
MOST_URL_CHARACTERS: Final = 400
_MOST_FAULT: Final = 200
_FOREVER: Final = 1 << 62


class WebhookError(LiangzhengError, ValueError):
    """A webhook cannot be made like this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """One webhook. Times are seconds since 1970."""

    id: str
    client: str
    url: str
    after: int
    """The last event that was taken, or was none of the client's business."""
    sending: int | None
    """The last event of the batch that is on its way."""
    failures: int
    """Since a batch was last taken."""
    next_try: int
    fault: str | None
    """Why the last batch was not taken."""


def read_url(url: str) -> str:
    """Read where changes go to: https, or http to this machine.

    Returns:
        The URL in its normal form: what a receiver puts together from the request line and the Host.

    Raises:
        WebhookError: it is no such URL.
    """
    if len(url) > MOST_URL_CHARACTERS or not all("!" <= character <= "~" for character in url):
        raise WebhookError(f"a URL has at most {MOST_URL_CHARACTERS} printable ASCII characters")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise WebhookError("that is no URL") from error
    if not parts.hostname or "@" in parts.netloc or "#" in url or "\\" in url:
        raise WebhookError("a URL has a host, and neither a user nor a fragment")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_this_machine(parts.hostname)):
        raise WebhookError("changes go over https, or over http to this machine alone")
    return urlunsplit((parts.scheme, parts.netloc.lower(), parts.path or "/", parts.query, ""))


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def add(connection: Connection, *, client: str, url: str, after: int) -> Webhook:
    """Have changes sent to a URL.

    Args:
        connection: the writer's.
        client: whose; its area is what is told of.
        url: where to.
        after: the last event that the client knows already.

    Raises:
        NotFoundError: there is no such client.
        WebhookError: nothing may be sent there, the client may not read changes, or there are too many.
    """
    url = read_url(url)
    if "changes" not in clients.by_id(connection, client).actions:
        raise WebhookError(f"client {client} may not read changes")
    columns = tables.webhook.c
    if connection.scalar(select(columns.id).where(columns.client == client, columns.url == url)):
        raise WebhookError("changes are sent there already")
    if (connection.scalar(select(func.count()).select_from(tables.webhook)) or 0) >= MOST_WEBHOOKS:
        raise WebhookError(f"there are {MOST_WEBHOOKS} webhooks: remove one first")
    row = secrets.token_hex(6)
    connection.execute(
        insert(tables.webhook).values(
            id=row, client=client, url=url, after=after, failures=0, next_try=0, fault=None
        )
    )
    return by_id(connection, row)


def remove(connection: Connection, webhook: str) -> Webhook:
    """Have nothing more sent.

    Raises:
        NotFoundError: there is no such webhook.
    """
    removed = by_id(connection, webhook)
    connection.execute(delete(tables.webhook).where(tables.webhook.c.id == webhook))
    return removed


def by_id(connection: Connection, webhook: str) -> Webhook:
    """Give a webhook.

    Raises:
        NotFoundError: there is none.
    """
    row = connection.execute(select(tables.webhook).where(tables.webhook.c.id == webhook)).first()
    if row is None:
        raise NotFoundError(f"no webhook {webhook}")
    return _webhook(row)


def all_webhooks(connection: Connection) -> list[tuple[Webhook, Client]]:
    """Give all webhooks with their clients, by client."""
    columns = tables.webhook.c
    rows = connection.execute(select(tables.webhook).order_by(columns.client, columns.url))
    return [(_webhook(row), clients.by_id(connection, row.client)) for row in rows]


def begin(connection: Connection, webhook: Webhook, *, sending: int, until: int) -> bool:
    """Enter that a batch is on its way, before it is.

    Args:
        connection: the writer's.
        webhook: as it was when the batch was read.
        sending: the last event of the batch.
        until: when others may try, if nothing was heard.

    Returns:
        False if something else was entered since: then another process sends, or it was removed.
    """
    columns = tables.webhook.c
    seen = (
        columns.id == webhook.id,
        columns.after == webhook.after,
        columns.next_try == webhook.next_try,
        columns.sending.is_not_distinct_from(webhook.sending),
    )
    done = connection.execute(update(tables.webhook).where(*seen).values(sending=sending, next_try=until))
    return bool(done.rowcount)


def move(connection: Connection, webhook: Webhook, *, after: int, now: int) -> None:
    """Enter that all up to an event was taken, or is none of the client's business."""
    columns = tables.webhook.c
    connection.execute(
        update(tables.webhook)
        .where(columns.id == webhook.id, columns.after == webhook.after)
        .values(after=after, sending=None, failures=0, next_try=now, fault=None)
    )


def fail(connection: Connection, webhook: Webhook, *, fault: str, next_try: int) -> None:
    """Enter that a batch was not taken."""
    columns = tables.webhook.c
    connection.execute(
        update(tables.webhook)
        .where(columns.id == webhook.id, columns.after == webhook.after)
        .values(failures=webhook.failures + 1, next_try=min(next_try, _FOREVER), fault=fault[:_MOST_FAULT])
    )


def _webhook(row: Row[Any]) -> Webhook:
    return Webhook(
        id=row.id,
        client=row.client,
        url=row.url,
        after=row.after,
        sending=row.sending,
        failures=row.failures,
        next_try=row.next_try,
        fault=row.fault,
    )
