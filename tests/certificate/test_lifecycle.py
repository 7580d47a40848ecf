"""What each event makes of each standing, and what the rules refuse."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import DAY, NOW
from verifier.certificate.dates import add_months, parse_instant
from verifier.certificate.jurisdictions import jurisdiction_of
from verifier.certificate.lifecycle import (
    Event,
    IllegalEventError,
    ReasonClass,
    Standing,
    State,
    apply,
    reason_now,
)
from verifier.certificate.verdicts import Reason

XINJIANG, INNER_MONGOLIA = jurisdiction_of("650000"), jurisdiction_of("150000")
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
TABLE: dict[str, dict[Event, State | ReasonClass]] = {
    "valid": {
        Event.SUSPENDED: State.SUSPENDED,
        Event.WITHDRAWN: ReasonClass.WITHDRAWN,
        Event.CANCELLED: ReasonClass.CANCELLED,
        Event.LOST: ReasonClass.LOST,
    },
    "suspended": {
        Event.REINSTATED: State.VALID,
        Event.WITHDRAWN: ReasonClass.WITHDRAWN,
        Event.CANCELLED: ReasonClass.CANCELLED,
        Event.LOST: ReasonClass.LOST,
    },
    "suspension over": {
        Event.SUSPENDED: State.SUSPENDED,
        Event.WITHDRAWN: ReasonClass.WITHDRAWN,
        Event.CANCELLED: ReasonClass.CANCELLED,
        Event.LOST: ReasonClass.LOST,
    },
    "withdrawn": {},
    "cancelled": {},
    "lost": {Event.WITHDRAWN: ReasonClass.WITHDRAWN, Event.CANCELLED: ReasonClass.CANCELLED},
    "replaced": {},
    "expired": {},
}


def happen(event: Event, standing: Standing, **details: object) -> Standing:
    facts: dict[str, object] = {"valid_until": UNTIL, "rules": XINJIANG, "reason": "other", "now": NOW}
    return apply(event, standing, **(facts | details))  # type: ignore[arg-type]  # as each test says


@pytest.mark.parametrize("event", Event)
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


@pytest.mark.parametrize("event", [event for event in Event if event is not Event.SUSPENDED])
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
