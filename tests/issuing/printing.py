"""What the tests of cards print, and how they look at it: as a printer of 300 dpi would."""

import ctypes
import hashlib
from dataclasses import dataclass
from typing import Any, Final

import pypdfium2  # type: ignore[import-untyped]  # it has no type information
import zxingcpp
from PIL import Image
from pypdfium2 import raw

from tests.builders import BASE_URL, certificate, restricted, signed
from verifier.certificate import qr
from verifier.issuing import photos
from verifier.issuing.cards import Card
from verifier.issuing.samples import portraits

DPI: Final = 300
QR_CODE: Final = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
PHOTO: Final = photos.prepare(portraits.draw("31000036001"))
ISSUER: Final = "新疆维吾尔自治区司法厅"


def card(*, jpeg: bytes | None = PHOTO, base_url: str = BASE_URL, issuer: str = ISSUER, **facts: Any) -> Card:
    """Give the card of the typical certificate, with changes."""
    digest = hashlib.sha256(jpeg).digest()[:12] if jpeg else None
    of = certificate(**({"photo": digest} | facts))
    return Card(certificate=of, code=signed(of), base_url=base_url, issuer=issuer, photo=jpeg)


def restricted_card() -> Card:
    of = restricted()
    return Card(certificate=of, code=signed(of), base_url=BASE_URL, issuer=ISSUER)


def largest_card() -> Card:
    """Give the card with the largest symbol that may be issued."""
    grown = card(agency="某")
    try:
        for size in range(2, 121):
            grown = card(agency="某" * size)
    except qr.TooLargeError:
        return grown
    raise AssertionError("no agency's name is too long")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One side of a card, out of a PDF."""

    size: tuple[float, float]
    """Width and height in mm."""
    text: str
    """Without spaces and line breaks."""
    picture: Image.Image
    """Grey, at 300 dpi."""
    fonts: frozenset[tuple[str, bool]]
    """Names, and whether embedded."""
    images: int


def pages(pdf: bytes) -> list[Page]:
    """Read a PDF by the renderer of a browser."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [_page(document[at]) for at in range(len(document))]
    finally:
        document.close()


def decoded(picture: Image.Image) -> list[str]:
    """Read the QR codes; of other codes, a decoder sees some in any pattern of bars."""
    return [found.text for found in zxingcpp.read_barcodes(picture, formats=QR_CODE)]


def dots(mm: float) -> int:
    """Give a length in dots of the printer."""
    return round(mm / 25.4 * DPI)


def _page(page: pypdfium2.PdfPage) -> Page:
    points = page.get_size()
    objects = list(page.get_objects())
    letters = page.get_textpage().get_text_bounded()
    return Page(
        size=(points[0] / 72 * 25.4, points[1] / 72 * 25.4),
        text="".join(letters.replace("\u200b", "").split()),
        picture=page.render(scale=DPI / 72).to_pil().convert("L"),
        fonts=frozenset(_font(each.raw) for each in objects if each.type == raw.FPDF_PAGEOBJ_TEXT),
        images=sum(each.type == raw.FPDF_PAGEOBJ_IMAGE for each in objects),
    )


def _font(text: Any) -> tuple[str, bool]:
    font = raw.FPDFTextObj_GetFont(text)
    name = ctypes.create_string_buffer(200)
    raw.FPDFFont_GetBaseFontName(font, name, 200)
    return name.value.decode(), raw.FPDFFont_GetIsEmbedded(font) == 1
