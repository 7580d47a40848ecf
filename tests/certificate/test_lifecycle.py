"""What each event makes of each standing, and what the rules refuse."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import DAY, NOW
from verifier.certificate.dates import add_months, parse_instant
from verifier.certificate.jurisdictions import Jurisdiction, Rank, jurisdiction_of
from verifier.certificate.lifecycle import (
    Card,
    Event,
    IllegalEventError,
    Life,
    NotEntitledError,
    ReasonClass,
    Review,
    Standing,
    State,
    apply,
    reason_now,
    require_entitled,
)
from verifier.certificate.verdicts import Reason

XINJIANG, INNER_MONGOLIA = jurisdiction_of("650000"), jurisdiction_of("150000")
EMERGENCY = jurisdiction_of("650000", ["应急管理"])
UNTIL = NOW + 1_000 * DAY
BEFORE = NOW - 10 * DAY


def revoked(reason: ReasonClass) -> Standing:
    return Standing(state=State.REVOKED, since=BEFORE, reason=reason)


STANDINGS = {
    "valid": Standing(state=State.VALID, since=BEFORE),
    "suspended": Standing(state=State.SUSPENDED, since=BEFORE, until=NOW + DAY),
    "suspension over": Standing(state=State.SUSPENDED, since=BEFORE, until=NOW),
    "withdrawn": revoked(ReasonClass.WITHDRAWN),
    "cancelled": revoked(ReasonClass.CANCELLED),
    "lost": revoked(ReasonClass.LOST),
    "replaced": revoked(ReasonClass.REPLACED),
    "expired": revoked(ReasonClass.EXPIRED),
}
VOIDING = {
    Event.WITHDRAWN: ReasonClass.WITHDRAWN,
    Event.CANCELLED: ReasonClass.CANCELLED,
    Event.LOST: ReasonClass.LOST,
}
TABLE: dict[str, dict[Event, State | ReasonClass]] = {
    "valid": {Event.SUSPENDED: State.SUSPENDED, Event.REPLACED: ReasonClass.REPLACED, **VOIDING},
    "suspended": {Event.REINSTATED: State.VALID, **VOIDING},
    "suspension over": {Event.SUSPENDED: State.SUSPENDED, Event.REPLACED: ReasonClass.REPLACED, **VOIDING},
    "withdrawn": {},
    "cancelled": {},
    "lost": {Event.WITHDRAWN: ReasonClass.WITHDRAWN, Event.CANCELLED: ReasonClass.CANCELLED},
    "replaced": {},
    "expired": {},
}
CHANGING = [
    Event.ISSUED, Event.FILED, Event.SUSPENDED, Event.REINSTATED, Event.WITHDRAWN, Event.CANCELLED,
    Event.LOST, Event.REPLACED,
]  # fmt: skip
"""The events that change what holds, and those that can never come second."""


def happen(event: Event, standing: Standing, **details: object) -> Standing:
    facts: dict[str, object] = {"valid_until": UNTIL, "rules": XINJIANG, "reason": "other", "now": NOW}
    life = Life(standing=standing)
    return apply(event, life, **(facts | details)).standing  # type: ignore[arg-type]  # as each test says


@pytest.mark.parametrize("event", CHANGING)
@pytest.mark.parametrize("before", STANDINGS)
def test_the_table_of_transitions(before: str, event: Event) -> None:
    expected = TABLE[before].get(event)
    if expected is None:
        with pytest.raises(IllegalEventError):
            happen(event, STANDINGS[before])
        return
    after = happen(event, STANDINGS[before])
    assert after.since == NOW
    if isinstance(expected, ReasonClass):
        assert (after.state, after.reason, after.until) == (State.REVOKED, expected, None)
    else:
        assert (after.state, after.reason) == (expected, ReasonClass.NONE)


def test_inner_mongolia_knows_no_suspension_and_says_so() -> None:
    with pytest.raises(IllegalEventError, match="IM-2023 knows no suspension") as caught:
        happen(Event.SUSPENDED, STANDINGS["valid"], rules=INNER_MONGOLIA)
    assert caught.value.rule == "IM-2023"


def test_a_suspension_in_xinjiang_lasts_three_months_unless_it_says_less() -> None:
    start = parse_instant("2027-11-30")
    assert happen(Event.SUSPENDED, STANDINGS["valid"], now=start).until == parse_instant("2028-02-29")
    shorter = happen(Event.SUSPENDED, STANDINGS["valid"], now=start, until=start + DAY)
    assert shorter.until == start + DAY


def test_a_suspension_in_xinjiang_lasts_no_longer_than_three_months() -> None:
    longest = add_months(NOW, 3)
    assert happen(Event.SUSPENDED, STANDINGS["valid"], until=longest).until == longest
    with pytest.raises(IllegalEventError, match="at most 3 months") as caught:
        happen(Event.SUSPENDED, STANDINGS["valid"], until=longest + 1)
    assert caught.value.rule == "XJ-2022 Art 18"


@pytest.mark.parametrize("until", [NOW, NOW - 1])
def test_a_suspension_ends_in_the_future(until: int) -> None:
    with pytest.raises(IllegalEventError, match="future"):
        happen(Event.SUSPENDED, STANDINGS["valid"], until=until)


def test_what_has_expired_is_not_suspended() -> None:
    with pytest.raises(IllegalEventError, match="has expired"):
        happen(Event.SUSPENDED, STANDINGS["valid"], now=UNTIL)


@pytest.mark.parametrize("event", [event for event in CHANGING[3:] if event is not Event.SUSPENDED])
def test_only_a_suspension_has_an_end(event: Event) -> None:
    with pytest.raises(IllegalEventError, match="has an end"):
        happen(event, STANDINGS["suspended"], until=NOW + DAY)


@pytest.mark.parametrize("rules", [XINJIANG, INNER_MONGOLIA], ids=lambda rules: rules.key)
def test_a_cancellation_for_expiry_waits_for_the_expiry(rules: object) -> None:
    with pytest.raises(IllegalEventError, match="has not expired"):
        happen(Event.CANCELLED, STANDINGS["valid"], rules=rules, reason="expired", now=UNTIL - 1)
    after = happen(Event.CANCELLED, STANDINGS["valid"], rules=rules, reason="expired", now=UNTIL)
    assert (after.state, after.reason) == (State.REVOKED, ReasonClass.EXPIRED)


@pytest.mark.parametrize(
    ("event", "reason", "rules"),
    [
        (Event.WITHDRAWN, "fraud", INNER_MONGOLIA),
        (Event.WITHDRAWN, "unqualified", XINJIANG),
        (Event.CANCELLED, "died", INNER_MONGOLIA),
        (Event.CANCELLED, "disqualified", XINJIANG),
        (Event.SUSPENDED, "lent", XINJIANG),
        (Event.LOST, "lost", INNER_MONGOLIA),
    ],
)
def test_reasons_of_each_jurisdiction(event: Event, reason: str, rules: object) -> None:
    assert happen(event, STANDINGS["valid"], reason=reason, rules=rules).since == NOW


@pytest.mark.parametrize(
    ("event", "reason", "rules"),
    [
        (Event.WITHDRAWN, "fraud", XINJIANG),
        (Event.CANCELLED, "disqualified", INNER_MONGOLIA),
        (Event.LOST, "lent", XINJIANG),
        (Event.CANCELLED, "", XINJIANG),
    ],
)
def test_a_reason_of_another_event_or_jurisdiction_is_refused(
    event: Event, reason: str, rules: object
) -> None:
    with pytest.raises(IllegalEventError, match="knows no reason"):
        happen(event, STANDINGS["valid"], reason=reason, rules=rules)


def test_the_refusal_of_what_is_void_already_says_since_when() -> None:
    with pytest.raises(IllegalEventError, match="already withdrawn on 2027-01-05T16:00:00"):
        happen(Event.LOST, STANDINGS["withdrawn"])


FROM = NOW - 100 * DAY


def stands(standing: Standing, now: float) -> Reason:
    return reason_now(standing, valid_from=FROM, valid_until=UNTIL, now=now)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (FROM - 1, Reason.NOT_YET_VALID),
        (FROM - 0.001, Reason.NOT_YET_VALID),
        (FROM, Reason.VALID),
        (UNTIL - 0.001, Reason.VALID),
        (UNTIL, Reason.EXPIRED),
    ],
)
def test_dates_hold_to_the_second(now: float, expected: Reason) -> None:
    assert stands(STANDINGS["valid"], now) is expected


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (NOW, Reason.SUSPENDED),
        (NOW + DAY - 0.001, Reason.SUSPENDED),
        (NOW + DAY, Reason.VALID),
        (UNTIL, Reason.EXPIRED),
    ],
)
def test_a_suspension_ends_by_itself(now: float, expected: Reason) -> None:
    assert stands(STANDINGS["suspended"], now) is expected


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("withdrawn", Reason.WITHDRAWN),
        ("cancelled", Reason.CANCELLED),
        ("lost", Reason.LOST),
        ("replaced", Reason.REPLACED),
        ("expired", Reason.EXPIRED),
    ],
)
@given(now=st.floats(0, 1e10))
def test_what_is_void_is_void_at_any_time(before: str, expected: Reason, now: float) -> None:
    assert stands(STANDINGS[before], now) is expected


def live(event: Event, life: Life, rules: Jurisdiction = INNER_MONGOLIA, **details: object) -> Life:
    facts: dict[str, object] = {"valid_until": UNTIL, "reason": "other", "now": NOW}
    return apply(event, life, rules=rules, **(facts | details))  # type: ignore[arg-type]  # as each test says


def refused(
    event: Event, life: Life, why: str, rules: Jurisdiction = INNER_MONGOLIA, **details: object
) -> str:
    with pytest.raises(IllegalEventError, match=why) as caught:
        live(event, life, rules, **details)
    return caught.value.rule or ""


VALID = Life(standing=STANDINGS["valid"])
CANCELLED = live(Event.CANCELLED, VALID, reason="retired")
LOST = live(Event.LOST, VALID, reason="lost")


def test_a_renewal_opens_three_months_before_the_end() -> None:
    opens = add_months(UNTIL, -3)
    assert refused(Event.REPLACED, VALID, "from", reason="renewal", now=opens - 1) == "IM-2023 Art 17"
    after = live(Event.REPLACED, VALID, reason="renewal", now=opens)
    assert (after.standing.reason, after.succeeded) == (ReasonClass.REPLACED, True)
    rule = refused(Event.REPLACED, VALID, "from", XINJIANG, reason="renewal", now=opens - 1)
    assert rule == "XJ-2022 Art 16"


def test_a_transfer_replaces_in_inner_mongolia_and_not_in_xinjiang() -> None:
    assert live(Event.REPLACED, VALID, reason="transfer").succeeded
    assert refused(Event.REPLACED, VALID, "no reason 'transfer'", XINJIANG, reason="transfer") == "XJ-2022"


def test_a_replacement_is_no_way_around_a_suspension() -> None:
    suspended = Life(standing=STANDINGS["suspended"])
    assert refused(Event.REPLACED, suspended, "suspended", XINJIANG, reason="damage") == "XJ-2022 Art 15"
    assert refused(Event.REPLACED, VALID, "expired", reason="damage", now=UNTIL) == "IM-2023 Art 17"


def test_a_lost_certificate_is_reissued_after_thirty_days_of_notice() -> None:
    opens = NOW + 30 * DAY
    assert refused(Event.REISSUED, LOST, "notice", now=opens - 1) == "IM-2023 Art 19"
    after = live(Event.REISSUED, LOST, now=opens)
    assert (after.standing, after.succeeded) == (LOST.standing, True)
    assert refused(Event.REISSUED, after, "already", now=opens) == "IM-2023 Art 19"
    assert refused(Event.REISSUED, VALID, "not reported lost") == "IM-2023 Art 19"
    assert refused(Event.REISSUED, LOST, "expired", now=UNTIL) == "IM-2023 Art 17"


def test_a_loss_is_no_way_around_a_suspension() -> None:
    suspended = live(Event.SUSPENDED, VALID, XINJIANG, reason="lent")
    lost = live(Event.LOST, suspended, XINJIANG, reason="lost", now=NOW + DAY)
    assert refused(Event.REISSUED, lost, "suspended", XINJIANG, now=NOW + DAY) == "XJ-2022 Art 18"
    assert suspended.standing.until
    assert live(Event.REISSUED, lost, XINJIANG, now=suspended.standing.until).succeeded


def test_xinjiang_gives_no_length_for_the_wait_before_a_reissue() -> None:
    lost = live(Event.LOST, VALID, XINJIANG, reason="lost")
    assert live(Event.REISSUED, lost, XINJIANG).succeeded


def test_a_review_that_reverses_restores_what_held() -> None:
    asked = live(Event.REVIEW_ASKED, CANCELLED, now=NOW + 29 * DAY)
    assert (asked.review, asked.review_since) == (Review.ASKED, NOW + 29 * DAY)
    assert asked.standing is CANCELLED.standing
    reversed_ = live(Event.REVIEW_REVERSED, asked, now=NOW + 40 * DAY)
    assert reversed_.standing == VALID.standing
    assert (reversed_.review, reversed_.before) == (Review.NONE, CANCELLED.standing)


def test_a_review_that_upholds_is_the_last() -> None:
    upheld = live(Event.REVIEW_UPHELD, live(Event.REVIEW_ASKED, CANCELLED))
    assert (upheld.review, upheld.standing) == (Review.UPHELD, CANCELLED.standing)
    assert refused(Event.REVIEW_ASKED, upheld, "already") == "IM-2023 Art 24"
    for decision in (Event.REVIEW_UPHELD, Event.REVIEW_REVERSED):
        refused(decision, upheld, "no review is open")
        refused(decision, CANCELLED, "no review is open")


def test_a_review_is_asked_for_within_thirty_days() -> None:
    assert refused(Event.REVIEW_ASKED, CANCELLED, "until", now=NOW + 30 * DAY) == "IM-2023 Art 24"


@pytest.mark.parametrize("life", [VALID, LOST], ids=["valid", "lost"])
def test_only_a_withdrawal_or_a_cancellation_is_reviewed(life: Life) -> None:
    assert refused(Event.REVIEW_ASKED, life, "only a withdrawal") == "IM-2023 Art 24"


def test_xinjiang_knows_no_review() -> None:
    assert refused(Event.REVIEW_ASKED, CANCELLED, "knows no review", XINJIANG) == "XJ-2022"


def test_a_card_is_taken_back_and_destroyed_once_it_is_void() -> None:
    assert refused(Event.DESTROYED, VALID, "in force") == "IM-2023 Art 23"
    returned = live(Event.RETURNED, CANCELLED)
    destroyed = live(Event.DESTROYED, returned)
    assert (returned.card, destroyed.card, destroyed.standing) == (
        Card.RETURNED,
        Card.DESTROYED,
        CANCELLED.standing,
    )
    assert live(Event.DESTROYED, CANCELLED).card is Card.DESTROYED
    assert live(Event.RETURNED, VALID, now=UNTIL).card is Card.RETURNED
    assert refused(Event.RETURNED, destroyed, "already") == "IM-2023 Art 23"
    assert refused(Event.DESTROYED, destroyed, "already") == "IM-2023 Art 23"
    assert refused(Event.DESTROYED, CANCELLED, "knows no destruction", XINJIANG) == "XJ-2022"


@pytest.mark.parametrize(
    ("rules", "event", "rank", "rule"),
    [
        (INNER_MONGOLIA, Event.WITHDRAWN, "county", "IM-2023 Art 21"),
        (XINJIANG, Event.CANCELLED, "agency", "XJ-2022 Art 17"),
        (EMERGENCY, Event.SUSPENDED, "issuer", "XJ-EM-2020 Art 17"),
    ],
)
def test_whoever_may_not_do_it_learns_the_article(
    rules: Jurisdiction, event: Event, rank: Rank, rule: str
) -> None:
    with pytest.raises(NotEntitledError) as caught:
        require_entitled(event, [rank], rules)
    assert caught.value.rule == rule
    require_entitled(event, [rank, rules.events[event].by[0]], rules)


def test_the_emergency_management_system_has_reasons_of_its_own() -> None:
    assert list(EMERGENCY.reasons(Event.SUSPENDED)) == ["altered", "lent", "private_gain", "other"]
    assert EMERGENCY.basis(Event.SUSPENDED, "lent") == "XJ-EM-2020 Art 17"
    assert EMERGENCY.suspension == XINJIANG.suspension
    assert EMERGENCY.events[Event.CANCELLED] == XINJIANG.events[Event.CANCELLED]
    assert jurisdiction_of("652300", ["农牧业", "应急管理"]) is EMERGENCY
    assert jurisdiction_of("150000", ["应急管理"]) is INNER_MONGOLIA
