"""The checks, one after another: what each refuses, and what no answer ever shows."""

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from keys.trust import KeyState, TrustList
from tests.builders import (
    BASE_URL,
    DAY,
    INNER_MONGOLIA,
    KEYS,
    NOW,
    STATUS,
    VALID,
    XINJIANG,
    certificate,
    entry,
    key,
    replica,
    restricted,
    signed,
    signer,
    trust_list,
    with_state,
)
from tests.certificate.strategies import certificates
from verifier.certificate import claims, code, cose
from verifier.certificate.bounds import BOUNDS
from verifier.certificate.lifecycle import ReasonClass, Standing, State
from verifier.certificate.model import Certificate, Kind
from verifier.certificate.verdicts import Reason, Verdict
from verifier.scanning.check import Finding, LookUp, RefusedError, authenticate, check

TRUST = trust_list()
ISSUED = certificate()
CODE = signed(ISSUED)
DIGITS = code.to_digits(CODE)
REGISTER = replica([entry(ISSUED)]).look_up
EMPTY = replica().look_up
NEVER_A_CERTIFICATE = {Reason.NOT_OUR_TEXT, Reason.TOO_LONG, Reason.FOREIGN_HOST, Reason.MALFORMED}


def refusal(text: str, *, trust: TrustList = TRUST, now: float = NOW) -> Reason:
    with pytest.raises(RefusedError) as caught:
        authenticate(text, trust=trust, base_url=BASE_URL, now=now)
    return caught.value.reason


def scan(
    text: str = DIGITS,
    *,
    trust: TrustList = TRUST,
    look_up: LookUp | None = REGISTER,
    fresh: bool = True,
    now: float = NOW,
) -> Finding:
    try:
        authentic = authenticate(text, trust=trust, base_url=BASE_URL, now=now)
    except RefusedError as refused:
        return Finding(reason=refused.reason)
    return check(authentic, trust=trust, look_up=look_up, fresh=fresh, now=now)


def test_a_genuine_certificate_in_force_is_found_with_all_that_is_known() -> None:
    found = scan()
    assert (found.verdict, found.reason) == (Verdict.VALID, Reason.VALID)
    assert found.certificate == ISSUED
    assert found.issuer == TRUST.issuers["650000"]
    assert found.standing is not None


def test_offline_there_is_no_standing() -> None:
    found = scan(look_up=None, fresh=False)
    assert (found.reason, found.certificate, found.standing) == (Reason.VALID, ISSUED, None)


@pytest.mark.parametrize("quarter", range(4))
def test_a_code_with_any_byte_changed_to_any_other_value_is_refused_for_a_known_reason(quarter: int) -> None:
    """All 58,000: the frame is malformed, the key unknown, the alg another, or the signature bad."""
    kid = range(8, 12)
    for at in range(quarter, len(CODE), 4):
        expected = {Reason.MALFORMED, Reason.BAD_SIGNATURE}
        if at in kid:
            expected = {Reason.UNKNOWN_KEY}
        elif at < kid.stop:
            expected = {Reason.MALFORMED, Reason.WRONG_ALGORITHM}
        before, after = CODE[:at], CODE[at + 1 :]
        for value in range(256):
            if value == CODE[at]:
                continue
            digits = code.to_digits(before + bytes((value,)) + after)
            assert refusal(digits) in expected, (at, value)


@given(st.text(max_size=300) | st.text("0123456789", min_size=1, max_size=1_100))
def test_any_text_is_refused_and_never_breaks_anything(text: str) -> None:
    assert refusal(text) in NEVER_A_CERTIFICATE


@given(st.binary(max_size=440).map(lambda rest: b"\xd2\x84" + rest))
def test_any_bytes_behind_our_tag_are_refused(encoded: bytes) -> None:
    assert refusal(code.to_digits(encoded)) in {Reason.MALFORMED, Reason.TOO_LONG}


@given(st.binary(min_size=24, max_size=330))
def test_any_signed_bytes_are_refused_as_claims(payload: bytes) -> None:
    digits = code.to_digits(cose.sign_code(payload, XINJIANG))
    assert refusal(digits) is Reason.BAD_CLAIMS


