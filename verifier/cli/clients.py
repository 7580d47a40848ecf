"""`liangzheng clients`: who may use the agencies' API."""

import json as text
from dataclasses import asdict
from typing import Annotated

import typer

from verifier import settings
from verifier.certificate.dates import add_months, iso
from verifier.cli import options
from verifier.cli.office import Office, seconds_now
from verifier.register import calls, clients

app = typer.Typer(help="Clients of the agencies' API, and their tokens.", rich_markup_mode=None)
_MONTHS = 12


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="What it is called in lists.")],
    authority: Annotated[str, typer.Option(metavar="CODE", help="The issuing authority, e.g. 650000.")],
    action: Annotated[
        list[str],
        typer.Option(help=f"What it may do; may be repeated; `all`, or of {', '.join(clients.ACTIONS)}."),
    ],
    agency: Annotated[
        str | None, typer.Option(help="The agency that it acts for; default: the authority itself.")
    ] = None,
    until: Annotated[
        int | None,
        typer.Option(parser=options.instant, metavar="DATE", help="When its token ends; default: in a year."),
    ] = None,
) -> None:
    """Make a client, and print its token: this once, since it is kept as a hash alone."""
    office, now = Office(settings.read()), seconds_now()
    with office.database.writing() as connection:
        client, token = clients.create(
            connection,
            name=name,
            authority=authority,
            agency=agency,
            actions=clients.ACTIONS if action == ["all"] else action,
            expires=until or add_months(now, _MONTHS),
            now=now,
        )
    options.note(f"client {client.id} may {', '.join(sorted(client.actions))} until {iso(client.expires)}")
    options.say(token)


@app.command("list")
def list_clients(json: options.Json = False) -> None:
    """List the clients; nothing tells their tokens."""
    office, now = Office(settings.read()), seconds_now()
    with office.database.reading() as connection:
        known = clients.all_clients(connection)
    for client in known:
        facts = {
            "id": client.id,
            "name": client.name,
            "authority": client.authority,
            "agency": client.agency,
            "actions": sorted(client.actions),
            "until": iso(client.expires),
            "live": client.is_live(now),
        }
        if json:
            options.say(text.dumps(facts, ensure_ascii=False))
            continue
        state = "live" if client.is_live(now) else "withdrawn" if client.withdrawn else "expired"
        whose = f"{client.authority} {client.agency or ''}".strip()
        options.say(f"{client.id}  {state:9}  {client.name}  {whose}  {','.join(sorted(client.actions))}")


@app.command("withdraw")
def withdraw(client: Annotated[str, typer.Argument(help="Its id.")]) -> None:
    """Make a client's token worthless, from its next request on."""
    office, now = Office(settings.read()), seconds_now()
    with office.database.writing() as connection:
        withdrawn = clients.withdraw(connection, client, now)
    options.say(f"withdrew {withdrawn.id} ({withdrawn.name})")


@app.command("calls")
def list_calls(
    client: Annotated[str | None, typer.Option(metavar="ID", help="Only those of one client.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")] = 50,
    json: options.Json = False,
) -> None:
    """List the newest calls of the API: when, who, what, and how it was answered."""
    office = Office(settings.read())
    with office.database.reading() as connection:
        newest = calls.newest(connection, client=client, limit=limit)
    for call in newest:
        if json:
            options.say(text.dumps(asdict(call) | {"time": iso(call.time)}))
            continue
        subject = call.subject or "-"
        options.say(f"{iso(call.time)}  {call.client or '-':12}  {call.status}  {call.action}  {subject}")
