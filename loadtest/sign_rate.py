"""(a) of the keys: signatures a second of each kind of signer, against bare `cryptography` beside them."""

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from keys import signers
from keys.command import CommandStore
from keys.pkcs11 import TokenStore, parse_location
from keys.signers import KeySigner
from loadtest.paired import Work, seconds_each
from loadtest.report import Line
from tests.keys.softhsm import SoftHsm

_KMS: Final = Path(__file__).parent.parent / "tests/keys/kms.py"
_DATA: Final = b"x" * 220


def measure() -> list[Line]:
    """Measure each signer with a key of its own."""
    with tempfile.TemporaryDirectory(prefix="liangzheng-sign-") as name:
        folder = Path(name)
        key = ec.generate_private_key(ec.SECP256R1())
        ecdsa = ec.ECDSA(SHA256())
        store, command = _tokens(folder), CommandStore((sys.executable, str(_KMS), str(folder)))
        made, behind = store.create("bench"), command.create("bench")
        token, key_id = parse_location(made.location)
        digest = hashlib.sha256(_DATA).digest()
        each = seconds_each(
            {
                "bare": _times(lambda: key.sign(_DATA, ecdsa)),
                "file": _signing(signers.create(folder / "key.pem", b"passphrase")),
                "token alone": _times(lambda: store.sign(token, key_id, digest)),
                "token": _signing(store.open(*made)),
                "command": _signing(command.open(*behind)),
            }
        )
        command.close()
    bare = each.pop("bare")
    words = {
        "file": "encrypted file",
        "token alone": "SoftHSM2 token by PKCS#11, not verified",
        "token": "SoftHSM2 token by PKCS#11, each signature verified",
        "command": "a program asked by pipe, each signature verified",
    }
    baseline = f"bare signing: {1 / bare:,.0f} a second"
    return [
        Line(f"(i) signer: {words[name]}", f"{1 / seconds:,.0f} a second", baseline, bare / seconds)
        for name, seconds in each.items()
    ]


def _tokens(folder: Path) -> TokenStore:
    hsm = SoftHsm(folder / "hsm")
    os.environ |= hsm.environment  # the library reads it in this process
    hsm.make_token("bench")
    return hsm.store()


def _signing(signer: KeySigner) -> Work:
    return _times(lambda: signer.sign(_DATA))


def _times(work: Callable[[], object]) -> Work:
    def go(goes: int) -> None:
        for _ in range(goes):
            work()

    return go
