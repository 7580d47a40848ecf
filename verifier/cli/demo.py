"""`liangzheng demo`: everything at once, with invented people, on the embedded default.

Each step looks whether it was done before, so a second start, or one after a crash, goes on from there.
"""

import html
import os
from importlib import resources
from pathlib import Path
from typing import Annotated, Final

import typer

from keys.trust import Purpose
from verifier import settings
from verifier.certificate import code as code_text
from verifier.certificate import cose, qr
from verifier.certificate.bounds import BOUNDS
from verifier.certificate.jurisdictions import jurisdiction_of
from verifier.certificate.model import StatusReference
from verifier.cli import options, serve
from verifier.cli.office import Office, seconds_now
from verifier.cli.publishing import listed_keys
from verifier.issuing import imports, issuance
from verifier.issuing.issuance import Order, Terms, terms_of
from verifier.issuing.samples import portraits
from verifier.issuing.samples.exhibits import (
    DAY,
    EXHIBITS,
    INNER_MONGOLIA,
    XINJIANG,
    Exhibit,
    counterfeits,
)
from verifier.register import authorities
from verifier.register.actors import Actor
from verifier.register.certificates import find, let_happen

ROSTERS: Final = (
    ("new-issue.xlsx", INNER_MONGOLIA, None),
    ("officer-list.csv", XINJIANG, "新疆维吾尔自治区机关事务管理局"),
)
_DEMO: Final = Actor(name="demo")
_SHOWN: Final = "31000099001"
_RENEW_BEFORE: Final = 30 * DAY


def demo(
    host: Annotated[
        str, typer.Option(help="An address of this computer; one that a phone can reach, for scans by phone.")
    ] = serve.LOCAL_HOST,
    port: Annotated[int, typer.Option(min=1, max=65_535, help="The port to serve on.")] = serve.DEFAULT_PORT,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Set everything up, and stop.")] = False,
) -> None:
    """Set up keys, a register and sample certificates, print a QR code, and answer scans."""
    current = settings.read()
    if not no_serve:
        serve.require_free(host, port)
    current.data_dir.mkdir(parents=True, exist_ok=True)
    if not current.base_url:
        current.remember_address(f"http://{host}:{port}")
    office, now = Office(current, create=True), seconds_now()
    _make_trust(office, now)
    for name, issuer, agency in ROSTERS:
        _import_roster(office, name, issuer, agency, now)
    for exhibit in EXHIBITS:
        _show_state(office, exhibit, now)
    office.publish_status_lists(now)
    gallery = _write_gallery(office)
    _invite(office, gallery, now)
    office.database.close()
    if not no_serve:
        os.environ[f"{settings.PREFIX}DATA_DIR"] = str(current.data_dir)
        serve.run(serve.PUBLIC, host=host, port=port)


def _make_trust(office: Office, now: int) -> None:
    ring, custody = office.ring, office.custody
    if not custody.is_here:
        custody.create()
    elif not office.settings.root_key_file.exists():
        custody.export()
    entries = ring.entries()
    if not any(entry.purpose is Purpose.STATUS for entry in entries):
        ring.create(Purpose.STATUS, now=now)
    for issuer in (INNER_MONGOLIA, XINJIANG):
        if not any(entry.issuer == issuer for entry in entries):
            ring.create(Purpose.CERTIFICATE, now=now, issuer=issuer)
    with office.database.reading() as connection:
        is_published = authorities.newest_version(connection) > 0
    if is_published:
        trust = office.trust()
        listed = listed_keys(ring.entries(), list(trust.issuers.values()))
        missing = {cose.kid_of(cose.decode_key(key.cose_key)) for key in listed} - set(trust.keys)
        if not missing and trust.ends > now + _RENEW_BEFORE:
            return
    office.publish_trust(now, authorities.parse(_sample("authorities.toml")))


def _import_roster(office: Office, name: str, issuer: str, agency: str | None, now: int) -> None:
    terms = _terms(office, issuer, now)
    with resources.as_file(resources.files("verifier.issuing.samples") / name) as path:
        plan = imports.plan(path, rules=jurisdiction_of(issuer), terms=terms, agency=agency)
    with office.database.reading() as connection:
        plan.compare(connection, actor=_DEMO, now=now)
    if not plan.steps:
        return
    plan.photos = _portraits(office, [step.number for step in plan.steps])
    plan.take_photos()
    with options.progress(name, len(plan.steps)) as advance, office.ledger(now) as ledger:
        imports.apply(
            ledger,
            plan,
            signer_of=office.certificate_signer,
            actor=_DEMO,
            now=now,
            progress=advance,
        )


