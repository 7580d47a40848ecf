"""Which key signs when: over any history, exactly one that verifiers know, and nobody comes back."""

from collections.abc import Callable, Collection, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.rotation import Entry, RotationError, chosen, compromised, retired, settled
from keys.trust import KeyState, Purpose

End = Callable[[Sequence[Entry], str, int, Collection[str]], list[Entry]]
NOW = 1_800_000_000
DAY = 86_400
OLD, NEW, THIRD = "0000000a", "0000000b", "0000000c"


def entry(kid: str, state: KeyState = KeyState.ACTIVE, *, signs_from: int = NOW, **changes: object) -> Entry:
    facts: dict[str, object] = {
        "kid": kid,
        "purpose": Purpose.CERTIFICATE,
        "issuer": "650000",
        "state": state,
        "since": NOW,
        "signs_from": signs_from,
        "x": "00" * 32,
        "y": "00" * 32,
    }
    return Entry.model_validate(facts | changes)


def status(kid: str, state: KeyState = KeyState.ACTIVE, **changes: object) -> Entry:
    return entry(kid, state, purpose=Purpose.STATUS, issuer=None, **changes)  # type: ignore[arg-type]  # as the test says


def signs(entries: list[Entry], now: int, known: set[str], kind: int = 0) -> str:
    return chosen(settled(entries, now, known), Purpose.CERTIFICATE, "650000", kind, known).kid


def states(entries: list[Entry]) -> list[KeyState]:
    return [each.state for each in entries]


ROTATING = [entry(OLD), entry(NEW, KeyState.NEXT, signs_from=NOW + 7 * DAY)]


def test_a_successor_takes_over_by_itself_when_its_time_has_come() -> None:
    known = {OLD, NEW}
    assert signs(ROTATING, NOW + 7 * DAY - 1, known) == OLD
    assert signs(ROTATING, NOW + 7 * DAY, known) == NEW
    old, new = settled(ROTATING, NOW + 8 * DAY, known)
    assert (old.state, old.signs_until, old.since) == (KeyState.RETIRED, NOW + 7 * DAY, NOW + 7 * DAY)
    assert (new.state, new.signs_from, new.since) == (KeyState.ACTIVE, NOW + 7 * DAY, NOW + 7 * DAY)


def test_a_successor_that_no_verifier_knows_takes_over_from_nobody() -> None:
    assert signs(ROTATING, NOW + 30 * DAY, {OLD}) == OLD
    assert states(settled(ROTATING, NOW + 30 * DAY, {OLD})) == [KeyState.ACTIVE, KeyState.NEXT]
    assert signs([entry(OLD), entry(NEW)], NOW, {OLD}) == OLD


def test_before_anything_is_published_the_newest_signs() -> None:
    assert signs([entry(OLD), entry(NEW)], NOW, set()) == NEW


def test_a_successor_for_one_kind_leaves_the_others_where_they_were() -> None:
    entries = [entry(OLD), entry(NEW, kinds=(1,))]
    assert signs(entries, NOW, {OLD, NEW}, kind=1) == NEW
    assert signs(entries, NOW, {OLD, NEW}, kind=0) == OLD
    assert states(settled(entries, NOW, {OLD, NEW})) == [KeyState.ACTIVE, KeyState.ACTIVE]


def test_keys_of_others_supersede_nothing() -> None:
    others = [entry(OLD), entry(NEW, issuer="150000"), status(THIRD)]
    assert states(settled(others, NOW, {OLD, NEW, THIRD})) == [KeyState.ACTIVE] * 3


def test_a_retired_key_signs_no_more_and_never_comes_back() -> None:
    entries = retired([entry(OLD), entry(NEW)], NEW, NOW + DAY, {OLD, NEW})
    assert signs(entries, NOW + DAY, {OLD, NEW}) == OLD
    with pytest.raises(RotationError, match="retired already"):
        retired(entries, NEW, NOW + 2 * DAY, set())
    (gone,) = [each for each in entries if each.kid == NEW]
    assert (gone.signs_from, gone.signs_until) == (NOW, NOW + DAY)