@settings(suppress_health_check=[HealthCheck.filter_too_much])
@given(certificates())
def test_any_certificate_by_the_right_key_is_authentic(drawn: Certificate) -> None:
    encoded = signed(drawn)
    assume(len(encoded) <= BOUNDS.code_bytes)
    authentic = authenticate(code.to_digits(encoded), trust=TRUST, base_url=BASE_URL, now=NOW)
    assert authentic.certificate == drawn


def test_unsigned_bytes_never_yield_claims(monkeypatch: pytest.MonkeyPatch) -> None:
    """Claims are not even looked at before the signature held."""
    looked_at: list[bytes] = []
    decode = claims.decode

    def watched(payload: bytes) -> Certificate:
        looked_at.append(payload)
        return decode(payload)

    monkeypatch.setattr(claims, "decode", watched)
    payload = claims.encode(ISSUED)
    unsigned = [
        payload,
        CODE[:-64] + bytes(64),
        CODE[:-1] + bytes((CODE[-1] ^ 1,)),
        cose.sign_code(payload, signer("stranger")),
        CODE.replace("应急管理厅".encode(), "应急管理局".encode()),
    ]
    for encoded in unsigned:
        assert scan(code.to_digits(encoded)).certificate is None
    assert looked_at == []
    assert scan().certificate == ISSUED
    assert looked_at == [payload]


def test_a_key_of_no_trust_list_is_unknown() -> None:
    assert refusal(code.to_digits(signed(ISSUED, signer("stranger")))) is Reason.UNKNOWN_KEY


def test_the_alg_is_the_keys_and_never_a_choice_of_the_code() -> None:
    protected = b"\xa2\x01\x26\x04\x44"  # {1: -7, 4: …}
    other = signed(ISSUED).replace(protected, protected.replace(b"\x26", b"\x27"), 1)
    assert refusal(code.to_digits(other)) is Reason.WRONG_ALGORITHM


def test_a_status_key_signs_no_certificate() -> None:
    assert refusal(code.to_digits(signed(ISSUED, STATUS))) is Reason.WRONG_PURPOSE


def test_a_key_speaks_for_its_own_issuer_alone() -> None:
    lent = signed(ISSUED, INNER_MONGOLIA)
    assert scan(code.to_digits(lent)) == Finding(reason=Reason.WRONG_ISSUER)


@pytest.mark.parametrize("kind", Kind)
def test_a_key_speaks_for_its_own_kinds_alone(kind: Kind) -> None:
    trust = trust_list(keys=[key(XINJIANG, kinds=(Kind.SUPERVISION,)), *KEYS[1:]])
    of = certificate(kind=kind)
    found = scan(code.to_digits(signed(of)), trust=trust, look_up=replica([entry(of)]).look_up)
    assert found.reason is (Reason.VALID if kind is Kind.SUPERVISION else Reason.WRONG_KIND)


def test_not_our_format_is_said_whatever_the_state_of_the_trust_list() -> None:
    ended = TRUST.ends
    assert refusal("HC1:6BFOXN", now=ended) is Reason.NOT_OUR_TEXT
    assert refusal(DIGITS[:-1], now=ended) is Reason.MALFORMED


def test_when_the_trust_list_has_ended_nothing_can_be_told() -> None:
    assert scan(now=TRUST.ends - 1).reason is Reason.VALID
    assert scan(now=TRUST.ends) == Finding(reason=Reason.TRUST_EXPIRED)
    stranger = code.to_digits(signed(ISSUED, signer("stranger")))
    assert refusal(stranger, now=TRUST.ends) is Reason.TRUST_EXPIRED


OTHER = replica([entry(certificate(holder="另一人"))]).look_up


