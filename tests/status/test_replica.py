"""The replica: what a signed head covers is applied whole; anything else changes nothing."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import DAY, EPOCH, NOW, VALID, certificate, entry, head
from verifier.certificate.bounds import BOUNDS
from verifier.certificate.lifecycle import ReasonClass, Standing, State
from verifier.certificate.model import StatusReference
from verifier.status.log import Entry, Head, LogError
from verifier.status.replica import PLAINLY_VALID, Replica

SUSPENDED = Standing(state=State.SUSPENDED, since=NOW, until=NOW + DAY)
LOST = Standing(state=State.REVOKED, since=NOW, reason=ReasonClass.LOST)


def code(number: int, index: int, standing: Standing = VALID, *, status_list: int = 0) -> Entry:
    """Give entry `number` of a log, for one index."""
    return entry(certificate(status=StatusReference(status_list, index)), standing, sequence=number)


LOG = [code(1, 5), code(2, 4_096), code(3, 5, SUSPENDED), code(4, 0, LOST, status_list=2)]


def followed(entries: Sequence[Entry] = LOG) -> Replica:
    replica = Replica()
    replica.apply(entries, head(entries))
    return replica


def everything(replica: Replica) -> object:
    """Give all that a replica knows, to compare."""
    lists = [(bytes(codes.states), bytes(codes.digests)) for codes in replica._lists]
    return replica.epoch, replica.sequence, replica.chain, lists, dict(replica._standings)


def states(replica: Replica, *references: tuple[int, int]) -> list[State | None]:
    found = [replica.look_up(StatusReference(*reference)) for reference in references]
    return [known[1].state if known else None for known in found]


def test_a_new_replica_knows_nothing() -> None:
    replica = Replica()
    assert (replica.epoch, replica.sequence, len(replica)) == (b"", 0, 0)
    assert replica.look_up(StatusReference(0, 0)) is None


def test_the_last_entry_of_an_index_counts() -> None:
    replica = followed()
    assert len(replica) == 3
    assert replica.look_up(StatusReference(0, 5)) == (LOG[2].digest, SUSPENDED)
    assert replica.look_up(StatusReference(0, 4_096)) == (LOG[1].digest, PLAINLY_VALID)
    assert replica.look_up(StatusReference(2, 0)) == (LOG[3].digest, LOST)


@pytest.mark.parametrize(
    "reference",
    [
        (0, 0),
        (0, 4),
        (0, 6),
        (0, 4_095),
        (0, 4_097),
        (0, BOUNDS.status_list_entries - 1),
        (1, 0),
        (2, 1),
        (3, 0),
    ],
)
def test_an_index_never_given_out_is_unknown(reference: tuple[int, int]) -> None:
    assert followed().look_up(StatusReference(*reference)) is None


def test_a_reinstated_code_is_plainly_valid_again() -> None:
    replica = followed()
    back = code(5, 5, Standing(state=State.VALID, since=NOW + 1))
    replica.apply([back], head([*LOG, back]))
    assert replica.look_up(StatusReference(0, 5)) == (back.digest, PLAINLY_VALID)
    assert len(replica._standings) == 1


def test_a_head_without_entries_changes_nothing() -> None:
    replica = followed()
    before = everything(replica)
    replica.apply([], head(LOG, time=NOW + 1))
    assert everything(replica) == before


def test_many_heads_bring_about_what_one_does() -> None:
    replica = Replica()
    for size in range(len(LOG)):
        replica.apply(LOG[size : size + 1], head(LOG[: size + 1]))
    assert everything(replica) == everything(followed())


MORE = [code(5, 7), code(6, 8, LOST)]
NEXT = head([*LOG, *MORE])


def beyond(**changes: int) -> list[Entry]:
    return [MORE[0], MORE[1]._replace(**changes)]  # type: ignore[arg-type]  # none of them is the digest


def covering(entries: Sequence[Entry]) -> Head:
    """Give a head over entries that should never have been signed."""
    return head([*LOG, *entries])


@pytest.mark.parametrize(
    ("entries", "by"),
    [
        (MORE[1:], NEXT),
        (MORE[:1], NEXT),
        ([], NEXT),
        ([MORE[1], MORE[0]], NEXT),
        ([*MORE, MORE[1]], NEXT),
        ([*MORE, code(7, 9)], NEXT),
        (LOG, head(LOG)),
        ([MORE[0], code(6, 8)], NEXT),
        ([MORE[0], code(6, 9, LOST)], NEXT),
        ([MORE[0], MORE[1]._replace(digest=bytes(12))], NEXT),
        (MORE, NEXT._replace(chain=bytes(32))),
        (MORE, NEXT._replace(sequence=7)),
        (MORE, NEXT._replace(epoch=b"epoch-02")),
        ([], head(LOG[:3])),
        ([], head(LOG)._replace(chain=bytes(32))),
        (beyond(status_list=BOUNDS.status_lists), covering(beyond(status_list=BOUNDS.status_lists))),
        (beyond(idx=BOUNDS.status_list_entries), covering(beyond(idx=BOUNDS.status_list_entries))),
        (beyond(state=0), covering(beyond(state=0))),
        (beyond(state=4), covering(beyond(state=4))),
        (beyond(reason=6), covering(beyond(reason=6))),
    ],
    ids=[
        "gap", "missing end", "missing all", "reordered", "doubled", "one more than signed", "all again",
        "changed state", "changed index", "changed digest", "wrong chain", "wrong sequence", "other epoch",
        "step back", "fork", "list out of bounds", "index out of bounds", "state 0", "state 4", "reason 6",
    ],
)  # fmt: skip
def test_what_a_head_does_not_cover_is_refused_and_changes_nothing(
    entries: Sequence[Entry], by: Head
) -> None:
    replica = followed()
    before = everything(replica)
    with pytest.raises(LogError):
        replica.apply(entries, by)
    assert everything(replica) == before
    replica.apply(MORE, NEXT)
    assert states(replica, (0, 7), (0, 8)) == [State.VALID, State.REVOKED]


def test_the_last_index_of_the_last_list_is_within_bounds() -> None:
    last = code(1, BOUNDS.status_list_entries - 1, status_list=BOUNDS.status_lists - 1)
    replica = followed([last])
    reference = StatusReference(BOUNDS.status_lists - 1, BOUNDS.status_list_entries - 1)
    assert replica.look_up(reference) == (last.digest, PLAINLY_VALID)
    assert len(replica) == 1


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 20_000), st.sampled_from([VALID, SUSPENDED, LOST])),
        max_size=30,
    )
)
def test_arrays_grow_in_any_order_and_answer_like_a_dictionary(
    changes: list[tuple[int, int, Standing]],
) -> None:
    entries = [
        code(number, index, standing, status_list=status_list)
        for number, (status_list, index, standing) in enumerate(changes, start=1)
    ]
    replica = followed(entries)
    expected = {(one.status_list, one.idx): one for one in entries}
    assert len(replica) == len(expected)
    for (status_list, index), one in expected.items():
        standing = PLAINLY_VALID if one.state == State.VALID else one.standing()
        assert replica.look_up(StatusReference(status_list, index)) == (one.digest, standing)
        for codes in replica._lists:
            assert len(codes.digests) == 12 * len(codes.states)


def test_a_replica_follows_one_log_for_ever() -> None:
    replica = Replica()
    replica.apply([], head())
    assert replica.epoch == EPOCH
    with pytest.raises(LogError, match="another log"):
        replica.apply([], head(epoch=b"epoch-02"))


def test_a_step_back_is_named_as_that() -> None:
    with pytest.raises(LogError, match="goes back from 4 to 3"):
        followed().apply([], head(LOG[:3]))


@pytest.mark.parametrize(
    "change",
    [
        {"digest": bytes(13)},
        {"digest": bytes(11)},
        {"state": 3, "reason": 0},
        {"state": 1, "reason": 2},
        {"state": 4},
        {"state": 0},
        {"reason": 6},
        {"since": -1},
        {"until": 253_402_272_000},
        {"status_list": 1_024},
        {"idx": 1 << 22},
    ],
    ids=str,
)
def test_an_entry_that_the_chain_lets_through_is_refused_all_the_same(change: dict[str, Any]) -> None:
    odd = entry(certificate())._replace(**change)
    known = Replica()
    with pytest.raises(LogError, match="out of bounds"):
        known.apply([odd], head([odd]))
    assert (len(known), known.sequence) == (0, 0)
