"""Token Status Lists: the draft's own vectors, both forms in the hands of others, and what must not pass."""

import json
import zlib
from pathlib import Path
from typing import Any

import cbor2
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey

from keys.trust import KeyState, Purpose, TrustList
from tests.builders import KEYS, NOW, STATUS, XINJIANG, key, signer, trust_list
from verifier.certificate import cose
from verifier.certificate.bounds import BOUNDS
from verifier.status import token_status_list as module
from verifier.status.token_status_list import (
    CWT_TYPE,
    LARGEST_TOKEN_BYTES,
    SKEW_SECONDS,
    StatusList,
    StatusListError,
    StatusType,
    blank,
    compress,
    decompress,
    open_token,
    sign,
    to_cbor,
    to_json,
    write,
)

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parent / "vectors/draft-ietf-oauth-status-list.json").read_text()
)
URI = "https://v.example.gov.cn/status/3"
ARRAY = blank(1 << 17)
write(ARRAY, 4_711, StatusType.SUSPENDED)
write(ARRAY, 131_071, StatusType.INVALID)
LIST = StatusList(URI, NOW, NOW + 86_400, 43_200, 2, bytes(ARRAY), "https://v.example.gov.cn/status")
CWT, JWT = sign(LIST, STATUS)
TRUST = trust_list()


def array_of(vector: dict[str, Any]) -> bytearray:
    array = blank(vector["entries"], vector["bits"])
    for index, status in vector["statuses"].items():
        write(array, int(index), status, vector["bits"])
    return array


@pytest.mark.parametrize("vector", VECTORS["small"], ids=lambda vector: f"{vector['bits']} bits")
def test_the_drafts_first_examples_come_out_byte_for_byte(vector: dict[str, Any]) -> None:
    assert compress(array_of(vector)).hex() == vector["compressed"]


@pytest.mark.parametrize("vector", VECTORS["long"], ids=lambda vector: f"{vector['bits']} bits")
def test_the_drafts_test_vectors_come_out_byte_for_byte_and_are_read(vector: dict[str, Any]) -> None:
    lst = compress(array_of(vector))
    assert to_json(vector["bits"], lst) == {"bits": vector["bits"], "lst": vector["lst"]}
    assert cbor2.dumps(to_cbor(vector["bits"], lst)).hex() == vector["cbor"]
    read = LIST._replace(
        bits=vector["bits"], array=decompress(cbor2.loads(bytes.fromhex(vector["cbor"]))["lst"])
    )
    for index in range(0, vector["entries"], 997):
        assert read.status(index) == vector["statuses"].get(str(index), 0)
    for index, status in vector["statuses"].items():
        assert read.status(int(index)) == status


@given(
    bits=st.sampled_from([1, 2, 4, 8]),
    entries=st.dictionaries(st.integers(0, 999), st.integers(0, 255), max_size=40),
)
def test_what_is_written_is_read_and_nothing_else_changes(bits: int, entries: dict[int, int]) -> None:
    array = blank(1_000, bits)
    for index, status in entries.items():
        write(array, index, 255, bits)
        write(array, index, status, bits)
    read = LIST._replace(bits=bits, array=decompress(compress(array)))
    mask = (1 << bits) - 1
    assert [read.status(index) for index in range(1_000)] == [
        entries.get(index, 0) & mask for index in range(1_000)
    ]


@pytest.mark.parametrize("token", [CWT, JWT], ids=["CWT", "JWT"])
def test_both_forms_say_the_same(token: bytes) -> None:
    opened = open_token(token, TRUST, uri=URI)
    assert opened == LIST
    assert [opened.status(index) for index in (0, 4_711, 131_071)] == [0, 2, 1]


def test_the_cwt_is_as_the_draft_has_it() -> None:
    assert CWT[0] == 0xD2  # COSE_Sign1, and no CWT tag 61 (d8 3d) before it
    protected, unprotected, payload, _ = cbor2.loads(CWT).value
    assert cbor2.loads(protected) == {1: -7, 4: STATUS.kid, 16: "application/statuslist+cwt"}
    assert unprotected == {}
    claims = cbor2.loads(payload)
    assert {name: claims[name] for name in (2, 4, 6, 65534)} == {
        2: URI, 4: NOW + 86_400, 6: NOW, 65534: 43_200,
    }  # fmt: skip
    assert set(claims[65533]) == {"bits", "lst", "aggregation_uri"}


