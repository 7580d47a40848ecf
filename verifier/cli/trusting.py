"""`liangzheng keys trust|sign|export`: the trust list on its way from the register to verifiers."""

from pathlib import Path
from typing import Annotated

import orjson
import typer

from keys.custody import Unsigned, lists_from_bytes, lists_to_bytes
from keys.files import write_whole
from keys.keysets import cose_key_set, jwks, readable
from keys.roots import Roots, TrustError
from keys.trust import LARGEST_LIST_BYTES, TrustList
from verifier import settings
from verifier.certificate.dates import iso
from verifier.cli import options
from verifier.cli.office import Office, seconds_now
from verifier.cli.publishing import left_out
from verifier.register import authorities

ROOTS_FILE = "roots.cbor"


def trust(
    directory: Annotated[
        Path | None,
        typer.Argument(
            exists=True,
            dir_okay=False,
            help="TOML with [[issuers]] and [[agencies]] to enter first; see docs/operations.md.",
        ),
    ] = None,
    prepare: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the lists for a root elsewhere to sign; publish nothing."),
    ] = None,
    publish: Annotated[
        Path | None,
        typer.Option(metavar="FILE", exists=True, dir_okay=False, help="Publish what `keys sign` gave."),
    ] = None,
    version: Annotated[
        int | None, typer.Option(min=1, help="The version to prepare; default: the next.")
    ] = None,
) -> None:
    """Sign and publish the trust list and the directory of agencies, under the next version."""
    if (prepare and publish) or (version and not prepare) or (publish and directory):
        raise typer.BadParameter("--prepare takes TOML and --version; --publish takes neither")
    office, now = Office(settings.read(), create=True), seconds_now()
    listed = authorities.parse(directory.read_bytes()) if directory else None
    if prepare:
        write_whole(prepare, office.prepare_trust(now, listed, version=version).to_bytes())
        options.say(f"{prepare} is ready: `liangzheng keys sign` it where the root key is")
    elif publish:
        _say_published(office.publish_signed(lists_from_bytes(_read(publish)), now))
    else:
        _say_published(office.publish_trust(now, listed))
    with office.database.reading() as connection:
        issuers = authorities.issuers(connection)
    for why in left_out(office.ring.entries(), issuers):
        options.note(why)


def sign(
    request: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="What `keys trust --prepare` wrote.")
    ],
    signed: Annotated[Path, typer.Argument(metavar="SIGNED", help="Where the signed lists go.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Sign lists where the root key is; no network, no register. Shows what it signs, and asks."""
    office = Office(settings.read())
    unsigned = Unsigned.from_bytes(_read(request))
    shown = TrustList.open(office.custody.sign(unsigned), Roots.of(office.custody.signer().public))
    _show(shown)
    if not yes:
        typer.confirm("sign this?", abort=True, err=True)
    lists = office.custody.sign_once(unsigned)
    write_whole(signed, lists_to_bytes(lists))
    options.say(f"signed: bring {signed} back, and `liangzheng keys trust --publish` it")


def export(
    directory: Annotated[Path, typer.Argument(file_okay=False, help="Made where it is not there.")],
) -> None:
    """Write the published lists and keys as static files, for any web server."""
    published = Office(settings.read()).trust()
    files = {
        "trust.cose": published.lists.trust,
        "directory.cose": published.lists.directory,
        ROOTS_FILE: published.lists.endorsements,
        "trust.json": orjson.dumps(readable(published), option=orjson.OPT_INDENT_2),
        "jwks.json": orjson.dumps(jwks(published), option=orjson.OPT_INDENT_2),
        "keys.cose": cose_key_set(published),
    }
    for name, content in files.items():
        write_whole(directory / name, content)
    options.say(f"{len(files)} files of trust list {published.version} are in {directory}")


def _show(shown: TrustList) -> None:
    options.say(f"trust list {shown.version}, {iso(shown.issued)} to {iso(shown.ends)}")
    for issuer in shown.issuers.values():
        options.say(f"issuer {issuer.code}  {issuer.name}  {issuer.area}")
    for key in shown.keys.values():
        kinds = ",".join(kind.name.lower() for kind in sorted(key.kinds)) if key.issuer else "-"
        options.say(f"key {key.kid.hex()}  {key.state:11}  {key.purpose:11}  {key.issuer or '-':8}  {kinds}")
    options.say(f"{len(shown.agencies)} agencies")


def _say_published(published: TrustList) -> None:
    options.say(
        f"published trust list {published.version}: {len(published.issuers)} issuers, "
        f"{len(published.keys)} keys, {len(published.agencies)} agencies, until {iso(published.ends)}"
    )


def _read(path: Path) -> bytes:
    """Read a file that came from elsewhere; what is larger than any of ours is not read whole."""
    with path.open("rb") as file:
        content = file.read(3 * LARGEST_LIST_BYTES)
    if len(content) > 2 * LARGEST_LIST_BYTES:
        raise TrustError(f"{path} is larger than any of ours")
    return content
