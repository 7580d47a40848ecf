"""`liangzheng webhooks`: where changes are sent to."""

import asyncio
from typing import Annotated

import orjson
import typer

from verifier import settings
from verifier.certificate.dates import iso
from verifier.cli import options
from verifier.cli.office import Office, seconds_now
from verifier.issuing.webhooks import deliver, deliver_due, http_client
from verifier.register import webhooks
from verifier.register.changes import newest

app = typer.Typer(help="Where changes are sent to, signed.", rich_markup_mode=None)


@app.command("add")
def add(
    client: Annotated[str, typer.Argument(help="The client's id; its area is what is told of.")],
    url: Annotated[str, typer.Argument(help="https, or http to this machine.")],
    after: Annotated[
        int | None,
        typer.Option(metavar="EVENT", min=0, help="Send what came after it; 0: all; default: from now on."),
    ] = None,
) -> None:
    """Have changes sent to a URL."""
    office = Office(settings.read())
    with office.database.writing() as connection:
        last = newest(connection)
        added = webhooks.add(connection, client=client, url=url, after=last if after is None else after)
    options.say(f"webhook {added.id}: changes after event {added.after} go to {added.url}")


@app.command("list")
def list_webhooks(json: options.Json = False) -> None:
    """List the webhooks, how far each is, and why the last request failed."""
    office, now = Office(settings.read()), seconds_now()
    with office.database.reading() as connection:
        known, last = webhooks.all_webhooks(connection), newest(connection)
    for webhook, client in known:
        live = client.is_live(now)
        if json:
            facts = {
                "id": webhook.id,
                "client": webhook.client,
                "url": webhook.url,
                "after": webhook.after,
                "behind": max(0, last - webhook.after),
                "failures": webhook.failures,
                "fault": webhook.fault,
                "next_try": iso(webhook.next_try) if webhook.failures else None,
                "live": live,
            }
            options.say(orjson.dumps(facts).decode())
            continue
        state = f"failed {webhook.failures} times: {webhook.fault}" if webhook.failures else "well"
        where = f"{webhook.id}  {webhook.client}  {webhook.url}  after event {webhook.after} of {last}"
        options.say(f"{where}  {state if live else 'the token has ended: nothing is sent'}")


@app.command("remove")
def remove(webhook: Annotated[str, typer.Argument(help="Its id.")]) -> None:
    """Have nothing more sent to a URL."""
    office = Office(settings.read())
    with office.database.writing() as connection:
        removed = webhooks.remove(connection, webhook)
    options.say(f"removed {removed.id}: nothing more goes to {removed.url}")


@app.command("deliver")
def deliver_changes(
    follow: Annotated[bool, typer.Option("--follow", help="Go on until stopped.")] = False,
) -> int:
    """Send what waits to be sent; exit 1 if a receiver did not take it."""
    office = Office(settings.read())
    office.trust()
    asyncio.run(_deliver(office, follow=follow))
    with office.database.reading() as connection:
        failing = [webhook for webhook, _ in webhooks.all_webhooks(connection) if webhook.failures]
    for webhook in failing:
        options.note(f"webhook {webhook.id}: {webhook.fault}; next try {iso(webhook.next_try)}")
    return 1 if failing else 0


async def _deliver(office: Office, *, follow: bool) -> None:
    async with http_client() as client:
        if follow:
            await deliver(office.database, office.status_signer, client, seconds_now)
        while (now := seconds_now()) >= await deliver_due(office.database, office.status_signer, client, now):
            pass
