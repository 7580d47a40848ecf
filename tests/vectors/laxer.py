"""Where another implementation accepts a code that ours refuses, by vector.

tests/second_opinion holds them to it: what is said here must be so, and nothing else may be.
"""

from collections.abc import Iterable, Mapping
from typing import Final

_UNKNOWN_CLAIM: Final = "does not know the certificate claim"
_NOT_DETERMINISTIC: Final = "reads CBOR that is not deterministic"
_TAGS: Final = "makes objects of tags"
_TWICE: Final = "takes the last of equal keys"
_BEHIND: Final = "ignores bytes behind the end"
_DATES: Final = "neither demands nor bounds dates"
_NUMBERS: Final = "takes floats and booleans for dates"
_ISS: Final = "neither demands iss nor looks at it"
_ALG: Final = "does not compare alg with the key's"
_HEADERS: Final = "passes over headers that it does not know, critical ones too"
_UNPROTECTED: Final = "takes unprotected headers"


def _named(prefix: str, names: str) -> Iterable[str]:
    return (f"{prefix}-{name}" for name in names.split())


_PYTHON_CWT: Final[Mapping[str, Iterable[str]]] = {
    _UNKNOWN_CLAIM: [
        "claims-certificate-missing",
        "claims-facts-wrapped",
        "claims-unknown-fact",
        *(f"claims-fact-{fact}-missing" for fact in (1, 2, 3, 4, 5, 6, 8)),
        *_named("claims-categories", "9 map mixed nested none one"),
        *_named("claims-holder", "121-characters byte-order-mark bytes empty full-width-space isolate"),
        *_named(
            "claims-holder", "leading-space line-break no-break-space not-nfc nul only-joiner private-use"
        ),
        *_named("claims-holder", "right-to-left-override trailing-joiner trailing-space unassigned"),
        *_named("claims-holder", "zero-width-space"),
        *_named("claims-kind", "negative true unknown"),
        *_named("claims-number", "33-characters arabic-indic as-text float negative space true"),
        *_named("claims-photo", "11-bytes array null text whole-digest"),
        *_named("claims-powers", "all unknown"),
        *_named("claims-restricted", "false missing not-true with-holder"),
        *_named("claims-status", "beyond float list-beyond map negative one three true"),
    ],
    _NOT_DETERMINISTIC: [
        *_named("claims", "exp-long facts-indefinite facts-order holder-indefinite holder-long-length"),
        *_named("claims", "indefinite long-map order status-indefinite status-long"),
        *_named("frame", "header-alg-long header-indefinite header-kid-first header-unprotected-indefinite"),
        *_named("frame", "indefinite-array indefinite-payload indefinite-protected"),
        *_named("frame", "long-array long-payload-length tag-long"),
    ],
    _TAGS: [
        *_named("claims", "categories-network exp-bignum number-bignum number-expression number-power"),
        *_named("claims", "status-tagged"),
    ],
    _TWICE: ["claims-exp-twice", "claims-iss-twice", "claims-kind-twice", "frame-header-alg-twice"],
    _BEHIND: ["claims-trailing-byte", "frame-doubled", "frame-doubled-large", "frame-extended"],
    _DATES: _named("claims", "exp-missing exp-huge exp-year-10000 nbf-missing nbf-negative"),
    _NUMBERS: _named("claims", "exp-float exp-infinite exp-nan nbf-float nbf-true nbf-false"),
    _ISS: _named("claims-iss", "long missing number"),
    "passes over claims that it does not know": ["claims-unknown-claim"],
    _ALG: [
        *_named("frame-alg", "eddsa es384 private rs256"),
        *_named("frame-header-alg", "missing text"),
    ],
    _HEADERS: _named("frame-header", "content-type crit extra-header"),
    _UNPROTECTED: _named("frame-header-unprotected", "alg both kid too"),
    "accepts s above n/2": ["frame-signature-high-s"],
    "takes other tags before it": ["frame-tag-cwt", "frame-tag-self-described"],
    "returns claims that nobody signed": ["frame-unsigned-claims"],
    "bounds no length": ["frame-425-bytes"],
    "cannot be told to leave a second no leeway": ["expired-exactly", "not-yet-valid-by-a-second"],
}

LAXER: Final[Mapping[str, dict[str, str]]] = {
    name: {"python-cwt": words} for words, names in _PYTHON_CWT.items() for name in names
}
"""By vector: in what an implementation is laxer."""