def test_another_jose_library_verifies_the_jwt() -> None:
    point = cose.encode_key(STATUS.public)
    public = ECKey.import_key(
        {
            "kty": "EC",
            "crv": "P-256",
            "x": module._base64url(point[-2]).decode(),
            "y": module._base64url(point[-3]).decode(),
        }
    )
    token = jwt.decode(JWT.decode(), public, algorithms=["ES256"])
    assert token.header == {"alg": "ES256", "kid": STATUS.kid.hex(), "typ": "statuslist+jwt"}
    assert token.claims["sub"] == URI
    assert token.claims["status_list"]["bits"] == 2


@given(st.data())
def test_every_changed_byte_of_either_form_is_refused(data: st.DataObject) -> None:
    token = data.draw(st.sampled_from([CWT, JWT]))
    at = data.draw(st.integers(0, len(token) - 1))
    changed = data.draw(st.integers(1, 255))
    with pytest.raises(StatusListError):
        open_token(token[:at] + bytes((token[at] ^ changed,)) + token[at + 1 :], TRUST, uri=URI)


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_no_list(token: bytes) -> None:
    for start in (b"", b"eyJ", b"\xd2\x84"):
        with pytest.raises(StatusListError):
            open_token(start + token, TRUST, uri=URI)


def test_a_list_of_something_else_is_refused() -> None:
    """The codes of list 3 would else be judged by what list 4 says of others."""
    for token in (CWT, JWT):
        with pytest.raises(StatusListError, match="another one"):
            open_token(token, TRUST, uri=URI + "1")


def test_an_unsigned_list_is_refused() -> None:
    parts = cbor2.loads(CWT).value
    header, content, _ = JWT.split(b".")
    none = module._base64url(orjson.dumps({"alg": "none", "kid": STATUS.kid.hex(), "typ": "statuslist+jwt"}))
    for token in (
        parts[2],
        cbor2.dumps(cbor2.CBORTag(18, [*parts[:3], b""])),
        cbor2.dumps(cbor2.CBORTag(18, [b"", {1: -7, 4: STATUS.kid, 16: CWT_TYPE}, *parts[2:]])),
        header + b"." + content + b".",
        none + b"." + content + b".",
    ):
        with pytest.raises(StatusListError):
            open_token(token, TRUST, uri=URI)


@pytest.mark.parametrize(
    "trust",
    [
        trust_list(keys=[*KEYS[:2], key(STATUS, None, purpose=Purpose.STATUS, state=KeyState.COMPROMISED)]),
        trust_list(keys=[*KEYS[:2], key(signer("other status"), None, purpose=Purpose.STATUS)]),
        trust_list(keys=[key(STATUS), key(signer("other status"), None, purpose=Purpose.STATUS)]),
    ],
    ids=["compromised", "unknown", "for certificates"],
)
def test_a_list_by_any_other_key_is_refused(trust: TrustList) -> None:
    for token in (CWT, JWT):
        with pytest.raises(StatusListError, match="no status key"):
            open_token(token, trust, uri=URI)


def test_a_certificate_key_signs_no_list() -> None:
    for token in sign(LIST, XINJIANG):
        with pytest.raises(StatusListError, match="no status key"):
            open_token(token, TRUST, uri=URI)


def signed_cwt(**changes: Any) -> bytes:
    claims = {2: URI, 4: NOW + 9, 6: NOW, 65534: 9, 65533: to_cbor(2, compress(ARRAY))}
    claims |= {int(label[1:]): value for label, value in changes.items()}
    return cose.sign_document(
        cbor2.dumps({label: value for label, value in claims.items() if value is not ...}, canonical=True),
        typ=CWT_TYPE, signer=STATUS,
    )  # fmt: skip


