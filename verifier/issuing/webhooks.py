"""Sends changes to those who asked for it: at least once, in order, signed (XJ-EM-2020 Art 14).

For each webhook: read the batch after its cursor; enter that it is on its way; POST it; on a 2xx move the
cursor, in a transaction of its own. Whatever fails or dies in between, the same batch is sent again under
the same `webhook-id`; a receiver drops what it has by that, or by the ids of the changes.
"""

import asyncio
import secrets
import ssl
from collections.abc import Awaitable, Callable
from typing import Final

import httpx2 as httpx
import orjson

from verifier.certificate.cose import Signer
from verifier.issuing.message_signatures import content_digest, sign_post
from verifier.register import webhooks
from verifier.register.changes import Page, changes, newest
from verifier.register.clients import Client
from verifier.register.database import Database, RegisterError
from verifier.register.webhooks import Webhook

BATCH: Final = 100
"""Changes of one request."""
CONNECT_SECONDS: Final = 5.0
TOTAL_SECONDS: Final = 10.0
"""How long a receiver may take, from the connection to the end of its answer."""
MOST_ANSWER_BYTES: Final = 16_384
"""Of an answer's body; it is read so that the connection can be used again, and means nothing."""
SHORTEST_PAUSE_SECONDS: Final = 10
LONGEST_PAUSE_SECONDS: Final = 3_600
_LEASE_SECONDS: Final = 30
"""When another process may send a batch that nothing was heard of: well beyond `TOTAL_SECONDS`."""
_POLL_SECONDS: Final = 2
"""How long a change waits at most before it is sent, where all goes well."""
_AT_ONCE: Final = 16
"""Receivers that are sent to at the same time."""
_SKIPPED: Final = 1_000
"""Events of no business of a client's after which moving its cursor is worth a transaction."""
SignerNow = Callable[[], Signer]
"""Opens the key that verifiers go by at the moment."""

_draw: Final = secrets.SystemRandom().random


def http_client() -> httpx.AsyncClient:
    """Give the client that deliveries are made with: the system's authorities, no proxy, no redirects."""
    return httpx.AsyncClient(
        verify=ssl.create_default_context(),
        timeout=httpx.Timeout(TOTAL_SECONDS, connect=CONNECT_SECONDS),
        limits=httpx.Limits(max_connections=_AT_ONCE),
        follow_redirects=False,
        trust_env=False,
        headers={"user-agent": "liangzheng"},
    )


def pause(failures: int, chance: float) -> int:
    """Give how many seconds to wait after so many failures in a row: doubling, within bounds.

    Args:
        failures: 1 or more.
        chance: 0 to 1; takes off up to a quarter, so that receivers that failed together are tried apart.
    """
    doubled = min(LONGEST_PAUSE_SECONDS, SHORTEST_PAUSE_SECONDS << min(failures - 1, 16))
    return max(SHORTEST_PAUSE_SECONDS, int(doubled * (1 - chance / 4)))


async def deliver_due(
    database: Database,
    signer: SignerNow,
    client: httpx.AsyncClient,
    now: int,
    *,
    jitter: Callable[[], float] = _draw,
) -> int:
    """Send each webhook that is due one batch of what happened since the last.

    Args:
        database: the register.
        signer: opens a status key of the published trust list.
        client: as `http_client` makes it.
        now: the time, in seconds since 1970.
        jitter: draws from 0 to 1.

    Returns:
        When to call again; `now` if there is more to send at once.

    Raises:
        RegisterError: the register cannot be used; nothing is lost.
    """
    known, last = await asyncio.to_thread(_known, database, now)
    room = asyncio.Semaphore(_AT_ONCE)

    async def in_turn(webhook: Webhook, reader: Client) -> bool:
        async with room:
            return await _deliver(database, signer, client, webhook, reader, now=now, jitter=jitter)

    due = [each for each in known if each[0].next_try <= now and each[0].after < last]
    outcomes = await asyncio.gather(*(in_turn(*each) for each in due), return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
    return now if any(outcomes) else now + _POLL_SECONDS


async def deliver(
    database: Database,
    signer: SignerNow,
    client: httpx.AsyncClient,
    clock: Callable[[], int],
    *,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Go on sending until cancelled; a register that cannot be used is tried again."""
    while True:
        try:
            wake = await deliver_due(database, signer, client, clock())
        except RegisterError:  # it is busy, or away: readiness and the writes say so, and the cursors wait
            wake = clock() + SHORTEST_PAUSE_SECONDS
        await sleep(max(0, wake - clock()))


def _known(database: Database, now: int) -> tuple[list[tuple[Webhook, Client]], int]:
    with database.reading() as connection:
        known = [
            (webhook, reader)
            for webhook, reader in webhooks.all_webhooks(connection)
            if reader.is_live(now) and "changes" in reader.actions
        ]
        return known, newest(connection)


async def _deliver(
    database: Database,
    signer: SignerNow,
    client: httpx.AsyncClient,
    webhook: Webhook,
    reader: Client,
    *,
    now: int,
    jitter: Callable[[], float],
) -> bool:
    """Send one batch; tell whether there is more at once."""
    page = await asyncio.to_thread(_begin, database, webhook, reader, now)
    if page is None:
        return False
    if not page.changes:
        return page.more
    fault = await _post(client, signer, webhook, page, now)

    def enter() -> None:
        with database.writing() as connection:
            if fault is None:
                webhooks.move(connection, webhook, after=page.next, now=now)
            else:
                next_try = now + pause(webhook.failures + 1, jitter())
                webhooks.fail(connection, webhook, fault=fault, next_try=next_try)

    await asyncio.to_thread(enter)
    return fault is None and page.more


def _begin(database: Database, webhook: Webhook, reader: Client, now: int) -> Page | None:
    """Read the next batch and enter that it is on its way; None if there is none, or another sends it."""
    with database.reading() as connection:
        page = changes(
            connection, reader.actor, after=webhook.after, now=now, limit=BATCH, up_to=webhook.sending
        )
    if page.changes:
        with database.writing() as connection:
            begun = webhooks.begin(connection, webhook, sending=page.next, until=now + _LEASE_SECONDS)
        return page if begun else None
    if page.next - webhook.after >= _SKIPPED or webhook.sending is not None:
        with database.writing() as connection:
            webhooks.move(connection, webhook, after=page.next, now=now)
        return page
    return None


async def _post(
    client: httpx.AsyncClient, signer: SignerNow, webhook: Webhook, page: Page, now: int
) -> str | None:
    """POST a batch; give why it was not taken, in one line that is fit for anybody, or None."""
    body = orjson.dumps(page.as_json())
    covered = {
        "content-digest": content_digest(body),
        "content-type": "application/json",
        "webhook-id": f"{webhook.id}.{webhook.after}.{page.next}",
    }
    try:
        uri = str(httpx.URL(webhook.url))  # as it is sent
        signature = sign_post(uri, covered, signer=signer(), created=now, nonce=secrets.token_hex(16))
        async with (
            asyncio.timeout(TOTAL_SECONDS),
            client.stream("POST", uri, content=body, headers={**covered, **signature}) as response,
        ):
            await _read(response)
    except (TimeoutError, httpx.TimeoutException):
        return f"no answer within {TOTAL_SECONDS:.0f} seconds"
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError):
        return "no connection, or no certificate that holds"
    if response.is_redirect:
        return f"answered {response.status_code}: redirects are not followed"
    return None if response.is_success else f"answered {response.status_code}"


async def _read(response: httpx.Response) -> None:
    received = 0
    async for part in response.aiter_raw():
        received += len(part)
        if received > MOST_ANSWER_BYTES:
            return
