"""The log: each entry's hash covers all before it, and each head is signed by a status key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.trust import KeyState, Purpose, TrustList
from tests.builders import (
    INNER_MONGOLIA,
    KEYS,
    ROOT,
    STATUS,
    STATUS_KEY,
    XINJIANG,
    certificate,
    entry,
    head,
    key,
    signer,
    trust_list,
)
from verifier.certificate import claims, cose
from verifier.certificate.lifecycle import ReasonClass, Standing, State
from verifier.certificate.model import StatusReference
from verifier.status import log
from verifier.status.log import CHAIN_START, Entry, LogError, chain_over, extend_chain, open_head, sign_head

TRUST = trust_list()
HEAD = head([entry(certificate())])
SIGNED = sign_head(HEAD, STATUS)


def entries(count: int) -> list[Entry]:
    return [
        entry(certificate(status=StatusReference(0, index)), sequence=index + 1) for index in range(count)
    ]


STANDINGS = st.one_of(
    st.builds(Standing, state=st.just(State.VALID), since=st.integers(1, 1 << 40)),
    st.builds(
        Standing,
        state=st.just(State.SUSPENDED),
        since=st.integers(1, 1 << 40),
        until=st.none() | st.integers(1, 1 << 40),
    ),
    st.builds(
        Standing,
        state=st.just(State.REVOKED),
        since=st.integers(1, 1 << 40),
        reason=st.sampled_from(list(ReasonClass)[1:]),
    ),
)


@given(STANDINGS)
def test_a_standing_comes_back_from_its_entry(standing: Standing) -> None:
    written = log.entry_of(7, StatusReference(3, 9), standing, bytes(12))
    assert written.standing() == standing
    assert (written.sequence, written.status_list, written.idx) == (7, 3, 9)


def test_the_log_knows_claims_by_twelve_bytes_of_their_hash() -> None:
    payload = claims.encode(certificate())
    assert log.claims_digest(payload) == entry(certificate()).digest
    assert len(log.claims_digest(payload)) == log.CLAIMS_DIGEST_BYTES == 12


def test_the_chain_of_many_is_that_of_one_after_another() -> None:
    chain = CHAIN_START
    for one in entries(5):
        chain = extend_chain(chain, one)
    assert chain_over(CHAIN_START, 0, entries(5)) == (chain, 5)
    middle, after = chain_over(CHAIN_START, 0, entries(5)[:2])
    assert chain_over(middle, after, entries(5)[2:]) == (chain, 5)


@pytest.mark.parametrize("field", ["status_list", "idx", "state", "since", "until", "reason"])
def test_every_number_of_an_entry_is_in_the_chain(field: str) -> None:
    one = entry(certificate())
    changed = one._replace(**{field: getattr(one, field) + 1})
    assert extend_chain(CHAIN_START, one) != extend_chain(CHAIN_START, changed)


@pytest.mark.parametrize("place", range(12))
def test_every_byte_of_the_digest_is_in_the_chain(place: int) -> None:
    one = entry(certificate())
    digest = bytearray(one.digest)
    digest[place] ^= 1
    changed = one._replace(digest=bytes(digest))
    assert extend_chain(CHAIN_START, one) != extend_chain(CHAIN_START, changed)


@pytest.mark.parametrize("sequences", [[2], [1, 3], [1, 1], [1, 2, 2], [2, 1], [0]])
def test_a_gap_is_refused(sequences: list[int]) -> None:
    broken = [entry(certificate(), sequence=sequence) for sequence in sequences]
    with pytest.raises(LogError, match="gap"):
        chain_over(CHAIN_START, 0, broken)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("status_list", 1 << 16),
        ("status_list", -1),
        ("idx", 1 << 32),
        ("state", 256),
        ("since", 1 << 63),
        ("until", -(1 << 63) - 1),
        ("reason", -1),
        ("reason", None),
        ("digest", "text"),
    ],
)
def test_a_number_that_no_entry_can_hold_is_refused(field: str, value: object) -> None:
    with pytest.raises(LogError, match="out of form"):
        chain_over(CHAIN_START, 0, [entry(certificate())._replace(**{field: value})])  # type: ignore[arg-type]  # the point


def test_a_signed_head_comes_back() -> None:
    assert open_head(SIGNED, TRUST) == HEAD


@pytest.mark.parametrize("by", [XINJIANG, INNER_MONGOLIA, ROOT, signer("stranger")])
def test_a_head_by_any_other_key_is_refused(by: cose.Signer) -> None:
    with pytest.raises(LogError, match="no status key"):
        open_head(sign_head(HEAD, by), TRUST)


def with_status_key(state: KeyState) -> TrustList:
    return trust_list(keys=[*KEYS[:2], key(STATUS, None, purpose=Purpose.STATUS, state=state)])


@pytest.mark.parametrize("state", [KeyState.ACTIVE, KeyState.NEXT, KeyState.RETIRED])
def test_a_head_by_a_status_key_on_its_way_in_or_out_holds(state: KeyState) -> None:
    assert open_head(SIGNED, with_status_key(state)) == HEAD


def test_a_head_by_a_compromised_status_key_is_refused() -> None:
    with pytest.raises(LogError, match="no status key"):
        open_head(SIGNED, with_status_key(KeyState.COMPROMISED))


def test_the_second_of_two_status_keys_is_found() -> None:
    second = signer("status 2")
    both = trust_list(keys=[*KEYS[:2], STATUS_KEY, key(second, None, purpose=Purpose.STATUS)])
    assert open_head(sign_head(HEAD, second), both) == HEAD


def test_a_head_is_not_mistaken_for_another_keys_whose_kid_is_among_its_bytes() -> None:
    """Status lists have tens of thousands of bytes: four of them are some key's kid before long."""
    second = signer("status 2")
    both = trust_list(keys=[STATUS_KEY, *KEYS[:2], key(second, None, purpose=Purpose.STATUS)])
    mentions_the_first = HEAD._replace(epoch=bytes(STATUS.kid) * 2)
    assert open_head(sign_head(mentions_the_first, second), both) == mentions_the_first


