"""What docs/decisions/0001-sm2.md says of SM2 is so: the format has room for it, and nothing else takes it.

The arithmetic is written out here (GB/T 32918.2-2016, 6 and 7), slow and for these tests alone.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

import cbor2
import pytest
from cryptography.hazmat.primitives.hashes import SM3, Hash

from keys.roots import TrustError
from keys.trust import TrustList
from tests import builders
from tests.second_opinion.test_javascript import altered
from verifier.certificate import claims, code, cose
from verifier.certificate.verdicts import Reason
from verifier.scanning.check import RefusedError, authenticate

# The recommended curve (GB/T 32918.5-2017).
P: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A: Final = P - 3
B: Final = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
Point = tuple[int, int] | None
G: Final = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
ID: Final = b"1234567812345678"

# Its example (annex A): "message digest", signed with this key and this k.
PRIVATE: Final = 0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8
K: Final = 0x59276E27D506861A16680F3AD9C02DCCEF3CC1FA3CDBE4CE6D54B80DEAC1BC21
PUBLIC: Final = (
    0x09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020,
    0xCCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13,
)
Z: Final = "b2e14c5c79c6df5b85f4fe7ed8db7a262b9da7e07ccb0ea9f4747b8ccda8a4f3"
R: Final = 0xF5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3
S: Final = 0xB1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA

ALG_PRIVATE: Final = -70002  # of nobody: the record leaves the number open
CURVE_PRIVATE: Final = -70002


def add(one: Point, other: Point) -> Point:
    if one is None or other is None:
        return one or other
    (x1, y1), (x2, y2) = one, other
    if x1 == x2 and (y1 + y2) % P == 0:
        return None
    slope = (3 * x1 * x1 + A) * pow(2 * y1, -1, P) if one == other else (y2 - y1) * pow(x2 - x1, -1, P)
    x = (slope * slope - x1 - x2) % P
    return x, (slope * (x1 - x) - y1) % P


def times(factor: int, point: Point) -> Point:
    total: Point = None
    while factor:
        total = add(total, point) if factor & 1 else total
        point, factor = add(point, point), factor >> 1
    return total


def sm3(data: bytes) -> bytes:
    digest = Hash(SM3())
    digest.update(data)
    return digest.finalize()


def z(public: tuple[int, int]) -> bytes:
    numbers = b"".join(number.to_bytes(32, "big") for number in (A, B, *G, *public))
    return sm3((8 * len(ID)).to_bytes(2, "big") + ID + numbers)


def digest(public: tuple[int, int], message: bytes) -> int:
    return int.from_bytes(sm3(z(public) + message), "big")


def sign(message: bytes, private: int, k: int) -> tuple[int, int]:
    public, point = times(private, G), times(k, G)
    assert public
    assert point
    r = (digest(public, message) + point[0]) % N
    return r, pow(1 + private, -1, N) * (k - r * private) % N


def holds(message: bytes, r: int, s: int, public: tuple[int, int]) -> bool:
    if not (1 <= r < N and 1 <= s < N and (r + s) % N):
        return False
    point = add(times(s, G), times((r + s) % N, public))
    return point is not None and (digest(public, message) + point[0]) % N == r


def test_the_example_of_the_standard_is_what_we_calculate() -> None:
    assert times(PRIVATE, G) == PUBLIC
    assert z(PUBLIC).hex() == Z
    assert sign(b"message digest", PRIVATE, K) == (R, S)
    assert holds(b"message digest", R, S, PUBLIC)
    assert not holds(b"message digests", R, S, PUBLIC)


@pytest.mark.parametrize(
    ("r", "s"),
    [
        (R, N - S),
        (N - R, S),
        (N - R, N - S),
        (R, N - R),
        (R, S + N),
        (R + N, S),
        (0, S),
        (R, 0),
        (N, S),
        (R, N),
    ],
)
def test_no_other_form_of_a_signature_holds_so_there_is_none_to_choose(r: int, s: int) -> None:
    assert not holds(b"message digest", r, s, PUBLIC)


@dataclass(frozen=True, slots=True)
class Code:
    """A certificate's code as an SM2 key would sign it."""

    kid: bytes
    encoded: bytes


def cose_key() -> dict[int, int | bytes]:
    x, y = (coordinate.to_bytes(32, "big") for coordinate in PUBLIC)
    return {1: 2, -1: CURVE_PRIVATE, -2: x, -3: y}


def sealed() -> Code:
    kid = hashlib.sha256(cbor2.dumps(cose_key(), canonical=True)).digest()[:4]
    protected = cbor2.dumps({1: ALG_PRIVATE, 4: kid})
    payload = claims.encode(builders.certificate())
    signed = cbor2.dumps(["Signature1", protected, b"", payload])
    signature = b"".join(number.to_bytes(32, "big") for number in sign(signed, PRIVATE, K))
    return Code(kid, cbor2.dumps(cbor2.CBORTag(18, [protected, {}, payload, signature])))


def test_a_code_by_sm2_has_the_form_that_codes_have_and_four_bytes_more() -> None:
    made = sealed()
    frame = cose.parse_code(made.encoded)
    assert (frame.alg, frame.kid) == (ALG_PRIVATE, made.kid)
    r, s = (int.from_bytes(half, "big") for half in (frame.signature[:32], frame.signature[32:]))
    assert holds(frame.signed, r, s, PUBLIC)
    assert len(made.encoded) == len(builders.signed(builders.certificate())) + 4


def test_a_code_by_sm2_is_forged_to_who_has_no_such_key() -> None:
    digits = code.to_digits(sealed().encoded)
    with pytest.raises(RefusedError) as refused:
        authenticate(digits, trust=builders.trust_list(), base_url=builders.BASE_URL, now=builders.NOW)
    assert refused.value.reason is Reason.UNKNOWN_KEY


def test_a_trust_list_with_an_sm2_key_is_refused_in_one_clear_line() -> None:
    lists = altered(lambda content: content["keys"][0].update(cose_key=cose_key(), alg=ALG_PRIVATE))
    with pytest.raises(TrustError, match=rf"algorithm that is not known here \({ALG_PRIVATE}\)"):
        TrustList.open(lists, builders.PINNED)
