"""(a) of the keys: signatures a second of each kind of signer, against bare `cryptography` beside them."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from keys import signers
from keys.command import CommandStore
from keys.pkcs11 import TokenStore, parse_location
from keys.signers import KeySigner, digest_of
from loadtest.paired import Work, seconds_each
from loadtest.report import Line

_PIN: Final = "739184"
_LIBRARIES: Final = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
)
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
        digest = digest_of(_DATA)
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
    library = next(path for path in _LIBRARIES if Path(path).exists())
    (folder / "tokens").mkdir()
    (folder / "conf").write_text(f"directories.tokendir = {folder}/tokens\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(folder / "conf")
    pins = ("--pin", _PIN, "--so-pin", "57239184")
    subprocess.run(
        ["softhsm2-util", "--init-token", "--free", "--label", "bench", *pins],
        check=True,
        capture_output=True,
    )
    pin = folder / "pin"
    pin.write_text(_PIN)
    pin.chmod(0o600)
    return TokenStore(module=Path(library), pin_file=pin)


def _signing(signer: KeySigner) -> Work:
    return _times(lambda: signer.sign(_DATA))


def _times(work: object) -> Work:
    assert callable(work)

    def go(goes: int) -> None:
        for _ in range(goes):
            work()

    return go
