"""`liangzheng keys`: create keys, list them, publish the trust list."""

import re
from pathlib import Path
from typing import Annotated

import orjson
import typer

from keys.ring import Entry
from keys.trust import Purpose
from verifier import settings
from verifier.certificate.dates import iso
from verifier.certificate.model import Kind
from verifier.cli import options
from verifier.cli.office import Office, seconds_now
from verifier.register import authorities

app = typer.Typer(help="Keys and the trust list.", rich_markup_mode=None)

_PURPOSES = ("root", *Purpose)


@app.command("create")
def create(
    purpose: Annotated[str, typer.Argument(help="root, certificate or status.")],
    issuer: Annotated[str | None, typer.Option(metavar="CODE", help="Whose certificates it signs.")] = None,
    kind: Annotated[
        list[str] | None, typer.Option(help="A kind that it may sign; may be repeated; default: all.")
    ] = None,
) -> None:
    """Make a key. Publish the trust list after it, so that verifiers know it."""
    kinds = {known.name.lower(): int(known) for known in Kind}
    if purpose not in _PURPOSES or not set(kind or ()) <= set(kinds):
        raise typer.BadParameter(f"purposes are {', '.join(_PURPOSES)}; kinds are {', '.join(kinds)}")
    if issuer is not None and not re.fullmatch("[0-9A-Za-z]{1,18}", issuer):
        raise typer.BadParameter("an issuer's code is 1 to 18 letters and digits")
    office = Office(settings.read(), create=True)
    if purpose == "root":
        office.ring.create_root()
        options.say(f"root key made; verifiers pin {office.settings.root_key_file}")
        return
    entry = office.ring.create(
        Purpose(purpose),
        now=seconds_now(),
        issuer=issuer,
        kinds=tuple(kinds[name] for name in kind) if kind else tuple(kinds.values()),
    )
    options.say(f"{purpose} key {entry.kid} made; publish it with `liangzheng keys trust`")


@app.command("list")
def list_keys(json: options.Json = False) -> None:
    """List the keys of the ring."""
    entries = Office(settings.read()).ring.entries()
    if json:
        content = [
            entry.model_dump(mode="json", exclude={"x", "y"}) | {"kinds": _kinds(entry)} for entry in entries
        ]
        options.say(orjson.dumps(content).decode())
        return
    for entry in entries:
        kinds = ",".join(_kinds(entry)) or "-"
        owner = entry.issuer or "-"
        since = iso(entry.since)
        options.say(f"{entry.kid}  {entry.state:11}  {entry.purpose:11}  {owner:8}  {kinds}  since {since}")


@app.command("trust")
def trust(
    directory: Annotated[
        Path | None,
        typer.Argument(
            exists=True,
            dir_okay=False,
            help="TOML with [[issuers]] and [[agencies]] to enter first; see docs/operations.md.",
        ),
    ] = None,
) -> None:
    """Sign and publish the trust list and the directory of agencies, under the next version."""
    office, now = Office(settings.read(), create=True), seconds_now()
    listed = authorities.parse(directory.read_bytes()) if directory else None
    published = office.publish_trust(now, listed)
    for entry in office.ring.entries():
        if entry.issuer and entry.issuer not in published.issuers:
            options.note(
                f"left out: key {entry.kid} of issuer {entry.issuer}, which the register does not know"
            )
    options.say(
        f"published trust list {published.version}: {len(published.issuers)} issuers, "
        f"{len(published.keys)} keys, {len(published.agencies)} agencies, until {iso(published.ends)}"
    )


def _kinds(entry: Entry) -> list[str]:
    return [Kind(kind).name.lower() for kind in entry.kinds] if entry.issuer else []
