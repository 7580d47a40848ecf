"""(d) and (e) of the keys: building and publishing status lists, against zlib and a signature alone."""

import random
import statistics
import tempfile
import time
import zlib
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec

from keys.signers import LocalSigner
from keys.trust import Purpose
from loadtest.report import Line
from loadtest.stock import run
from verifier.certificate.lifecycle import Event, ReasonClass, Standing, State
from verifier.certificate.model import StatusReference
from verifier.cli.office import Office
from verifier.register import indices
from verifier.register.actors import Actor
from verifier.register.certificates import let_happen
from verifier.settings import Settings
from verifier.status.token_status_list import (
    StatusList,
    StatusType,
    blank,
    compress,
    open_token,
    sign,
    uri_of,
    write,
)

_SIZES: Final = (1 << 17, 1 << 20, 1 << 22)
_ROUNDS: Final = 5
_NUMBER: Final = "31000099001"


def measure() -> list[Line]:
    """Measure lists of three sizes, 1 % void and 0.2 % suspended; and one change in a real register."""
    return [*(_build(entries) for entries in _SIZES), _republish()]


def _build(entries: int) -> Line:
    chance = random.Random(entries)
    changes = [
        (index, StatusType.INVALID if at < entries // 100 else StatusType.SUSPENDED)
        for at, index in enumerate(chance.sample(range(entries), entries // 100 + entries // 500))
    ]
    signer = _signer()
    ours, bare, size = [], [], (0, 0)
    for _ in range(_ROUNDS):
        start = time.perf_counter()
        array = blank(entries)
        for index, status in changes:
            write(array, index, status)
        cwt, _ = sign(StatusList("https://v.example/status/0", 1, 2, 3, 2, bytes(array)), signer)
        ours.append(time.perf_counter() - start)
        start = time.perf_counter()
        alone = zlib.compress(array, 9)
        bare.append(time.perf_counter() - start)
        size = len(cwt), len(alone)
    built, compressed = statistics.median(ours), statistics.median(bare)
    return Line(
        f"(j) status list of {entries:,} entries: built and signed, CWT and JWT",
        f"{built * 1e3:.1f} ms, {size[0] / 1024:.1f} KB",
        f"zlib of the bare bitmap: {compressed * 1e3:.1f} ms, {size[1] / 1024:.1f} KB",
        built / compressed,
    )


def _republish() -> Line:
    """Publish a list of 4 million anew after one event, in a register."""
    with tempfile.TemporaryDirectory(prefix="liangzheng-lists-") as name:
        data_dir = Path(name)
        run(data_dir, "demo", "--no-serve")
        office = Office(Settings(data_dir=data_dir))
        now = int(time.time())
        indices.LIST_SIZE = _SIZES[-1]  # type: ignore[misc]  # what the next trust list says of all lists
        with office.database.writing() as connection:  # the list of the demo is a short one
            connection.exec_driver_sql("DELETE FROM token_status_list")
            connection.exec_driver_sql("DELETE FROM status_publication")
        office.publish_trust(now)
        _scatter(office, now)
        office.status_publisher.publish(now)
        ours, bare = [], []
        signer = office.ring.signer(Purpose.STATUS, now=now, known=office.known())
        for turn in range(_ROUNDS):
            event = Event.SUSPENDED if turn % 2 == 0 else Event.REINSTATED
            with office.ledger(now) as ledger:
                let_happen(ledger, event, _NUMBER, actor=Actor(name="bench"), now=now)
            start = time.perf_counter()
            assert office.status_publisher.publish(now) == [0]
            ours.append(time.perf_counter() - start)
            array = _published(office)
            start = time.perf_counter()
            signer.sign(compress(array))
            bare.append(time.perf_counter() - start)
        office.database.close()
    published, alone = statistics.median(ours), statistics.median(bare)
    ratio = published / alone
    return Line(
        f"(k) list of {_SIZES[-1]:,} entries published anew after one change",
        f"{published * 1e3:.0f} ms",
        f"compressing and signing it: {alone * 1e3:.0f} ms",
        ratio,
        "≤ 1.20",
        ratio <= 1.2,
    )


def _scatter(office: Office, now: int) -> None:
    """Let as many codes be void and suspended as in the lists above; of certificates that there are not."""
    chance = random.Random(1)
    void = Standing(state=State.REVOKED, since=now, reason=ReasonClass.WITHDRAWN)
    suspended = Standing(state=State.SUSPENDED, since=now, until=now + 86_400)
    drawn = chance.sample(range(_SIZES[-1]), _SIZES[-1] // 100 + _SIZES[-1] // 500)
    with office.ledger(now) as ledger:
        for at, index in enumerate(drawn):
            standing = void if at < _SIZES[-1] // 100 else suspended
            ledger._append_entry(StatusReference(0, index), standing, bytes(12), 1)  # noqa: SLF001 # no certificates


def _published(office: Office) -> bytes:
    with office.database.reading() as connection:
        token = connection.exec_driver_sql("SELECT cwt FROM token_status_list").scalar_one()
    trust = office.trust()
    return open_token(token, trust, uri=uri_of(trust, 0)).array


def _signer() -> LocalSigner:
    return LocalSigner(ec.generate_private_key(ec.SECP256R1()))
