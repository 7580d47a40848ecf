"""A certificate → its card: print-ready PDF, SVG or PNG, all set by one template (templates/card.typ).

Invariants: a card states what its code signs, and nothing else; a restricted one, neither person nor post.
Texts reach the template as JSON strings and are never markup. A symbol's module is a whole number of dots
of a 300-dpi card printer, at least 4 (0.3387 mm), so that it prints without rounding.
"""

import hashlib
import re
import tempfile
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final, Literal

import orjson
import segno
import typst

from verifier.certificate import qr
from verifier.certificate.errors import LiangzhengError
from verifier.certificate.jurisdictions import Words
from verifier.certificate.model import PHOTO_DIGEST_BYTES, Certificate
from verifier.certificate.words import KINDS, POWERS, issuer_label, validity
from verifier.issuing.fonts import faces_for

PRINTER_DPI: Final = 300
LARGEST_SYMBOL_MM: Final = 28
"""The side of the symbol, its quiet zone included."""
FEWEST_DOTS: Final = 4
"""Of the printer, a module: 0.3387 mm."""
MOST_CARDS: Final = 1_000
"""Cards of one document; their making takes some memory for each."""
_PNG_DPI: Final = 2 * PRINTER_DPI
_MM_PER_INCH: Final = 25.4

_LONG_WORD: Final = re.compile(r"[!-~]{12,}")
_BREAK: Final = "\u200b"
_UNBREAKABLE: Final = re.compile(r"[^\s\u200b\u2e80-\ua4cf\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]+")
_STEPS: Final = Words(
    zh="一、用手机相机扫描正面的二维码；二、核对打开的网址为下列地址；三、核对页面所示内容、照片与持证人是否一致。",
    en="Scan the code on the front with a phone's camera; see that the address opened is the one below; "
    "compare what the page shows with this card and the person.",
)
_RESTRICTED_STEPS: Final = Words(
    zh="一、用手机相机扫描正面的二维码；二、核对打开的网址为下列地址；三、核对页面所示编号与本证是否一致。",
    en="Scan the code on the front with a phone's camera; see that the address opened is the one below; "
    "compare the number that the page shows with this card.",
)


class CardError(LiangzhengError, ValueError):
    """A card that cannot be made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What one card is made of.

    Raises:
        CardError: the photo is not the one that the certificate binds.
        TooLargeError: the symbol would be too fine to scan from a card.
    """

    certificate: Certificate
    code: bytes
    """The signed code of just this certificate."""
    base_url: str
    """Where scans are answered."""
    issuer: str
    """The issuer's name."""
    photo: bytes | None = None
    """The JPEG file that the certificate binds."""

    def __post_init__(self) -> None:
        digest = hashlib.sha256(self.photo).digest()[:PHOTO_DIGEST_BYTES] if self.photo is not None else None
        if digest != self.certificate.photo:
            raise CardError(f"the photo of {self.certificate.number} is not the one that its code binds")
        qr.require_printable(self.code, self.certificate, self.base_url)

    @property
    def texts(self) -> tuple[str, ...]:
        """Every text on it that is not the template's own."""
        facts = self.certificate
        optional = (facts.holder, facts.agency, facts.area)
        return (facts.number, *facts.categories, *filter(None, optional), self.issuer, self.base_url)


@dataclass(frozen=True, slots=True)
class Sides:
    """Both sides of a card, as a file each."""

    front: bytes
    back: bytes


def pdf(cards: Sequence[Card], progress: Callable[[int], None] = lambda _done: None) -> bytes:
    """Set cards as a print-ready PDF: for each, a page with its front and one with its back.

    Args:
        cards: at most `MOST_CARDS`.
        progress: told how many cards were made since the last call.

    Returns:
        The file, the same for the same cards, with its fonts embedded.

    Raises:
        CardError: none, or too many.
        MissingGlyphError: a character that no font has.
    """
    if not 1 <= len(cards) <= MOST_CARDS:
        raise CardError(f"a document holds 1 to {MOST_CARDS} cards, not {len(cards)}")
    (document,) = _compile(cards, "pdf", progress=progress)
    return document


def svg(card: Card) -> Sides:
    """Set a card as two SVG files, letters drawn as paths.

    Raises:
        MissingGlyphError: a character that no font has.
    """
    return Sides(*_compile([card], "svg"))