def test_a_successor_that_is_retired_before_its_time_never_signed() -> None:
    _, gone = retired(ROTATING, NEW, NOW + DAY, {OLD, NEW})
    assert (gone.state, gone.signs_from, gone.signs_until) == (KeyState.RETIRED, None, None)


def test_a_compromised_key_signs_no_certificate() -> None:
    entries = compromised([entry(OLD)], OLD, NOW, {OLD})
    with pytest.raises(RotationError, match="no active certificate key of issuer 650000"):
        signs(entries, NOW, {OLD})
    with pytest.raises(RotationError, match="compromised already"):
        compromised(entries, OLD, NOW, {OLD})


def test_a_retired_key_can_still_turn_out_to_be_compromised() -> None:
    entries = compromised(retired([entry(OLD), entry(NEW)], OLD, NOW, {OLD, NEW}), OLD, NOW + DAY, {OLD, NEW})
    assert states(entries) == [KeyState.COMPROMISED, KeyState.ACTIVE]
    assert entries[0].signs_until == NOW  # it ceased to sign when it was retired


@pytest.mark.parametrize("end", [retired, compromised])
def test_the_successor_of_a_key_that_is_gone_takes_over_at_once_if_verifiers_know_it(end: End) -> None:
    entries = end(ROTATING, OLD, NOW + DAY, {OLD, NEW})
    assert signs(entries, NOW + DAY, {OLD, NEW}) == NEW
    assert entries[1].signs_from == NOW + DAY
    assert states(end(ROTATING, OLD, NOW + DAY, {OLD}))[1] is KeyState.NEXT


def test_a_compromised_status_key_signs_until_verifiers_know_another() -> None:
    """No node would take a head by a key that it does not know: all scans would be unconfirmed."""
    entries = [*compromised([status(OLD)], OLD, NOW, {OLD}), status(NEW)]
    for known, expected in (({OLD}, OLD), ({OLD, NEW}, NEW)):
        assert chosen(settled(entries, NOW, known), Purpose.STATUS, None, 0, known).kid == expected


def test_an_unknown_kid_is_named() -> None:
    with pytest.raises(RotationError, match="the ring has no key 0000000b"):
        retired([entry(OLD)], NEW, NOW, set())


@given(
    starts=st.lists(st.integers(0, 50), min_size=1, max_size=6),
    published=st.sets(st.integers(0, 5)),
    days=st.lists(st.integers(0, 60), min_size=1, max_size=8),
)
def test_settling_in_steps_gives_what_settling_at_once_gives(
    starts: list[int], published: set[int], days: list[int]
) -> None:
    kids = [f"{number:08x}" for number in range(len(starts))]
    entries = [
        entry(kid, KeyState.NEXT if at else KeyState.ACTIVE, signs_from=NOW + at * DAY)
        for kid, at in zip(kids, sorted(starts), strict=True)
    ]
    known = {kids[at] for at in published if at < len(kids)}
    stepwise = entries
    for day in sorted(days):
        stepwise = settled(stepwise, NOW + day * DAY, known)
    assert stepwise == settled(entries, NOW + max(days) * DAY, known)


@given(
    starts=st.lists(st.integers(0, 50), min_size=1, max_size=6),
    published=st.sets(st.integers(0, 5)),
    day=st.integers(0, 60),
)
def test_at_any_time_at_most_one_key_that_verifiers_know_is_active(
    starts: list[int], published: set[int], day: int
) -> None:
    kids = [f"{number:08x}" for number in range(len(starts))]
    entries = [
        entry(kid, KeyState.NEXT if at else KeyState.ACTIVE, signs_from=NOW + at * DAY)
        for kid, at in zip(kids, sorted(starts), strict=True)
    ]
    known = {kids[at] for at in published if at < len(kids)}
    after = settled(entries, NOW + day * DAY, known)
    assert sum(each.state is KeyState.ACTIVE and each.kid in known for each in after) <= 1
    due = [each for each in entries if each.kid in known and (each.signs_from or 0) <= NOW + day * DAY]
    if due:
        assert chosen(after, Purpose.CERTIFICATE, "650000", 0, known).kid == due[-1].kid
