"""Texts as people write them → in the one form that a certificate states them in."""

import re
import unicodedata
from typing import Final

_SPACES: Final = "\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u205f\u3000"
_RUN: Final = re.compile(f"[{_SPACES}]+")
_PADDING: Final = re.compile(f"[{_SPACES}\u202f]+")
_CHINESE: Final = re.compile("[々〇\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003fffd·•（）()0-9—－-]+")


def tidy(text: str) -> str:
    """Free a text from the layout of its table.

    Chinese is written without spaces, so those inside are padding (`王  某`). Other scripts keep theirs, one
    at a time, and U+202F, which Mongolian spelling needs.
    """
    text = unicodedata.normalize("NFC", text)
    if not _PADDING.search(text):
        return text
    bare = _PADDING.sub("", text)
    return bare if _CHINESE.fullmatch(bare) else _RUN.sub(" ", text).strip(" ")
