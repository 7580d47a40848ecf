"""The keys of a trust list for those who do not read it: JSON Web Key Set, COSE Key Set, and text for people.

None of these is signed. What counts is the trust list; they spare other verifiers its form.
"""

import base64
from typing import Any, Final

import cbor2

from keys.trust import KeyState, TrustedKey, TrustList
from verifier.certificate import cose
from verifier.certificate.dates import iso

COSE_KEY_SET: Final = "application/cose-key-set"
_KID: Final = 2
_ALG: Final = 3
_KEY_OPS: Final = 4
_VERIFY: Final = 2


def readable(trust: TrustList) -> dict[str, Any]:
    """Give the trust list for people to read; what counts is the signed one."""
    return {
        "version": trust.version,
        "issued": iso(trust.issued),
        "ends": iso(trust.ends),
        "root": trust.signed_by.root.kid.hex(),
        "issuers": [issuer.model_dump() for issuer in trust.issuers.values()],
        "keys": [
            {
                "kid": key.kid.hex(),
                "issuer": key.issuer,
                "purpose": key.purpose,
                "kinds": _kinds(key),
                "state": key.state,
                "since": iso(key.since),
                "signs_from": iso(key.signs_from) if key.signs_from is not None else None,
                "signs_until": iso(key.signs_until) if key.signs_until is not None else None,
            }
            for key in trust.keys.values()
        ],
        "status_lists": trust.status_lists.model_dump(),
        "agencies": [agency.model_dump() for agency in trust.agencies.values()],
    }


def jwks(trust: TrustList) -> dict[str, Any]:
    """Give all keys as a JSON Web Key Set (RFC 7517), with when each signed.

    `revoked` is as OpenID Federation 1.0 has it for keys of the past; the other members that RFC 7517 does
    not know are `iss`, `purpose`, `kinds`, `state`, `signs_from` and `signs_until` (seconds since 1970).
    """
    return {"keys": [_jwk(key) for key in trust.keys.values()]}


def cose_key_set(trust: TrustList) -> bytes:
    """Give all keys as a COSE Key Set (RFC 9052 7): an array of COSE_Key maps in deterministic CBOR.

    What COSE has no label for goes under text labels, as in `jwks`.
    """
    return cbor2.dumps([_cose_key(key) for key in trust.keys.values()], canonical=True)


def _jwk(key: TrustedKey) -> dict[str, Any]:
    point = key.public.public_numbers()
    revoked = {"revoked": {"revoked_at": key.since, "reason": "compromised"}}
    return {
        "kty": "EC",
        "crv": "P-256",
        "x": _base64url(point.x),
        "y": _base64url(point.y),
        "alg": "ES256",
        "use": "sig",
        "kid": key.kid.hex(),
        **_facts(key),
        **(revoked if key.state is KeyState.COMPROMISED else {}),
    }


def _cose_key(key: TrustedKey) -> dict[int | str, Any]:
    facts = {name: value for name, value in _facts(key).items() if value is not None}
    labels: dict[int | str, Any] = {_KID: key.kid, _ALG: key.alg, _KEY_OPS: [_VERIFY]}
    return labels | cose.encode_key(key.public) | facts


def _facts(key: TrustedKey) -> dict[str, Any]:
    return {
        "iss": key.issuer,
        "purpose": key.purpose.value,
        "kinds": _kinds(key),
        "state": key.state.value,
        "since": key.since,
        "signs_from": key.signs_from,
        "signs_until": key.signs_until,
    }


def _kinds(key: TrustedKey) -> list[str]:
    """Name what a certificate key may sign."""
    return [kind.name.lower() for kind in sorted(key.kinds)] if key.issuer else []


def _base64url(coordinate: int) -> str:
    return base64.urlsafe_b64encode(coordinate.to_bytes(32, "big")).rstrip(b"=").decode()
