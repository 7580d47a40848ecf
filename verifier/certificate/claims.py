"""Certificate ↔ CWT claims (RFC 8392), as the payload of a code.

One certificate has exactly one encoding (RFC 8949 4.2.1), in which each item has its place. The decoder
reads it by place, as `cose` cuts the frame, and builds nothing else: a general CBOR decoder takes longer,
and makes objects of tags that a stolen key could sign to keep a node busy for hours (10 ** 999999999, all
addresses of 0.0.0.0/0).

Invariant: whatever `decode` accepts, `encode`, which rests on a CBOR library, gives again byte for byte.

Payloads come here only after their signature was verified: `cose` sees to that.
"""

from typing import Any, Final

import cbor2

from verifier.certificate.bounds import BOUNDS
from verifier.certificate.errors import LiangzhengError
from verifier.certificate.model import (
    PHOTO_DIGEST_BYTES,
    Certificate,
    InvalidCertificateError,
    Kind,
    Powers,
    StatusReference,
)

ISS: Final = 1
EXP: Final = 4
NBF: Final = 5
CERTIFICATE: Final = -70001

NUMBER: Final = 1
KIND: Final = 2
HOLDER: Final = 3
AGENCY: Final = 4
CATEGORY: Final = 5
AREA: Final = 6
POWERS: Final = 7
STATUS: Final = 8
PHOTO: Final = 9
RESTRICTED: Final = 10

_KINDS: Final = tuple(Kind)
_LARGEST_INTEGER: Final = (1 << 64) - 1

_ALL_POWERS: Final = Powers.ALL
_POWERS_HELD: Final = {int(Powers.ENTRUSTED): Powers.ENTRUSTED, int(Powers.TOWNSHIP): Powers.TOWNSHIP}
"""All powers are told by writing none."""
_CERTIFICATE_KEY: Final = cbor2.dumps(CERTIFICATE)
_PHOTO_HEAD: Final = bytes((PHOTO, 0x40 + PHOTO_DIGEST_BYTES))
_RESTRICTED_TRUE: Final = bytes((RESTRICTED, 0xF5))
# The first bytes of CBOR items: to these, the size is added.
_TEXT: Final = 0x60
_ARRAY: Final = 0x80
_MAP: Final = 0xA0
_WIDTHS: Final = {24: (1, 24), 25: (2, 1 << 8), 26: (4, 1 << 16), 27: (8, 1 << 32)}
"""For numbers of 24 and more: how many bytes they take, and the least that may take so many."""


class ClaimsError(LiangzhengError, ValueError):
    """Signed bytes that are not the claims of a certificate in their one allowed form."""


def encode(certificate: Certificate) -> bytes:
    """Give the claims of a certificate in deterministic CBOR.

    Args:
        certificate: the facts.

    Returns:
        The payload of its code, some 60 to 330 bytes.
    """
    facts: dict[int, Any] = {NUMBER: _number_claim(certificate.number), KIND: int(certificate.kind)}
    if certificate.restricted:
        facts[STATUS] = (certificate.status.list, certificate.status.index)
        facts[RESTRICTED] = True
    else:
        categories = certificate.categories
        facts[HOLDER] = certificate.holder
        facts[AGENCY] = certificate.agency
        facts[CATEGORY] = categories[0] if len(categories) == 1 else categories
        facts[AREA] = certificate.area
        if certificate.powers:
            facts[POWERS] = int(certificate.powers)
        facts[STATUS] = (certificate.status.list, certificate.status.index)
        if certificate.photo is not None:
            facts[PHOTO] = certificate.photo
    # Keys are written in their deterministic order, which is that of their encoded bytes.
    return cbor2.dumps(
        {
            ISS: certificate.issuer,
            EXP: certificate.valid_until,
            NBF: certificate.valid_from,
            CERTIFICATE: facts,
        }
    )


_MOST_BESIDE_TEXTS: Final = 128
"""Bytes of all that is no text of the certificate: heads, keys, numbers, the issuer, the photo."""


def most_bytes(certificate: Certificate) -> int:
    """Give what `encode` takes at most, in bytes: in a tenth of its time."""
    texts = "".join(filter(None, (certificate.holder, certificate.agency, certificate.area)))
    heads = 3 * (3 + len(certificate.categories))
    return _MOST_BESIDE_TEXTS + heads + len((texts + "".join(certificate.categories)).encode())


def decode(payload: bytes) -> Certificate:
    """Read the claims of a payload whose signature has been verified.

    Args:
        payload: CBOR bytes.

    Returns:
        The certificate; `encode` of it gives the payload again, byte for byte.

    Raises:
        ClaimsError: anything else than the one encoding of a well-formed certificate.
    """
    try:
        return _read(payload)
    except InvalidCertificateError as error:
        raise ClaimsError(str(error)) from error
    except (LookupError, UnicodeDecodeError) as error:  # beyond the end; a head or a value out of its list
        raise ClaimsError("not the claims of a certificate") from error


