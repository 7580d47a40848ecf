"""A signing program as an operator would write one: keys in PEM files of a folder, asked line by line.

`python kms.py FOLDER [FAULT]`; a fault makes it misbehave as real ones do.
"""

import sys
import time
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)


def answer(folder: Path, question: list[str]) -> str:
    match question:
        case ["create", name]:
            key = ec.generate_private_key(ec.SECP256R1())
            pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            with (folder / name).open("xb") as file:
                file.write(pem)
            point = key.public_key().public_numbers()
            return f"ok {point.x:064x} {point.y:064x}"
        case ["sign", name, digest]:
            if not (folder / name).exists():
                return f"error there is no key {name}"
            opened = load_pem_private_key((folder / name).read_bytes(), None)
            assert isinstance(opened, ec.EllipticCurvePrivateKey)
            signature = opened.sign(bytes.fromhex(digest), ec.ECDSA(Prehashed(SHA256())))
            r, s = decode_dss_signature(signature)
            return f"ok {r:064x}{s:064x}"
    return "error unknown question"


def main() -> None:
    folder, fault = Path(sys.argv[1]), (sys.argv[2:] or [""])[0]
    for line in sys.stdin:
        question = line.split()
        match fault if question[0] == "sign" else "":
            case "hang":
                time.sleep(60)
            case "die":
                return
            case "chatter":
                sys.stdout.write("ok " + "0" * 5_000)
            case "nonsense":
                sys.stdout.write("yes\n")
            case "zero":
                sys.stdout.write(f"ok {0:0128x}\n")
            case "once":
                fault = "die"
                sys.stdout.write(answer(folder, question) + "\n")
            case "other key":
                first = min(folder.iterdir()).name
                sys.stdout.write(answer(folder, ["sign", first, question[2]]) + "\n")
            case _:
                sys.stdout.write(answer(folder, question) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
