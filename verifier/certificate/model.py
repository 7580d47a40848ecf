"""The facts that a certificate states, and what each of them may be.

Invariant: a `Certificate` that exists is well formed. Its constructor refuses anything else, so neither
the encoder, the pages nor the register check again.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NewType, TypeVar, dataclass_transform

from verifier.certificate.bounds import BOUNDS
from verifier.certificate.errors import LiangzhengError

Kid = NewType("Kid", bytes)
"""A key's name in codes and lists: the first 4 bytes of its COSE key thumbprint (RFC 9679)."""

PHOTO_DIGEST_BYTES: Final = 12

_NUMBER = re.compile(r"[0-9A-Za-z]+(?:-[0-9A-Za-z]+)*", re.ASCII)
ISSUER_CHARACTERS: Final = 18
# Format characters that Mongolian and Uyghur spelling needs; every other invisible one is refused.
_SPELLING: Final = frozenset("\u180e\u202f\u200c\u200d")
_LONGEST: Final = BOUNDS.text_characters
_is_normalized = unicodedata.is_normalized


T = TypeVar("T")


@dataclass_transform(frozen_default=True)
def _immutable(*, kw_only: bool = False) -> Callable[[type[T]], type[T]]:
    """Make a dataclass that mypy holds to be frozen.

    At run time it is not: guarding the assignments of thirteen fields costs a scan more than checking them.
    """
    return dataclass(slots=True, unsafe_hash=True, kw_only=kw_only)


class InvalidCertificateError(LiangzhengError, ValueError):
    """A fact that no certificate may state. `field` names it; the message never repeats the value."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field}: {why}")
        self.field = field
        self.why = why


class Kind(IntEnum):
    """What sort of certificate it is (rules.md, Terms)."""

    ENFORCEMENT = 0
    SUPERVISION = 1
    MINISTRY = 2


class Powers(IntEnum):
    """How far the holder's powers reach (XJ-EM-2020 Art 8)."""

    ALL = 0
    ENTRUSTED = 1
    TOWNSHIP = 2


@_immutable()
class StatusReference:
    """Where the state of one code stands: which status list, and which entry of it."""

    list: int
    index: int

    def __post_init__(self) -> None:
        if not (0 <= self.list < BOUNDS.status_lists and 0 <= self.index < BOUNDS.status_list_entries):
            raise InvalidCertificateError("status", "outside the status lists")


@_immutable(kw_only=True)
class Certificate:
    """What one code says. Times are seconds since 1970 (UTC).

    Raises:
        InvalidCertificateError: a fact is missing, too long, not in its normal form, or contradicts another.
    """

    issuer: str
    """The issuer's code in the trust list, e.g. `650000`."""
    number: str
    kind: Kind = Kind.ENFORCEMENT
    valid_from: int
    """First second in which it holds."""
    valid_until: int
    """First second in which it no longer holds."""
    status: StatusReference
    holder: str | None = None
    agency: str | None = None
    categories: tuple[str, ...] = ()
    area: str | None = None
    powers: Powers = Powers.ALL
    photo: bytes | None = None
    """First 12 bytes of the SHA-256 of the photo's file."""
    restricted: bool = False
    """True: nothing that identifies the holder's person or post (IM-2023 Art 9)."""

    def __post_init__(self) -> None:
        issuer, number = self.issuer, self.number
        if not (issuer.isalnum() and issuer.isascii()) or len(issuer) > ISSUER_CHARACTERS:
            raise InvalidCertificateError("issuer", "must be 1 to 18 letters and digits")
        plain = number.isalnum() and number.isascii()
        if len(number) > BOUNDS.number_characters or not (plain or _NUMBER.fullmatch(number)):
            raise InvalidCertificateError("number", "must be letters, digits and single hyphens")
        if not 0 <= self.valid_from < self.valid_until < BOUNDS.seconds:
            raise InvalidCertificateError("validity", "must end after it begins, before the year 10000")
        if self.restricted:
            self._refuse_particulars()
        else:
            self._require_particulars()

    def _require_particulars(self) -> None:
        check_text("holder", self.holder)
        check_text("agency", self.agency)
        check_text("area", self.area)
        if not 1 <= len(self.categories) <= BOUNDS.categories:
            raise InvalidCertificateError("category", f"must be 1 to {BOUNDS.categories}")
        for category in self.categories:
            check_text("category", category)
        if self.photo is not None and len(self.photo) != PHOTO_DIGEST_BYTES:
            raise InvalidCertificateError("photo", f"must be {PHOTO_DIGEST_BYTES} bytes of a SHA-256")

    def _refuse_particulars(self) -> None:
        particulars = (self.holder, self.agency, self.area, self.photo)
        if self.categories or self.powers or any(fact is not None for fact in particulars):
            raise InvalidCertificateError(
                "restricted", "a restricted certificate names no person and no post"
            )


def check_text(field: str, text: str | None) -> None:
    """Refuse a text that a certificate may not carry.

    Args:
        field: its name, for the message.
        text: what to look at.

    Raises:
        InvalidCertificateError: missing, padded, too long, not NFC, or with characters that do not show.
    """
    if not text:
        raise InvalidCertificateError(field, "is missing")
    if len(text) > _LONGEST:
        raise InvalidCertificateError(field, f"is longer than {_LONGEST} characters")
    if text[0] == " " or text[-1] == " ":
        raise InvalidCertificateError(field, "begins or ends with a space")
    if not text.isprintable():
        _require_shown(field, text)
    if not _is_normalized("NFC", text):
        raise InvalidCertificateError(field, "is not in Unicode normal form C")


def _require_shown(field: str, text: str) -> None:
    if not all(map(_shows, text)) or text[0] in _SPELLING or text[-1] in _SPELLING:
        raise InvalidCertificateError(field, "has characters that do not show")


def _shows(character: str) -> bool:
    # Rare Han beyond this Python's Unicode tables counts as unprintable to it; names are written with them.
    return character.isprintable() or character in _SPELLING or "\U00020000" <= character <= "\U0003fffd"
