"""(a) The check of distinct codes, against bare ES256 verification in the same process."""

import itertools
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from loadtest.paired import Work, seconds_each
from loadtest.report import Line, at_least
from verifier.certificate import claims, cose
from verifier.certificate.code import to_bytes
from verifier.cli.office import read_roots
from verifier.register.feed import DirectFeed
from verifier.scanning.answers import answer, know, to_json
from verifier.scanning.check import authenticate, check
from verifier.settings import Settings
from verifier.status.follower import Follower, Instant

T = TypeVar("T")


def measure(data_dir: Path, digits: list[str]) -> tuple[list[Line], float]:
    """Measure both parts of the check.

    Args:
        data_dir: a register that holds the codes.
        digits: distinct codes of it.

    Returns:
        The lines, and the seconds of one bare verification.
    """
    settings = Settings(data_dir=data_dir, base_url="http://127.0.0.1:8000")
    follower = Follower(DirectFeed(data_dir / "register.sqlite"), roots=read_roots(settings), max_age=86_400)
    follower.refresh(Instant(time.time(), time.monotonic()))
    trust = follower.trust
    assert trust is not None
    codes = [to_bytes(each) for each in digits]
    frames = [cose.parse_code(code) for code in codes]
    public = trust.keys[frames[0].kid].public
    ecdsa = ec.ECDSA(SHA256())
    prepared = [
        (encode_dss_signature(_integer(frame.signature[:32]), _integer(frame.signature[32:])), frame.signed)
        for frame in frames
    ]

    def bare(pair: tuple[bytes, bytes]) -> None:
        public.verify(pair[0], pair[1], ecdsa)

    def to_claims(code: bytes) -> None:
        frame = cose.parse_code(code)
        cose.verify(trust.keys[frame.kid].public, frame.signed, frame.signature)
        claims.decode(frame.payload)

    def to_answer(text: str) -> None:
        now = time.time()
        known = know(authenticate(text, trust=trust, base_url=settings.address, now=now), trust)
        finding = check(known.authentic, trust=trust, look_up=follower.replica.look_up, fresh=True, now=now)
        to_json(answer(finding, known, as_of=now, now=now))

    each = seconds_each(
        {
            "bare": _over(prepared, bare),
            "claims": _over(codes, to_claims),
            "answer": _over(digits, to_answer),
        }
    )
    follower.close()
    bare_us = f"bare verification {each['bare'] * 1e6:.1f} µs"
    figures = [("(a) COSE bytes → claims", "claims", 0.85), ("(a) digits → answer", "answer", 0.75)]
    lines = [
        at_least(what, f"{each[case] * 1e6:.1f} µs", bare_us, each["bare"] / each[case], target)
        for what, case, target in figures
    ]
    return lines, each["bare"]


def _over(items: list[T], go: Callable[[T], None]) -> Work:
    endless = itertools.cycle(items)

    def work(goes: int) -> None:
        for item in itertools.islice(endless, goes):
            go(item)

    return work


def _integer(part: bytes) -> int:
    return int.from_bytes(part, "big")
