"""Signs HTTP requests that we send (RFC 9421): a receiver knows from whom they come, and that they are whole.

The key is a status key of the trust list, in `/.well-known/jwks.json` under its kid. It also signs heads, as
COSE: a signature for one is never one for the other, since what COSE signs begins with a CBOR array (0x84)
and what is signed here with a quotation mark (0x22).
"""

import base64
import hashlib
from collections.abc import Mapping
from typing import Final

from verifier.certificate.cose import Signer

LIFETIME_SECONDS: Final = 300
"""How long after it was made a receiver may take a request for new."""
_LABEL: Final = "liangzheng"
_ALGORITHM: Final = "ecdsa-p256-sha256"


def content_digest(body: bytes) -> str:
    """Give the value of Content-Digest (RFC 9530)."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def sign_post(
    uri: str, headers: Mapping[str, str], *, signer: Signer, created: int, nonce: str
) -> dict[str, str]:
    """Sign a POST: its method, its URI, and all of these headers.

    Args:
        uri: where it goes, as it is sent.
        headers: by their names in lower case; `content-digest` among them, so that the body is covered.
        signer: a status key.
        created: the time, in seconds since 1970.
        nonce: never used before; letters and digits.

    Returns:
        The two headers that carry the signature.
    """
    assert "content-digest" in headers, "a signature that leaves out the body proves nothing"
    covered = {"@method": "POST", "@target-uri": uri, **headers}
    names = " ".join(f'"{name}"' for name in covered)
    parameters = (
        f"({names});created={created};expires={created + LIFETIME_SECONDS};"
        f'nonce="{nonce}";keyid="{signer.kid.hex()}";alg="{_ALGORITHM}"'
    )
    lines = [f'"{name}": {value}' for name, value in covered.items()]
    base = "\n".join([*lines, f'"@signature-params": {parameters}'])
    signature = base64.b64encode(signer.sign(base.encode("ascii"))).decode()
    return {"signature-input": f"{_LABEL}={parameters}", "signature": f"{_LABEL}=:{signature}:"}
