"""The fonts that cards are set in: the packaged ones first, so that a card looks the same everywhere.

Invariant: no character is set in a font that lacks it. A box in place of a character of a name would be
another name, so what no font has is refused.
"""

import struct
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import BinaryIO, Final

import fontpkg_noto_sans_arabic  # type: ignore[import-untyped]  # it has no type information
import pylopdf_fonts_zh_cn
import typst

from verifier.certificate.errors import LiangzhengError

PACKAGED: Final = ("Noto Sans SC", "Noto Sans Arabic")
"""The families that a certificate's texts are set in, in this order."""
TITLES: Final = "Noto Serif SC"
"""The family of the template's own titles."""
PATHS: Final = (
    pylopdf_fonts_zh_cn.sans_path(),
    pylopdf_fonts_zh_cn.serif_path(),
    *sorted((fontpkg_noto_sans_arabic.ROOT / "files").glob("*.ttf")),
)
_INVISIBLE: Final = frozenset("\u180e\u200b\u200c\u200d\u202f")
"""Spelling and breaking marks, which need no glyph."""


class MissingGlyphError(LiangzhengError, ValueError):
    """A character that no font at hand can draw."""


@dataclass(frozen=True, slots=True)
class Faces:
    """Fonts to set texts in."""

    fonts: typst.Fonts
    families: tuple[str, ...]
    """In the order in which a character is looked for."""


def faces_for(texts: Iterable[str]) -> Faces:
    """Choose the fonts that have every character of some texts.

    The packaged fonts alone, where they suffice; else those of the system beside them, by name.

    Raises:
        MissingGlyphError: no font has one of the characters; names it.
    """
    missing = set[str]().union(*texts) - _INVISIBLE - _drawn_by_packaged()
    if not missing:
        return Faces(_packaged(), PACKAGED)
    families = dict.fromkeys(PACKAGED)
    for character in sorted(missing):
        families[_system_family(ord(character))] = None
    return Faces(_with_system(), tuple(families))


def characters(path: Path, index: int = 0) -> frozenset[int]:
    """Read from a font's `cmap` which characters it has glyphs for (OpenType 1.9, cmap formats 4 and 12).

    Args:
        path: an OpenType or TrueType file, or a collection.
        index: which font of a collection.

    Raises:
        OSError: it cannot be read.
        struct.error: it is out of form.
    """
    with path.open("rb") as file:
        start = _offset_of_font(file, index)
        (tables,) = struct.unpack(">4xH", _at(file, start, 6))
        for record in range(tables):
            tag, _, offset, length = struct.unpack(">4sIII", _at(file, start + 12 + 16 * record, 16))
            if tag == b"cmap":
                return frozenset(mapped(_at(file, offset, length)))
    return frozenset()


@cache
def _packaged() -> typst.Fonts:
    return _with_folders(system=False)


def _with_folders(*, system: bool) -> typst.Fonts:
    fonts = typst.Fonts(
        include_system_fonts=system,
        include_embedded_fonts=False,
        font_paths=sorted({str(path.parent) for path in PATHS}),
    )
    missing = {*PACKAGED, TITLES} - set(fonts.families())
    if missing:  # the typesetter would leave every letter out, without a word
        raise MissingGlyphError(f"the packaged font {min(missing)} is not installed")
    return fonts


@cache
def _drawn_by_packaged() -> frozenset[str]:
    sans, _, *others = PATHS
    return frozenset(chr(code) for path in (sans, *others) for code in characters(path))


@cache
def _with_system() -> typst.Fonts:
    return _with_folders(system=True)


@cache
def _system_family(code: int) -> str:
    """Give a family of the system that has a character."""
    for family, path, index in _system_faces():
        if code in _characters_or_none(path, index):
            return family
    raise MissingGlyphError(
        f"no font on this machine has the character U+{code:04X}: install one, e.g. of the Noto fonts"
    )


@cache
def _system_faces() -> list[tuple[str, Path, int]]:
    """Give the system's fonts by name; first those that draw Han as mainland China writes it."""
    faces = (
        (face.family, Path(face.path), face.index)
        for face in _with_system().fonts()
        if face.path and face.style == "normal" and Path(face.path) not in PATHS
    )
    return sorted(faces, key=lambda face: (not face[0].endswith(" SC"), *face))


@cache
def _characters_or_none(path: Path, index: int) -> frozenset[int]:
    try:
        return characters(path, index)
    except (OSError, struct.error):
        return frozenset()


def _at(file: BinaryIO, offset: int, size: int) -> bytes:
    file.seek(offset)
    return file.read(size)


def _offset_of_font(file: BinaryIO, index: int) -> int:
    if _at(file, 0, 4) != b"ttcf":
        return 0
    offset: int = struct.unpack(">I", _at(file, 12 + 4 * index, 4))[0]
    return offset


def mapped(cmap: bytes) -> Iterator[int]:
    """Give the characters that a `cmap` table maps to a glyph.

    Raises:
        struct.error: it is out of form.
    """
    (count,) = struct.unpack_from(">2xH", cmap)
    for record in range(count):
        (offset,) = struct.unpack_from(">4xI", cmap, 4 + 8 * record)
        (form,) = struct.unpack_from(">H", cmap, offset)
        if form == 4:
            yield from _segments(cmap, offset)
        elif form == 12:
            yield from _groups(cmap, offset)


def _segments(cmap: bytes, start: int) -> Iterator[int]:
    (double,) = struct.unpack_from(">H", cmap, start + 6)
    size = double // 2
    ends, starts, deltas, offsets = (
        struct.unpack_from(f">{size}H", cmap, start + skip)
        for skip in (14, 16 + double, 16 + 2 * double, 16 + 3 * double)
    )
    before = -1
    for at, (first, last, delta, offset) in enumerate(zip(starts, ends, deltas, offsets, strict=True)):
        _require_order(before, first, last)
        before = last
        for code in range(first, last + 1):
            glyph = code
            if offset:
                place = start + 16 + 3 * double + 2 * at + offset + 2 * (code - first)
                (glyph,) = struct.unpack_from(">H", cmap, place)
                if not glyph:
                    continue
            if (glyph + delta) & 0xFFFF:
                yield code


def _groups(cmap: bytes, start: int) -> Iterator[int]:
    (count,) = struct.unpack_from(">I", cmap, start + 12)
    before = -1
    for first, last, glyph in struct.iter_unpack(">III", cmap[start + 16 : start + 16 + 12 * count]):
        _require_order(before, first, last)
        before = last
        yield from range(first if glyph else first + 1, last + 1)


def _require_order(before: int, first: int, last: int) -> None:
    """Refuse ranges that are not each after the one before: they could go on without end."""
    if not before < first <= last <= sys.maxunicode:
        raise struct.error("ranges of characters out of order")