# The readers. Each takes the bytes, the place of a value, and the key that must stand before it (0: none),
# and gives the value and the place behind it. What the end cuts off shows in the place of the last value.


def _read(data: bytes) -> Certificate:
    issuer, at = _text(data, 2, ISS)
    valid_until, at = _integer(data, at + 1, EXP)
    valid_from, at = _integer(data, at + 1, NBF)
    inner = at + len(_CERTIFICATE_KEY)
    if data[0] != _MAP + 4 or data[at:inner] != _CERTIFICATE_KEY:
        raise ClaimsError("not the four claims of a certificate")
    number, at = _number(data, inner + 2)
    if data[at] != KIND:
        raise ClaimsError("no kind where it belongs")
    kind = _KINDS[data[at + 1]]
    at += 2
    size = data[inner] - _MAP
    holder = agency = area = photo = None
    categories: tuple[str, ...] = ()
    powers = _ALL_POWERS
    restricted = size == 4
    if not restricted:
        holder, at = _text(data, at + 1, HOLDER)
        agency, at = _text(data, at + 1, AGENCY)
        categories, at = _categories(data, at + 1)
        area, at = _text(data, at + 1, AREA)
        if data[at] == POWERS:
            powers = _POWERS_HELD[data[at + 1]]
            at, size = at + 2, size - 1
    status, at = _status(data, at + 1)
    if restricted:
        if data[at : at + 2] != _RESTRICTED_TRUE:
            raise ClaimsError("few claims, and not restricted")
        at, size = at + 2, 7
    elif data[at : at + 2] == _PHOTO_HEAD:
        photo = data[at + 2 : at + 2 + PHOTO_DIGEST_BYTES]
        at, size = at + 2 + PHOTO_DIGEST_BYTES, size - 1
    if size != 7 or at != len(data):
        raise ClaimsError("too few or too many claims")
    return Certificate(
        issuer=issuer,
        number=number,
        kind=kind,
        valid_from=valid_from,
        valid_until=valid_until,
        status=status,
        holder=holder,
        agency=agency,
        categories=categories,
        area=area,
        powers=powers,
        photo=photo,
        restricted=restricted,
    )


def _integer(data: bytes, at: int, key: int) -> tuple[int, int]:
    if key and data[at - 1] != key:
        raise ClaimsError("a claim is not where it belongs")
    value = data[at]
    if value < 24:
        return value, at + 1
    width, least = _WIDTHS[value]
    end = at + 1 + width
    value = int.from_bytes(data[at + 1 : end], "big")
    if value < least:
        raise ClaimsError("an integer is longer than it need be")
    return value, end


def _text(data: bytes, at: int, key: int) -> tuple[str, int]:
    if key and data[at - 1] != key:
        raise ClaimsError("a claim is not where it belongs")
    size = data[at] - _TEXT
    start = at + 1
    if not 0 <= size < 24:
        width, least = _WIDTHS[size]
        start += width
        size = int.from_bytes(data[at + 1 : start], "big")
        if size < least:
            raise ClaimsError("a length is longer than it need be")
    end = start + size
    return str(data[start:end], "utf-8"), end


def _number(data: bytes, at: int) -> tuple[str, int]:
    if data[at] < _TEXT:
        value, at = _integer(data, at, NUMBER)
        return str(value), at
    number, at = _text(data, at, NUMBER)
    if type(_number_claim(number)) is int:
        raise ClaimsError("an integer is written as a text")
    return number, at


def _categories(data: bytes, at: int) -> tuple[tuple[str, ...], int]:
    size = data[at] - _ARRAY
    if size < 0:
        category, at = _text(data, at, CATEGORY)
        return (category,), at
    if data[at - 1] != CATEGORY or not 2 <= size <= BOUNDS.categories:
        raise ClaimsError("no categories where they belong")
    at += 1
    categories = []
    for _ in range(size):
        category, at = _text(data, at, 0)
        categories.append(category)
    return tuple(categories), at


def _status(data: bytes, at: int) -> tuple[StatusReference, int]:
    if data[at - 1] != STATUS or data[at] != _ARRAY + 2:
        raise ClaimsError("no status where it belongs")
    number, at = _integer(data, at + 1, 0)
    index, at = _integer(data, at, 0)
    return StatusReference(number, index), at


def _number_claim(number: str) -> int | str:
    """Give an integer where its decimal text is the number: two bytes a digit shorter."""
    if number.isdigit() and number.isascii() and (number[0] != "0" or number == "0"):
        value = int(number)
        if value <= _LARGEST_INTEGER:
            return value
    return number
