"""(c) QR versions of the demo's certificates, beside other ways to write the same bytes into a QR."""

import base64
import sqlite3
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Final

import segno

from loadtest.report import Line
from verifier.certificate.qr import Level, symbol

ADDRESS: Final = "https://v.example.gov.cn"
_LEVELS: Final[tuple[Level, ...]] = ("L", "M", "Q")
_BASE45: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"


def measure(data_dir: Path) -> list[Line]:
    """Draw all sample certificates in each way.

    Args:
        data_dir: the demo's data.
    """
    with sqlite3.connect(data_dir / "register.sqlite") as connection:
        rows = connection.execute(
            "SELECT signed FROM code JOIN certificate ON certificate.id = code.certificate WHERE number < '4'"
        ).fetchall()
    connection.close()
    codes = [signed for (signed,) in rows]
    ways: dict[str, Callable[[bytes, Level], int]] = {
        "decimal digits (ours)": lambda code, level: int(symbol(code, ADDRESS, level=level).version),
        "Base45 in an upper-case URL": _base45_version,
        "base64url in the URL": _base64_version,
    }
    lines = []
    for way, version_of in ways.items():
        versions = {level: sorted(version_of(code, level) for code in codes) for level in _LEVELS}
        shown = ", ".join(
            f"{level} {_version(statistics.median(found))} (largest {_version(found[-1])})"
            for level, found in versions.items()
        )
        ours = "ours" in way
        reached = statistics.median(versions["M"]) <= 11 and versions["M"][-1] <= 12 if ours else None
        target = "M: median 11, largest 12" if ours else ""
        sizes = f"{len(codes)} samples, {min(map(len, codes))} to {max(map(len, codes))} bytes"
        lines.append(Line(f"(c) {way}", shown, sizes, None, target, reached))
    return lines


def _version(version: float) -> str:
    side = int(version) * 4 + 17
    return f"{int(version)} ({side}×{side})"


def _base64_version(code: bytes, level: Level) -> int:
    text = f"{ADDRESS}/{base64.urlsafe_b64encode(code).rstrip(b'=').decode()}"
    return int(segno.make(text, error=level, micro=False, boost_error=False).version)


def _base45_version(code: bytes, level: Level) -> int:
    text = ADDRESS.upper() + "/" + _base45(code)
    return int(segno.make(text, error=level, micro=False, boost_error=False, mode="alphanumeric").version)


def _base45(data: bytes) -> str:
    """Encode as RFC 9285 does."""
    text = ""
    for at in range(0, len(data), 2):
        pair = data[at : at + 2]
        number = int.from_bytes(pair, "big")
        for _ in range(len(pair) + 1):
            number, digit = divmod(number, 45)
            text += _BASE45[digit]
    return text