def _show_state(office: Office, exhibit: Exhibit, now: int) -> None:
    with office.database.reading() as connection:
        if issuance.taken_numbers(connection, exhibit.issuer, [exhibit.number]):
            return
    photo = None
    if not exhibit.restricted:
        photo = _portraits(office, [exhibit.number]).take(exhibit.number)
    start = now + exhibit.from_day * DAY
    order = Order(
        number=exhibit.number,
        holder=exhibit.holder,
        agency=exhibit.agency,
        categories=(exhibit.category,) if exhibit.category else (),
        area=exhibit.area,
        kind=exhibit.kind,
        powers=exhibit.powers,
        photo=photo,
        restricted=exhibit.restricted,
    )
    terms = _terms(office, exhibit.issuer, start)
    with office.ledger(now) as ledger:
        issuance.issue(
            ledger,
            [order],
            terms=terms,
            signer=office.certificate_signer(exhibit.issuer, exhibit.kind),
            actor=_DEMO,
            now=min(start, now),
        )
        for day, event, reason in exhibit.events:
            ledger.flush()
            let_happen(
                ledger,
                event,
                exhibit.number,
                actor=_DEMO,
                now=now + day * DAY,
                issuer=exhibit.issuer,
                reason=reason,
            )


def _portraits(office: Office, numbers: list[str]) -> imports.PhotoSource:
    """Draw invented photos, as an agency would send them."""
    folder = office.settings.data_dir / "demo" / "photos"
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        (folder / f"{number}.png").write_bytes(portraits.draw(number))
    return imports.PhotoSource(folder, office.photos)


def _terms(office: Office, issuer: str, valid_from: int) -> Terms:
    with office.database.reading() as connection:
        authority = authorities.issuer_of(connection, issuer)
    return terms_of(authority, office.settings.address, valid_from=valid_from)


def _write_gallery(office: Office) -> Path:
    """Write a QR for each state, and a local page with all of them."""
    folder, address = office.settings.data_dir / "demo", office.settings.address
    codes: dict[str, bytes] = {}
    with office.database.reading() as connection:
        genuine = find(connection, _SHOWN, issuer=XINJIANG)
        codes["valid"] = genuine.signed
        for exhibit in EXHIBITS:
            codes[exhibit.shows] = find(connection, exhibit.number, issuer=exhibit.issuer).signed
    fakes = counterfeits(
        genuine.certificate,
        genuine.signed,
        office.certificate_signer(XINJIANG),
        StatusReference(genuine.certificate.status.list, BOUNDS.status_list_entries - 1),
    )
    codes |= fakes
    figures = []
    for shows, signed in codes.items():
        (folder / f"{shows}.png").write_bytes(qr.png(qr.symbol(signed, address)))
        link = html.escape(code_text.to_text(signed, address).lower())
        picture = f'<a href="{link}"><img src="{shows}.png" width="280"></a>'
        caption = f"{shows} (counterfeit 伪造)" if shows in fakes else shows
        figures.append(f"<figure>{picture}<figcaption>{caption}</figcaption></figure>")
    page = folder / "index.html"
    page.write_text(
        "<!doctype html><meta charset=utf-8><title>亮证 liangzheng demo</title>"
        "<style>body{font:16px system-ui;display:flex;flex-wrap:wrap}figure{text-align:center}</style>"
        + "".join(figures),
        encoding="utf-8",
    )
    return page


def _invite(office: Office, gallery: Path, now: int) -> None:
    address = office.settings.address
    with office.database.reading() as connection:
        found = find(connection, _SHOWN, issuer=XINJIANG)
    reason = found.reason(now)
    reach = ""
    if f"//{serve.LOCAL_HOST}" in address:
        reach = "\nOnly this computer can open it; for a phone: make demo HOST=<this computer's address>"
    options.say(qr.terminal(qr.symbol(found.signed, address)))
    options.say(
        f"""This is the code of officer {found.certificate.holder} (invented), certificate {_SHOWN}.
A scan opens {address}/… and answers: {reason.verdict}.{reach}

Try next, in another terminal, with .venv/bin/liangzheng:
  suspend {_SHOWN} --reason procedure    and scan again
  reinstate {_SHOWN}
  code {_SHOWN} --png card.png           the code as a picture
  show {_SHOWN}                          what the register has
  audit                                     is every row what its chain says?
The officer list and notices: {address}/officers, {address}/notices
Every state, and three counterfeits, to look at: {gallery}
"""
    )


def _sample(name: str) -> bytes:
    return (resources.files("verifier.issuing.samples") / name).read_bytes()
