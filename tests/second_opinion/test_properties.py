"""Beyond the vectors: drawn certificates and mutated codes get the same answer from both verifiers."""

import hashlib
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.certificate.strategies import certificates
from tests.second_opinion.javascript import answers_to
from tests.vectors import generate
from tests.vectors.case import BASE_URL, KEYS, NOW, TRUST, seal
from tests.vectors.test_vectors import look_up, outcome
from verifier.certificate import claims, code
from verifier.certificate.bounds import BOUNDS
from verifier.certificate.model import Certificate, Kind

CODES = 600
_ISSUERS = {"xinjiang": "650000", "kashgar": "653100", "inner-mongolia": "150000", "ministry": "MEM150000"}
_SIGNERS = st.sampled_from(
    [*_ISSUERS, "xinjiang", "xinjiang-retired", "xinjiang-compromised", "status", "stranger"]
)
_SELDOM = st.sampled_from([False] * 4 + [True])
_REVOKED = ("withdrawn", "cancelled", "lost", "replaced", "expired")


@st.composite
def mutated(draw: st.DrawFn, content: bytes) -> bytes:
    """Change, take out, put in, or double a byte somewhere."""
    at = draw(st.integers(0, len(content) - 1))
    head, byte, tail = content[:at], content[at : at + 1], content[at + 1 :]
    other = draw(st.sampled_from([bytes((byte[0] ^ 1 << bit,)) for bit in range(8)]))
    return draw(st.sampled_from([head + other + tail, head + tail, head + other + byte + tail, content[:at]]))


@st.composite
def texts(draw: st.DrawFn, encoded: bytes) -> str:
    """Write a code as scanners may give it, and as they may not."""
    digits = code.to_digits(encoded)
    addresses = [BASE_URL, BASE_URL.upper(), f"{BASE_URL}:8443", f"{BASE_URL}/", "https://evil.example", ""]
    address = draw(st.sampled_from(addresses))
    ours = f"{BASE_URL}/{digits}"
    others = [digits, f" {ours}\u3000", f"{address}/{digits}", f"{address}/{digits}", f"{ours}/"]
    return draw(st.sampled_from([ours] * 10 + others))


@st.composite
def registers(draw: st.DrawFn, certificate: Certificate, payload: bytes, now: int) -> dict[str, Any] | None:
    """Draw what the register knows of the claims."""
    digest = hashlib.sha256(payload).hexdigest()[:24]
    index = certificate.status.index ^ draw(st.sampled_from([0] * 7 + [1]))
    state = draw(st.sampled_from(["valid", "suspended", "revoked", "revoked", None]))
    if state is None:
        return None
    suspended, revoked = state == "suspended", state == "revoked"
    return {
        "list": certificate.status.list,
        "index": index,
        "state": state,
        "since": 0,
        "until": draw(st.sampled_from([None, now, now + 1])) if suspended else None,
        "reason": draw(st.sampled_from(_REVOKED)) if revoked else "none",
        "digest": draw(st.sampled_from([digest] * 7 + ["00" * 12])),
    }


@st.composite
def vectors(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a scan like a test vector: mostly a genuine code, or one with a single thing wrong."""
    name = draw(_SIGNERS)
    certificate = draw(certificates())
    own = _ISSUERS.get(name, "650000")
    kind = Kind.MINISTRY if name == "ministry" else certificate.kind
    as_signed = st.sampled_from([replace(certificate, issuer=own, kind=kind)] * 7 + [certificate])
    around_now = st.sampled_from([(0, NOW), (0, NOW + 1), (NOW, NOW + 1), (NOW + 1, NOW + 2), None])
    certificate = draw(as_signed)
    if dates := draw(around_now):
        certificate = replace(certificate, valid_from=dates[0], valid_until=dates[1])
    payload = claims.encode(certificate)
    if draw(_SELDOM):
        payload = draw(mutated(payload))
    encoded = seal(payload, KEYS[name]).code
    if draw(_SELDOM):
        encoded = draw(mutated(encoded)).lstrip(b"\0") or b"\1"
    now = draw(st.sampled_from([NOW] * 9 + [certificate.valid_from]))
    return {
        "base_url": BASE_URL,
        "now": now,
        "trust": {
            "file": str(generate.DIRECTORY / "trust.json"),
            "sha256": hashlib.sha256(TRUST).hexdigest(),
        },
        "stages": {"text": draw(texts(encoded))},
        "register": draw(registers(certificate, payload, now)),
        "fresh": draw(st.sampled_from([True, True, False])),
        "expected": {},
    }


def drawn() -> list[dict[str, Any]]:
    """Draw the same scans in every run."""
    collected: list[dict[str, Any]] = []

    @seed(4)
    @settings(
        max_examples=CODES,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        deadline=None,
    )
    @given(vectors())
    def collect(vector: dict[str, Any]) -> None:
        collected.append(vector | {"name": str(len(collected))})

    collect()
    return collected


def test_both_give_drawn_and_mutated_codes_the_same_answer() -> None:
    scans = drawn()
    answers = answers_to(scans)
    ours = {
        scan["name"]: {"online": outcome(scan, look_up(scan["register"])), "offline": outcome(scan, None)}
        for scan in scans
    }
    different = {
        name: (ours[name], answers[name], scans[int(name)]["stages"]["text"])
        for name in ours
        for side, reason in ours[name].items()
        if answers[name][side] != {"verdict": reason.verdict, "reason": reason}
    }
    assert different == {}
    met = {reason for sides in ours.values() for reason in sides.values()}
    assert len(met) > 20, f"the draw must meet nearly every reason; it met {sorted(met)}"
    assert max(len(scan["stages"]["text"]) for scan in scans) > BOUNDS.code_digits