def test_every_changed_byte_of_a_head_is_refused() -> None:
    for at in range(len(SIGNED)):
        with pytest.raises(LogError):
            open_head(SIGNED[:at] + bytes((SIGNED[at] ^ 1,)) + SIGNED[at + 1 :], TRUST)


def test_a_head_with_a_byte_more_is_refused() -> None:
    with pytest.raises(LogError):
        open_head(SIGNED + b"\x00", TRUST)


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_no_head(document: bytes) -> None:
    with pytest.raises(LogError):
        open_head(document, TRUST)
    with pytest.raises(LogError):
        open_head(STATUS.kid + document, TRUST)


def test_an_unsigned_head_is_refused() -> None:
    with pytest.raises(LogError):
        open_head(cose.open_document(SIGNED, typ=log.HEAD_TYPE, kid=STATUS.kid, key=STATUS.public), TRUST)


def test_a_document_of_another_type_by_the_status_key_is_no_head() -> None:
    payload = cose.open_document(SIGNED, typ=log.HEAD_TYPE, kid=STATUS.kid, key=STATUS.public)
    other = cose.sign_document(payload, typ="application/other+cbor", signer=STATUS)
    with pytest.raises(LogError, match="does not hold"):
        open_head(other, TRUST)


@pytest.mark.parametrize("payload", [b"", b"\xa0", b"\x00", b"\x80", b"\xf6", b"\xa1\x01\x41a", b"\xff"])
def test_a_head_out_of_form_is_refused_though_it_was_signed(payload: bytes) -> None:
    with pytest.raises(LogError):
        open_head(cose.sign_document(payload, typ=log.HEAD_TYPE, signer=STATUS), TRUST)


@pytest.mark.parametrize("field", HEAD._fields)
@pytest.mark.parametrize("value", [None, "1", 1.0, True, [1]])
def test_each_part_of_a_head_has_its_type(field: str, value: object) -> None:
    changed = HEAD._replace(**{field: value})  # type: ignore[arg-type]  # the point of the test
    with pytest.raises(LogError, match="out of form"):
        open_head(sign_head(changed, STATUS), TRUST)