@pytest.mark.parametrize(
    "changes",
    [
        {"_2": ...}, {"_2": 5}, {"_4": ...}, {"_4": 1.5}, {"_4": True}, {"_4": -1}, {"_6": ...},
        {"_6": 1 << 60}, {"_65534": 0}, {"_65534": ...}, {"_65533": ...}, {"_65533": []},
        {"_65533": {"bits": 3, "lst": compress(ARRAY)}}, {"_65533": {"bits": 0, "lst": compress(ARRAY)}},
        {"_65533": {"bits": 2, "lst": "text"}}, {"_65533": {"bits": 2}},
        {"_65533": {"bits": 2, "lst": b""}}, {"_65533": {"bits": 2, "lst": bytes(ARRAY)}},
        {"_65533": {"bits": 2, "lst": compress(ARRAY)[:-5]}},
        {"_65533": {"bits": 2, "lst": compress(ARRAY) + b"\x00"}},
        {"_65533": {"bits": 2, "lst": compress(ARRAY), "more": 1}},
    ],
    ids=str,
)  # fmt: skip
def test_a_list_out_of_form_is_refused_though_a_status_key_signed_it(changes: dict[str, Any]) -> None:
    assert open_token(signed_cwt(), TRUST, uri=URI)
    with pytest.raises(StatusListError):
        open_token(signed_cwt(**changes), TRUST, uri=URI)


def test_members_of_one_name_in_a_jwt_are_refused() -> None:
    header, content, _ = JWT.split(b".")
    twice = module._from_base64url(content).replace(b'{"sub"', b'{"sub":"https://x.example/","sub"', 1)
    signed = header + b"." + module._base64url(twice)
    token = signed + b"." + module._base64url(STATUS.sign(signed))
    with pytest.raises(StatusListError, match="out of form"):
        open_token(token, TRUST, uri=URI)


def test_what_expands_without_end_is_cut_off() -> None:
    bomb = zlib.compress(bytes(100 << 20), 9)
    assert len(bomb) < LARGEST_TOKEN_BYTES
    with pytest.raises(StatusListError, match="too long"):
        open_token(signed_cwt(_65533={"bits": 2, "lst": bomb}), TRUST, uri=URI)
    with pytest.raises(StatusListError, match="larger than any"):
        open_token(bytes(LARGEST_TOKEN_BYTES + 1), TRUST, uri=URI)


def test_the_largest_list_is_read() -> None:
    array = bytes(BOUNDS.status_list_entries // 4)
    largest = LIST._replace(array=array)
    for token in sign(largest, STATUS):
        assert open_token(token, TRUST, uri=URI).status(BOUNDS.status_list_entries - 1) == 0


@pytest.mark.parametrize("index", [131_072, 1 << 40, -1])
def test_an_index_out_of_range_says_nothing(index: int) -> None:
    """Least of all that the certificate is valid."""
    with pytest.raises(StatusListError, match="no index"):
        LIST.status(index)


def current(now: float, resolved: float | None = None, most_seconds: int = 86_400) -> None:
    LIST.require_current(now, resolved=now if resolved is None else resolved, most_seconds=most_seconds)


def test_a_list_is_relied_on_within_its_times() -> None:
    current(NOW)
    current(NOW + 86_399)
    current(NOW + 43_200, resolved=NOW)


def test_a_stale_list_is_not_relied_on_for_ever() -> None:
    with pytest.raises(StatusListError, match="expired"):
        current(NOW + 86_400)
    with pytest.raises(StatusListError, match="its ttl"):
        current(NOW + 43_201, resolved=NOW)
    with pytest.raises(StatusListError, match="older than 3600"):
        current(NOW + 3_601, most_seconds=3_600)


def test_a_list_from_seconds_in_the_future_is_taken_and_from_further_not() -> None:
    """Clocks differ: refusing a list that is a second ahead has taken services down."""
    current(NOW - 1)
    current(NOW - SKEW_SECONDS)
    with pytest.raises(StatusListError, match="from the future"):
        current(NOW - SKEW_SECONDS - 1)


def test_the_compression_is_the_best_that_there_is() -> None:
    assert len(compress(ARRAY)) == min(len(zlib.compress(ARRAY, level)) for level in range(10))
