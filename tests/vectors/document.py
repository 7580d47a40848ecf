"""The worked example of docs/code-format.md, written from the first vector."""

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import cbor2

from tests.builders import scalar
from tests.vectors.case import KEYS, Case
from verifier.certificate import claims, code, cose

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "code-format.md"
_BEGIN: Final = "<!-- written by `make vectors` from here -->\n"
_END: Final = "<!-- to here -->"
_CLAIMS: Final = {claims.ISS: "iss", claims.EXP: "exp", claims.NBF: "nbf"}
_FACTS: Final = {
    claims.NUMBER: "number",
    claims.KIND: "kind",
    claims.HOLDER: "holder",
    claims.AGENCY: "agency",
    claims.CATEGORY: "category",
    claims.AREA: "area",
    claims.STATUS: "status",
    claims.PHOTO: "photo",
}


def with_example(document: str, case: Case) -> str:
    """Give the document with its example written anew."""
    before, rest = document.split(_BEGIN)
    after = rest.split(_END)[1]
    return f"{before}{_BEGIN}\n{_example(case)}\n{_END}{after}"


def _example(case: Case) -> str:
    sealed, known = case.sealed, case.register
    assert sealed is not None
    assert known is not None
    key = KEYS["xinjiang"]
    cose_key = cbor2.dumps(cose.encode_key(key.public), canonical=True)
    stages = [
        ("The issuer's private key, from the vectors:", _hex(scalar("vectors xinjiang").to_bytes(32, "big"))),
        ("Its COSE_Key:", _hex(cose_key)),
        (
            "The thumbprint of that, of which the first 4 bytes are the kid:",
            _hex(cose.thumbprint(key.public)),
        ),
        ("The claims, item by item:", "\n".join(_items(sealed.claims))),
        ("The protected header:", _hex(sealed.protected)),
        ("The Sig_structure:", _hex(sealed.sig_structure)),
        ("The signature:", _hex(sealed.signature)),
        (f"The code, {len(sealed.code)} bytes:", _hex(sealed.code)),
        ("The text of the QR symbol:", "\n".join(textwrap.wrap(case.text, 96))),
    ]
    blocks = "\n\n".join(f"{title}\n\n```\n{content}\n```" for title, content in stages)
    digits = len(code.to_digits(sealed.code))
    return (
        f"The vector [`{case.name}`](../tests/vectors/v1/{case.name}.json); lines are broken for reading.\n\n"
        f"{blocks}\n\n"
        f"Its {digits} digits are `valid` at {case.now}, where the register has list {known.status_list}, "
        f"index {known.idx} as valid\nwith the digest `{known.digest.hex()}`.\n"
    )


def _items(payload: bytes) -> Iterator[str]:
    content: dict[Any, Any] = cbor2.loads(payload)
    facts: dict[Any, Any] = content.pop(claims.CERTIFICATE)
    yield _line(bytes((0xA0 + len(content) + 1,)), "claims")
    for key, value in content.items():
        yield _line(cbor2.dumps(key) + cbor2.dumps(value), f"{_CLAIMS[key]}: {value}")
    yield _line(cbor2.dumps(claims.CERTIFICATE) + bytes((0xA0 + len(facts),)), "certificate")
    for key, value in facts.items():
        shown = value.hex() if isinstance(value, bytes) else value
        yield _line(cbor2.dumps(key) + cbor2.dumps(value), f"{_FACTS[key]}: {shown}")


def _line(encoded: bytes, meaning: str) -> str:
    *lines, last = textwrap.wrap(encoded.hex(), 48)
    return "\n".join([*lines, f"{last:<50}# {meaning}"])


def _hex(content: bytes) -> str:
    return "\n".join(textwrap.wrap(content.hex(), 96))
