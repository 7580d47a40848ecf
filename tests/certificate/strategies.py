"""Hypothesis strategies: any certificate that may exist."""

import unicodedata

from hypothesis import strategies as st

from verifier.certificate.bounds import BOUNDS
from verifier.certificate.model import Certificate, Kind, Powers, StatusReference

_LETTERS = "维吾尔·阿依古丽王\U0002c029\U000323c0 aZ9éئايگۈلᠰᠠᠷᠨ\u180e\u202f\u200c\u200d\u180b"
_CHARACTERS = st.sampled_from(_LETTERS) | st.characters(codec="utf-8", exclude_categories=("C", "Z"))


def _tidy(text: str) -> str:
    edges = " \u180e\u202f\u200c\u200d"
    return unicodedata.normalize("NFC", text).strip(edges)[: BOUNDS.text_characters].rstrip(edges)


TEXTS = st.text(_CHARACTERS, min_size=1, max_size=BOUNDS.text_characters).map(_tidy).filter(bool)
NUMBERS = (
    st.integers(0, 1 << 66).map(str)
    | st.from_regex(r"[0-9]{1,32}", fullmatch=True)
    | st.from_regex(r"[0-9A-Za-z]{1,10}(-[0-9A-Za-z]{1,10}){0,2}", fullmatch=True)
)
_STATUS = st.builds(
    StatusReference,
    st.integers(0, BOUNDS.status_lists - 1),
    st.integers(0, BOUNDS.status_list_entries - 1),
)
_SECONDS = st.integers(0, 1 << 16) | st.integers(0, 1 << 33) | st.integers(0, BOUNDS.seconds - 1)
_DATES = st.tuples(_SECONDS, _SECONDS).filter(lambda pair: pair[0] != pair[1])


@st.composite
def certificates(draw: st.DrawFn) -> Certificate:
    """Draw any certificate."""
    valid_from, valid_until = sorted(draw(_DATES))
    issuer = draw(st.from_regex(r"[0-9A-Za-z]{1,18}", fullmatch=True))
    number, kind, status = draw(NUMBERS), draw(st.sampled_from(Kind)), draw(_STATUS)
    if draw(st.booleans()):
        return Certificate(
            issuer=issuer,
            number=number,
            kind=kind,
            valid_from=valid_from,
            valid_until=valid_until,
            status=status,
            restricted=True,
        )
    return Certificate(
        issuer=issuer,
        number=number,
        kind=kind,
        valid_from=valid_from,
        valid_until=valid_until,
        status=status,
        holder=draw(TEXTS),
        agency=draw(TEXTS),
        categories=tuple(draw(st.lists(TEXTS, min_size=1, max_size=BOUNDS.categories))),
        area=draw(TEXTS),
        powers=draw(st.sampled_from(Powers)),
        photo=draw(st.none() | st.binary(min_size=12, max_size=12)),
    )
