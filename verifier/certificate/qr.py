"""The QR symbol: the URL in an alphanumeric segment, the digits in a numeric one (ISO/IEC 18004 7.4)."""

import io
from collections.abc import Sequence
from math import log10
from typing import Final, Literal

import segno
from segno import consts

from verifier.certificate import code as code_text
from verifier.certificate.bounds import BOUNDS
from verifier.certificate.errors import LiangzhengError
from verifier.certificate.model import Certificate

Level = Literal["L", "M", "Q", "H"]
Corner = tuple[int, int]
"""Where four modules meet: x and y, in modules from the top left."""

QUIET_ZONE: Final = 4
"""Modules of white around the symbol (ISO/IEC 18004 5.3.8)."""


_LARGEST_BITS: Final = 2_920
"""Data bits of version 14 at level M (ISO/IEC 18004 table 7)."""
_DIGITS_A_BYTE: Final = log10(256)


class TooLargeError(LiangzhengError, ValueError):
    """The certificate does not fit the largest symbol that may be issued."""


def symbol(code: bytes, base_url: str, *, level: Level = "M") -> segno.QRCode:
    """Draw a code.

    Args:
        code: the signed bytes.
        base_url: where scans are answered.
        level: error correction; M unless there is a reason.

    Returns:
        The symbol, of any version that segno knows.

    Raises:
        TooLargeError: no QR symbol holds it.
    """
    address = f"{base_url.rstrip('/').upper()}/"
    segments = [(address, consts.MODE_ALPHANUMERIC), (code_text.to_digits(code), consts.MODE_NUMERIC)]
    try:
        return segno.make(segments, error=level, micro=False, boost_error=False)  # type: ignore[arg-type]  # takes segments
    except segno.DataOverflowError as error:
        raise TooLargeError("no QR symbol holds this code") from error


def require_printable(code: bytes, certificate: Certificate, base_url: str) -> None:
    """Refuse a code that would become too fine to scan from a card.

    Raises:
        TooLargeError: above version 14 at level M, or above the format's bounds; names the longest field.
    """
    if len(code) <= BOUNDS.code_bytes and _bits(len(code_text.to_digits(code)), base_url) <= _LARGEST_BITS:
        return
    texts = {
        "holder": certificate.holder or "",
        "agency": certificate.agency or "",
        "category": "".join(certificate.categories),
        "area": certificate.area or "",
    }
    longest = max(texts, key=lambda field: len(texts[field].encode()))
    raise TooLargeError(
        f"the QR code would exceed version {BOUNDS.qr_version}; the longest field is {longest} "
        f"({len(texts[longest])} characters)"
    )


def is_surely_printable(code_bytes: int, base_url: str) -> bool:
    """Tell of any code that is no longer than that whether `require_printable` takes it; no: it may."""
    digits = int(code_bytes * _DIGITS_A_BYTE) + 1
    return code_bytes <= BOUNDS.code_bytes and _bits(digits, base_url) <= _LARGEST_BITS


def _bits(digits: int, base_url: str) -> int:
    """Count the bits of both segments in versions 10 to 26; drawing would take 400 times as long."""
    characters = len(base_url.rstrip("/")) + 1
    alphanumeric = 4 + 11 + characters // 2 * 11 + characters % 2 * 6
    numeric = 4 + 12 + digits // 3 * 10 + (0, 4, 7)[digits % 3]
    return alphanumeric + numeric


def path(drawing: segno.QRCode) -> str:
    """Give the black of a symbol as the data of one SVG path (even-odd), one unit a module."""
    return "".join(f"M{' '.join(f'{x} {y}' for x, y in loop)}z" for loop in outlines(drawing))


def outlines(drawing: segno.QRCode) -> list[list[Corner]]:
    """Trace the borders between black and white, so that no seam shows between neighbouring modules.

    Args:
        drawing: the symbol.

    Returns:
        Closed loops of corners (x, y) in modules from the top left, without the quiet zone; the first
        corner is not repeated. What lies inside by the even-odd rule is black.
    """
    ahead = _borders(drawing.matrix)
    loops = []
    while ahead:
        corner = next(iter(ahead))
        walked = []
        while (
            corner in ahead
        ):  # as many borders lead into a corner as out of it, so the walk ends at its start
            walked.append(corner)
            onward = ahead[corner].pop()
            if not ahead[corner]:
                del ahead[corner]
            corner = onward
        loops.append(_bends(walked))
    return loops


def _borders(matrix: Sequence[bytearray]) -> dict[Corner, list[Corner]]:
    """Give the unit borders, by the corner that each starts from, with black on its right hand."""
    size = len(matrix)
    black = {(x, y) for y in range(size) for x in range(size) if matrix[y][x]}
    ahead: dict[Corner, list[Corner]] = {}
    for x, y in sorted(black):
        sides = (
            ((x, y - 1), (x, y), (x + 1, y)),
            ((x + 1, y), (x + 1, y), (x + 1, y + 1)),
            ((x, y + 1), (x + 1, y + 1), (x, y + 1)),
            ((x - 1, y), (x, y + 1), (x, y)),
        )
        for neighbour, start, end in sides:
            if neighbour not in black:
                ahead.setdefault(start, []).append(end)
    return ahead


def _bends(loop: Sequence[Corner]) -> list[Corner]:
    """Leave out the corners of a closed loop at which it goes straight on."""
    return [
        (x, y)
        for (x, y), before, after in zip(loop, (loop[-1], *loop), (*loop[1:], loop[0]), strict=False)
        if not (before[0] == x == after[0] or before[1] == y == after[1])
    ]


def png(drawing: segno.QRCode, *, scale: int = 8) -> bytes:
    """Give the symbol as PNG, `scale` pixels a module, with its quiet zone."""
    out = io.BytesIO()
    drawing.save(out, kind="png", scale=scale, border=QUIET_ZONE)
    return out.getvalue()


def svg(drawing: segno.QRCode) -> bytes:
    """Give the symbol as a stand-alone SVG, with its quiet zone."""
    out = io.BytesIO()
    drawing.save(out, kind="svg", border=QUIET_ZONE, light="#fff", scale=4)
    return out.getvalue()


def terminal(drawing: segno.QRCode) -> str:
    """Give the symbol in half-block characters, two modules a line."""
    out = io.StringIO()
    drawing.terminal(out, border=QUIET_ZONE, compact=True)
    return out.getvalue()
