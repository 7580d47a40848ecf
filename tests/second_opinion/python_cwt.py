"""Gives python-cwt's opinion on test vectors; runs in an environment of its own, without anything of ours.

    python python_cwt.py TRUST.json VECTOR.json …

prints {name: {"outcome": …, "claims": …}} as JSON: `accepted` with the claims, or why it was refused. Vectors
whose text holds no code are left out: python-cwt begins with bytes.
"""

import json
import sys
from datetime import datetime, tzinfo
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

import cbor2
import cwt.cwt
from cwt import COSE, CWT, COSEKey
from cwt.cose_key_interface import COSEKeyInterface

_ES256 = -7
_VERIFY = 2
_LEEWAY = 1
"""Seconds; python-cwt takes no less."""


class Clock(datetime):
    """The time of the vector: python-cwt takes none as an argument and asks this one."""

    seconds = 0

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        """Give the time that was set."""
        return cls.fromtimestamp(cls.seconds, tz)


def public_key(x: bytes, y: bytes) -> COSEKeyInterface:
    """Make a key whose kid is the start of its COSE key thumbprint."""
    parameters: dict[int, Any] = {1: 2, -1: 1, -2: x, -3: y}
    kid = sha256(cbor2.dumps(parameters, canonical=True)).digest()[:4]
    return COSEKey.new(parameters | {2: kid, 3: _ES256, 4: [_VERIFY]})


def certificate_keys(shared: dict[str, Any]) -> list[COSEKeyInterface]:
    """Verify the trust list by its root, and give the keys that sign certificates."""
    root = public_key(bytes.fromhex(shared["root"]["x"]), bytes.fromhex(shared["root"]["y"]))
    content = cbor2.loads(COSE.new().decode(bytes.fromhex(shared["trust"]), root))
    keys = [key for key in content["keys"] if key["purpose"] == "certificate"]
    return [public_key(key["cose_key"][-2], key["cose_key"][-3]) for key in keys]


def opinion(code: bytes, keys: list[COSEKeyInterface], now: int) -> dict[str, Any]:
    """Decode one code as a CWT."""
    Clock.seconds = now
    try:
        claims = CWT.new(leeway=_LEEWAY).decode(code, keys)
    except Exception as error:  # noqa: BLE001 - python-cwt lets through whatever its parts raise
        words = str(error)
        dates = {"The token has expired.": "expired", "The token is not yet valid.": "not_yet_valid"}
        return {"outcome": dates.get(words, "refused"), "why": f"{type(error).__name__}: {words}"}
    return {"outcome": "accepted", "claims": plain(claims)}


def plain(item: Any) -> Any:
    """Write claims as JSON can hold them: keys as text, bytes in hexadecimal, others by their type."""
    if isinstance(item, dict):
        return {str(key): plain(value) for key, value in item.items()}
    if isinstance(item, (list, tuple)):
        return [plain(value) for value in item]
    if isinstance(item, bytes):
        return item.hex()
    return item if isinstance(item, (str, int)) else f"a {type(item).__name__}"


def main(trust: str, *vectors: str) -> None:
    """Print the opinions."""
    cwt.cwt.datetime = Clock
    keys = certificate_keys(json.loads(Path(trust).read_text(encoding="utf-8")))
    opinions = {}
    for path in vectors:
        vector = json.loads(Path(path).read_text(encoding="utf-8"))
        code = vector["stages"]["code"]
        if code is not None:
            opinions[vector["name"]] = opinion(bytes.fromhex(code), keys, vector["now"])
    sys.stdout.write(json.dumps(opinions))


if __name__ == "__main__":
    main(*sys.argv[1:])