@pytest.mark.parametrize("state", [KeyState.ACTIVE, KeyState.RETIRED, KeyState.COMPROMISED])
def test_what_is_not_in_the_register_or_differs_from_it_is_forged(state: KeyState) -> None:
    assert scan(trust=with_state(state), look_up=EMPTY) == Finding(reason=Reason.NOT_REGISTERED)
    assert scan(trust=with_state(state), look_up=OTHER) == Finding(reason=Reason.DIFFERS)
    assert scan(trust=with_state(state), look_up=OTHER, fresh=False) == Finding(reason=Reason.DIFFERS)


def test_what_a_stale_register_does_not_know_is_unconfirmed_and_may_be_new() -> None:
    found = scan(look_up=EMPTY, fresh=False)
    assert (found.verdict, found.certificate) == (Verdict.UNCONFIRMED, ISSUED)


def test_a_compromised_key_holds_by_the_register_alone() -> None:
    trust = with_state(KeyState.COMPROMISED)
    assert scan(trust=trust).reason is Reason.VALID
    assert scan(trust=trust, look_up=None) == Finding(reason=Reason.KEY_COMPROMISED)
    for look_up in (REGISTER, EMPTY):  # nothing that it signed is shown while the register cannot be asked
        assert scan(trust=trust, look_up=look_up, fresh=False) == Finding(reason=Reason.STATUS_STALE)


STANDINGS = st.sampled_from(
    [
        VALID,
        Standing(state=State.SUSPENDED, since=NOW - DAY, until=NOW),
        Standing(state=State.SUSPENDED, since=NOW - DAY, until=NOW + DAY),
        Standing(state=State.SUSPENDED, since=NOW - DAY),
        *(Standing(state=State.REVOKED, since=NOW - DAY, reason=reason) for reason in list(ReasonClass)[1:]),
    ]
)
PLACES = st.sampled_from(["register", "elsewhere", "nowhere", "offline"])
GENUINE = {Verdict.VALID, Verdict.SUSPENDED, Verdict.REVOKED, Verdict.EXPIRED, Verdict.NOT_YET_VALID}
TRUSTS = {state: with_state(state) for state in KeyState}


@given(
    standing=STANDINGS,
    place=PLACES,
    fresh=st.booleans(),
    now=st.integers(NOW - 31 * DAY, NOW - 29 * DAY) | st.integers(NOW - 2 * DAY, NOW + 2 * DAY),
    state=st.sampled_from(KeyState),
)
def test_no_answer_is_valid_on_stale_or_missing_knowledge(
    *, standing: Standing, place: str, fresh: bool, now: int, state: KeyState
) -> None:
    known = {
        "register": replica([entry(ISSUED, standing)]).look_up,
        "elsewhere": OTHER,
        "nowhere": EMPTY,
        "offline": None,
    }
    found = scan(trust=TRUSTS[state], look_up=known[place], fresh=fresh, now=now)
    if found.verdict is Verdict.FORGED:
        assert found == Finding(reason=found.reason)
    if place == "offline":
        assert (found.verdict in GENUINE) is (state is not KeyState.COMPROMISED)
        return
    if found.verdict in GENUINE:
        assert place == "register"
    if found.verdict in GENUINE - {Verdict.REVOKED, Verdict.EXPIRED}:
        assert fresh
    if found.verdict is Verdict.VALID:
        assert not standing.is_suspended(now)
        assert ISSUED.valid_from <= now < ISSUED.valid_until
    assert (found.standing is None) is (found.verdict not in GENUINE)


def test_a_restricted_certificate_is_found_without_its_holder() -> None:
    of = restricted()
    found = scan(code.to_digits(signed(of)), look_up=replica([entry(of)]).look_up)
    assert found.reason is Reason.VALID
    assert found.certificate == of
    assert of.holder is None


def test_a_refusal_says_nothing_but_its_reason() -> None:
    with pytest.raises(RefusedError) as caught:
        authenticate(DIGITS + "0", trust=TRUST, base_url=BASE_URL, now=NOW)
    assert str(caught.value) == "malformed"


def test_every_answer_of_the_pure_core_has_words_in_both_languages() -> None:
    assert {reason.verdict for reason in Reason} == set(Verdict)
    for public in Reason:
        assert public.zh.endswith("。")
        assert public.en.endswith(".")
