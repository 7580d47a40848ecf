"""`liangzheng keys`: make keys, rotate, retire and compromise them, and publish the trust list."""

import re
import sys
from typing import Annotated, Final

import orjson
import typer

from keys.ring import ALL_KINDS, FILE, where_is
from keys.rotation import Entry, Known, RotationError, find
from keys.trust import KeyState, Purpose
from verifier import settings
from verifier.certificate.dates import iso
from verifier.certificate.model import Kid, Kind
from verifier.cli import options, trusting
from verifier.cli.office import Office, seconds_now
from verifier.issuing import resigning
from verifier.register.database import RegisterError
from verifier.register.feed import DirectFeed
from verifier.status.follower import FeedError, Follower, Instant

app = typer.Typer(help="Keys and the trust list.", rich_markup_mode=None)

_PURPOSES: Final = ("root", *Purpose)
_KINDS: Final = {kind.name.lower(): int(kind) for kind in Kind}
_OVERLAP_DAYS: Final = 7
"""How long before it signs a successor is made, by default: offline verifiers fetch the list meanwhile."""
_DAY: Final = 86_400
_PUBLISH: Final = "publish it with `liangzheng keys trust`"

PurposeArgument = Annotated[str, typer.Argument(help="root, certificate or status.")]
OfIssuer = Annotated[str | None, typer.Option(metavar="CODE", help="Whose certificates it signs.")]
Where = Annotated[
    str | None,
    typer.Option(
        "--in",
        metavar="PLACE",
        help="file, pkcs11:TOKEN or command (docs/signers.md); default: file, or where the one before it is.",
    ),
]
KidArgument = Annotated[str, typer.Argument(metavar="KID", help="The key, as `keys list` names it.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]


@app.command("create")
def create(
    purpose: PurposeArgument,
    issuer: OfIssuer = None,
    kind: Annotated[
        list[str] | None, typer.Option(help="A kind that it may sign; may be repeated; default: all.")
    ] = None,
    where: Where = None,
) -> None:
    """Make a key. Publish the trust list after it, so that verifiers know it."""
    if purpose not in _PURPOSES or not set(kind or ()) <= set(_KINDS):
        raise typer.BadParameter(f"purposes are {', '.join(_PURPOSES)}; kinds are {', '.join(_KINDS)}")
    _require_code(issuer)
    office = Office(settings.read(), create=True)
    if purpose == "root":
        office.custody.create()
        options.say(f"root key made; verifiers pin {office.settings.root_key_file}")
        return
    entry = office.ring.create(
        Purpose(purpose),
        now=seconds_now(),
        issuer=issuer,
        kinds=tuple(_KINDS[name] for name in kind) if kind else ALL_KINDS,
        where=where or FILE,
    )
    options.say(f"{purpose} key {entry.kid} made; {_PUBLISH}")


@app.command("list")
def list_keys(json: options.Json = False) -> None:
    """List the keys of the ring, and what has become of each."""
    office = Office(settings.read())
    entries = office.ring.settled(seconds_now(), _known_or_none(office))
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
        line = f"{entry.kid}  {entry.state:11}  {entry.purpose:11}  {owner:8}  {kinds}  since {since}"
        if entry.location:
            line += f", in {where_is(entry)}"
        if entry.state is KeyState.NEXT and entry.signs_from:
            line += f", signs from {iso(entry.signs_from)}"
        options.say(line)


@app.command("rotate")
def rotate(
    purpose: PurposeArgument,
    issuer: OfIssuer = None,
    from_: Annotated[
        str | None,
        typer.Option("--from", metavar="DATE", help=f"When it takes over; default: in {_OVERLAP_DAYS} days."),
    ] = None,
    at_once: Annotated[
        bool, typer.Option("--now", help="Let it take over as soon as it is published.")
    ] = False,
    where: Where = None,
) -> None:
    """Make the successor of a key. It takes over by itself, once verifiers know it and its time has come."""
    if purpose not in _PURPOSES:
        raise typer.BadParameter(f"purposes are {', '.join(_PURPOSES)}")
    if from_ and at_once:
        raise typer.BadParameter("say --from or --now, not both")
    _require_code(issuer)
    office, now = Office(settings.read()), seconds_now()
    if purpose == "root":
        new = office.custody.hand_over(now)
        options.say(f"root key {new.kid.hex()} made, and endorsed by the one before it; {_PUBLISH}")
        return
    start = options.instant(from_) if from_ else now + (0 if at_once else _OVERLAP_DAYS * _DAY)
    if start < now:
        raise typer.BadParameter("that is past: say --now")
    for old, new_entry in office.ring.rotate(
        Purpose(purpose), issuer, now=now, signs_from=start, known=office.known(), where=where
    ):
        options.say(f"key {new_entry.kid} takes over from {old.kid} at {iso(start)}; {_PUBLISH}")


@app.command("retire")
def retire(kid: KidArgument) -> None:
    """Let a key sign no more. What it signed goes on to hold."""
    office, now = Office(settings.read()), seconds_now()
    entries = office.ring.retire(kid, now=now, known=office.known())
    options.say(f"key {kid} is retired; {_PUBLISH}")
    _note_gap(entries, find(entries, kid))


@app.command("compromise")
def compromise(
    kid: KidArgument,
    resign: Annotated[
        bool | None,
        typer.Option("--resign/--no-resign", help="Sign its live codes anew; asks, if not said."),
    ] = None,
    dry_run: DryRun = False,
) -> None:
    """Declare that others may have a key: what it signed holds online alone, if the register knows it."""
    office, now = Office(settings.read()), seconds_now()
    entry = find(office.ring.settled(now, office.known()), kid)
    with office.database.reading() as connection:
        live = resigning.count_live(connection, Kid(bytes.fromhex(kid)), now)
    if dry_run:
        options.say(f"{entry.purpose} key {kid} would be compromised; {live} live codes are signed with it")
        return
    entries = office.ring.compromise(kid, now=now, known=office.known())
    options.say(f"{entry.purpose} key {kid} is compromised")
    if not any(other.state is KeyState.ACTIVE and other.replaces(entry) for other in entries):
        new = office.ring.create(
            entry.purpose, now=now, issuer=entry.issuer, kinds=entry.kinds, where=where_is(entry)
        )
        options.say(f"key {new.kid} was made in its place")
    if not office.custody.is_here:
        options.note(
            "the root key is elsewhere: `liangzheng keys trust --prepare FILE` now, and sign it there"
        )
        return
    published = office.publish_trust(now)
    options.say(f"published trust list {published.version}")
    if live and (_wants_resigning(live) if resign is None else resign):
        _resign(office, kid, live, now)
    elif live:
        options.note(f"{live} live codes are signed with it: `liangzheng keys resign {kid}`")


@app.command("resign")
def resign(kid: KidArgument, dry_run: DryRun = False) -> None:
    """Sign the live codes of a key anew under its successor. Goes on where it was stopped."""
    office, now = Office(settings.read()), seconds_now()
    find(office.ring.entries(), kid)
    with office.database.reading() as connection:
        live = resigning.count_live(connection, Kid(bytes.fromhex(kid)), now)
    if dry_run:
        options.say(f"{live} live codes would be signed anew")
        return
    _resign(office, kid, live, now)


def _resign(office: Office, kid: str, live: int, now: int) -> None:
    old = Kid(bytes.fromhex(kid))
    signers = {
        (entry.issuer, kind): office.certificate_signer(entry.issuer, kind)
        for entry in office.ring.entries()
        if entry.kid == kid and entry.issuer
        for kind in entry.kinds
    }
    for signer in signers.values():
        if signer.kid == old:
            raise RotationError(f"key {kid} is the one that signs: there is no other to sign with")
        if signer.kid not in office.trust().keys:
            raise RotationError(f"key {signer.kid.hex()} is not published yet: {_PUBLISH}")
    follower = Follower(DirectFeed(office.database.path), roots=office.roots, max_age=_DAY)
    follower.refresh(Instant(now, 0))
    if follower.fault is not None:
        raise FeedError(f"the log cannot be followed: {follower.fault}; run `liangzheng audit`")
    with options.progress("signing anew", live) as advance:
        signed = resigning.resign(
            office.database,
            follower.replica,
            of=old,
            signer_of=lambda issuer, kind: signers[issuer, int(kind)],
            now=now,
            progress=advance,
        )
    follower.close()
    options.say(f"{signed} codes signed anew; print them again where they must hold offline")


def _known_or_none(office: Office) -> Known:
    """Give the kids that verifiers know; none where there is no register."""
    try:
        return office.known()
    except RegisterError:
        return ()


def _wants_resigning(live: int) -> bool:
    return sys.stdin.isatty() and typer.confirm(f"sign its {live} live codes anew?", err=True)


def _note_gap(entries: list[Entry], gone: Entry) -> None:
    if not any(entry.state is KeyState.ACTIVE and entry.replaces(gone) for entry in entries):
        whose = f" of issuer {gone.issuer}" if gone.issuer else ""
        options.note(f"no other active {gone.purpose} key{whose} is left: run `liangzheng keys create`")


def _require_code(issuer: str | None) -> None:
    if issuer is not None and not re.fullmatch("[0-9A-Za-z]{1,18}", issuer):
        raise typer.BadParameter("an issuer's code is 1 to 18 letters and digits")


def _kinds(entry: Entry) -> list[str]:
    return [Kind(kind).name.lower() for kind in entry.kinds] if entry.issuer else []


app.command("trust")(trusting.trust)
app.command("sign")(trusting.sign)
app.command("export")(trusting.export)
