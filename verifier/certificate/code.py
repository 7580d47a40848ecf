"""A code's bytes ↔ decimal digits ↔ the text that a QR carries: `HTTPS://{HOST}/{DIGITS}`.

Digits, because a QR holds them in numeric mode at 3.33 bits each, and every phone's camera opens a URL.
The first byte of a code is never zero (it is a CBOR tag), so bytes and digits convert both ways.
"""

import re
from typing import Final

from verifier.certificate.bounds import BOUNDS
from verifier.certificate.errors import LiangzhengError

_TAG_18_ARRAY_4: Final = b"\xd2\x84"
_SPACE: Final = " \t\r\n\u00a0\u3000"
"""What scanners and people leave around a text, the full-width space of Chinese keyboards included."""
_PORT: Final = re.compile(r":[0-9]{1,5}(?=/|$)", re.ASCII)


class TextError(LiangzhengError, ValueError):
    """A scanned text that is no code of ours."""


class TooLongError(TextError):
    """Longer than any code can be."""


class ForeignHostError(TextError):
    """Digits that look like ours, under an address that is not."""


def to_digits(code: bytes) -> str:
    """Write a code's bytes as decimal digits."""
    return str(int.from_bytes(code, "big"))


def to_text(code: bytes, base_url: str) -> str:
    """Give the text of the QR.

    Args:
        code: the signed bytes.
        base_url: where scans are answered, e.g. `https://v.example.gov.cn`.

    Returns:
        The URL in upper case, fit for the QR alphanumeric mode.
    """
    return f"{base_url.rstrip('/').upper()}/{to_digits(code)}"


def find_digits(text: str, base_url: str) -> str:
    """Find the digits in what a scanner read.

    Args:
        text: a URL of ours in any case, or bare digits; spaces around it do not count.
        base_url: our address.

    Returns:
        1 to 1,024 ASCII digits without a leading zero.

    Raises:
        TooLongError: longer than any code.
        ForeignHostError: digits that look like ours, under another address.
        TextError: any other text.
    """
    if len(text) > BOUNDS.text_input_characters:
        raise TooLongError("longer than any code")
    address, slash, digits = text.strip(_SPACE).rpartition("/")
    if not (digits.isascii() and digits.encode().isdigit()) or digits[0] == "0":
        raise TextError("neither our address nor digits")
    if len(digits) > BOUNDS.code_digits:
        raise TooLongError("more digits than any code")
    if slash and not _is_ours(address, base_url):
        if "://" in address and to_bytes(digits).startswith(_TAG_18_ARRAY_4):
            raise ForeignHostError("under another address")
        raise TextError("another address")
    return digits


def to_bytes(digits: str) -> bytes:
    """Turn digits back into bytes.

    Args:
        digits: as `find_digits` gives them.

    Returns:
        At most 424 bytes.

    Raises:
        TooLongError: a larger number.
    """
    number = int(digits)
    size = (number.bit_length() + 7) // 8
    if size > BOUNDS.code_bytes:
        raise TooLongError("more bytes than any code")
    return number.to_bytes(size, "big")


def _is_ours(address: str, base_url: str) -> bool:
    """Compare scheme, host and path in any case; the port does not tell one service from another."""
    if not address.isascii():  # some letters beyond ASCII have our letters for their lower case
        return False
    address, ours = address.lower(), base_url.rstrip("/").lower()
    return address == ours or _PORT.sub("", address, 1) == _PORT.sub("", ours, 1)