def png(card: Card, dpi: int = _PNG_DPI) -> Sides:
    """Set a card as two pictures.

    Raises:
        MissingGlyphError: a character that no font has.
    """
    return Sides(*_compile([card], "png", dpi=dpi))


def module_dots(modules: int) -> int:
    """Give the printer's dots a module, so that the symbol is as large as its place allows.

    Args:
        modules: the symbol's side with its quiet zone.

    Raises:
        CardError: fewer than `FEWEST_DOTS` would be left.
    """
    dots = int(LARGEST_SYMBOL_MM / _MM_PER_INCH * PRINTER_DPI) // modules
    if dots < FEWEST_DOTS:
        raise CardError(f"a symbol of {modules} modules is too fine for a card")
    return dots


def _compile(
    cards: Sequence[Card],
    form: Literal["pdf", "svg", "png"],
    *,
    dpi: int = _PNG_DPI,
    progress: Callable[[int], None] = lambda _done: None,
) -> list[bytes]:
    faces = faces_for(text for card in cards for text in card.texts)
    with tempfile.TemporaryDirectory() as folder:  # the library takes binary files from a disk alone
        root = Path(folder)
        (root / "main.typ").write_bytes(_template())
        (root / "families.json").write_bytes(orjson.dumps(faces.families))
        described = []
        for card in cards:
            described.append(_described(card))
            if card.photo is not None:
                (root / described[-1]["photo"]).write_bytes(card.photo)
            progress(1)
        (root / "cards.json").write_bytes(orjson.dumps(described))
        try:
            made: Any = typst.compile(
                root / "main.typ",
                root=root,
                font_paths=faces.fonts,
                format=form,
                ppi=float(dpi),
                pdf_tags=False,
            )
        except typst.TypstError as error:
            raise CardError(f"the card cannot be set: {error.message}") from error
    return made if isinstance(made, list) else [made]


def _template() -> bytes:
    return (resources.files("verifier.issuing") / "templates" / "card.typ").read_bytes()


def _described(card: Card) -> dict[str, Any]:
    """Say what the template sets, as JSON can hold it."""
    facts = card.certificate
    drawing = qr.symbol(card.code, card.base_url)
    modules = len(drawing.matrix) + 2 * qr.QUIET_ZONE
    powers = POWERS[facts.powers]
    return {
        "kind": facts.kind.name.lower(),
        "title": KINDS[facts.kind].model_dump(),
        "restricted": facts.restricted,
        "holder": _fact(facts.holder),
        "agency": _fact(facts.agency),
        "categories": _fact("、".join(facts.categories)),
        "area": _fact(facts.area),
        "powers": powers.model_dump() if powers else None,
        "number": _fact(facts.number),
        "validity": validity(facts.valid_from, facts.valid_until),
        "issued": issuer_label(facts.kind).model_dump(),
        "issuer": _fact(card.issuer),
        "address": _fact(card.base_url.rstrip("/").lower()),
        "steps": (_RESTRICTED_STEPS if facts.restricted else _STEPS).model_dump(),
        "photo": f"{facts.photo.hex()}.jpg" if facts.photo else None,
        "symbol": {
            "modules": modules,
            "quiet": qr.QUIET_ZONE,
            "module": module_dots(modules) * _MM_PER_INCH / PRINTER_DPI,
            "svg": _svg(drawing),
        },
    }


def _fact(text: str | None) -> dict[str, Any] | None:
    """Give a text with its longest unbreakable part, and its direction by its first strong letter (UAX 9)."""
    if not text:
        return None
    breakable = _LONG_WORD.sub(lambda word: _BREAK.join(word[0]), text)
    return {
        "text": breakable,
        "longest": max(_UNBREAKABLE.findall(breakable), key=len, default=""),
        "rtl": _first_strong(text) in {"R", "AL"},
    }


def _first_strong(text: str) -> str:
    directions: Iterable[str] = map(unicodedata.bidirectional, text)
    return next((direction for direction in directions if direction in {"L", "R", "AL"}), "L")


def _svg(drawing: segno.QRCode) -> str:
    """Give the symbol without its quiet zone, for the template to place."""
    side = len(drawing.matrix)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}">'
        f'<path fill-rule="evenodd" d="{qr.path(drawing)}"/></svg>'
    )
