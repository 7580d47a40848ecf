"""What is due, by the article that says when."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, insert, select

from tests.districts import ACTORS, AGENCIES, application, enter, put_in_force, restricted
from tests.office import DAY, NOW, TESTER, happen, terms
from tests.register.plans import plans_of
from verifier.certificate.dates import add_months, day_of, start_of_day
from verifier.certificate.jurisdictions import jurisdiction_of
from verifier.certificate.lifecycle import Event
from verifier.cli.office import Office
from verifier.register import tables
from verifier.register.actors import Actor, may_see, visible
from verifier.register.certificates import by_id
from verifier.register.deadlines import CursorError, Deadline, DeadlineKind, Position, _last_end, is_under
from verifier.register.due import Wanted, due
from verifier.register.ledger import Particulars

XINJIANG, INNER_MONGOLIA = "31000000001", "31000000004"
END = terms().valid_until


def all_due(office: Office, *, now: int, actor: Actor = TESTER, **wanted: Any) -> list[Deadline]:
    with office.database.reading() as connection:
        page = due(connection, actor, Wanted(**wanted), now=now)
    assert page.next is None
    return page.deadlines


def kinds_of(office: Office, number: str, *, now: int) -> list[tuple[DeadlineKind, int, str]]:
    return [(each.kind, each.when, each.rule) for each in all_due(office, now=now) if each.number == number]


@pytest.mark.parametrize(
    ("number", "issuer", "rule"),
    [(XINJIANG, "650000", "XJ-2022 Art 16"), (INNER_MONGOLIA, "150000", "IM-2023 Art 17")],
)
def test_a_renewal_is_due_from_the_day_on_which_it_can_be_asked_for(
    office: Office, number: str, issuer: str, rule: str
) -> None:
    end = terms(issuer).valid_until
    opens = add_months(end, -jurisdiction_of(issuer).renewal.months)
    assert kinds_of(office, number, now=opens - 1) == []
    assert kinds_of(office, number, now=opens) == [(DeadlineKind.RENEWAL, end, rule)]
    assert kinds_of(office, number, now=end - 1) == [(DeadlineKind.RENEWAL, end, rule)]


@pytest.mark.parametrize(
    ("number", "issuer", "rule"),
    [(XINJIANG, "650000", "XJ-2022 Art 17"), (INNER_MONGOLIA, "150000", "IM-2023 Art 22")],
)
def test_what_has_expired_is_to_be_cancelled(office: Office, number: str, issuer: str, rule: str) -> None:
    end = terms(issuer).valid_until
    assert kinds_of(office, number, now=end) == [(DeadlineKind.EXPIRED, end, rule)]


@given(st.integers(0, 3_000), st.integers(0, 4 * DAY))
def test_every_end_whose_renewal_can_be_asked_for_is_in_the_window(day: int, later: int) -> None:
    end = start_of_day(day_of(NOW + day * DAY))
    opens = add_months(end, -3)
    assert _last_end(opens + later, 3) >= end
    assert _last_end(opens - 1, 3) < end


def test_a_suspension_is_due_until_it_has_ended(office: Office) -> None:
    ends = happen(office, Event.SUSPENDED, XINJIANG).until
    assert ends is not None
    assert kinds_of(office, XINJIANG, now=NOW + DAY) == [(DeadlineKind.SUSPENSION, ends, "XJ-2022 Art 18")]
    assert kinds_of(office, XINJIANG, now=ends) == []


@pytest.mark.parametrize(
    ("number", "rule", "note"),
    [
        (XINJIANG, "XJ-2022 Art 15", "it may be reissued before that"),
        (INNER_MONGOLIA, "IM-2023 Art 19", "it may be reissued then"),
    ],
)
def test_a_notice_of_loss_ends_after_30_days(office: Office, number: str, rule: str, note: str) -> None:
    happen(office, Event.LOST, number)
    (found,) = [each for each in all_due(office, now=NOW + 2 * DAY) if each.number == number]
    assert (found.kind, found.when, found.rule) == (DeadlineKind.LOSS_NOTICE, NOW + 31 * DAY, rule)
    assert found.note is not None
    assert found.note.en == note


def test_what_was_lost_and_cancelled_is_no_longer_reissued_and_its_card_is_still_wanted(
    office: Office,
) -> None:
    happen(office, Event.LOST, INNER_MONGOLIA)
    happen(office, Event.CANCELLED, INNER_MONGOLIA, now=NOW + 2 * DAY)
    assert [kind for kind, *_ in kinds_of(office, INNER_MONGOLIA, now=NOW + 3 * DAY)] == [DeadlineKind.RETURN]


def test_a_review_is_outstanding_until_it_is_decided(office: Office) -> None:
    happen(office, Event.WITHDRAWN, INNER_MONGOLIA, reason="fraud")
    happen(office, Event.REVIEW_ASKED, INNER_MONGOLIA, now=NOW + 2 * DAY)
    now = NOW + 3 * DAY
    assert (DeadlineKind.REVIEW, NOW + 2 * DAY, "IM-2023 Art 24") in kinds_of(office, INNER_MONGOLIA, now=now)
    happen(office, Event.REVIEW_REVERSED, INNER_MONGOLIA, now=now)
    assert kinds_of(office, INNER_MONGOLIA, now=now) == []


def test_a_void_card_is_taken_back_and_in_inner_mongolia_destroyed_as_well(office: Office) -> None:
    for number in (XINJIANG, INNER_MONGOLIA):
        happen(office, Event.CANCELLED, number)
    now = NOW + 5 * DAY
    since = NOW + DAY
    assert kinds_of(office, XINJIANG, now=now) == [(DeadlineKind.RETURN, since, "XJ-2022 Art 17")]
    assert kinds_of(office, INNER_MONGOLIA, now=now) == [(DeadlineKind.RETURN, since, "IM-2023 Art 23")]
    for number in (XINJIANG, INNER_MONGOLIA):
        happen(office, Event.RETURNED, number, now=NOW + 2 * DAY)
    assert kinds_of(office, XINJIANG, now=now) == []
    assert kinds_of(office, INNER_MONGOLIA, now=now) == [(DeadlineKind.DESTRUCTION, since, "IM-2023 Art 23")]
    happen(office, Event.DESTROYED, INNER_MONGOLIA, now=NOW + 3 * DAY)
    assert kinds_of(office, INNER_MONGOLIA, now=now) == []


def test_a_systems_own_regulation_is_for_its_certificates_alone(office: Office) -> None:
    put_in_force(office, application("31000000009", categories=("消防监督管理", "应急管理")))
    for number in (XINJIANG, "31000000009"):
        happen(office, Event.SUSPENDED, number)
    now = NOW + 2 * DAY
    # The length is the region's (XJ-EM-2020 Art 17 gives none), and each is listed once.
    assert len(all_due(office, now=now)) == 2
    system = jurisdiction_of("650000", ["应急管理"])
    with office.database.reading() as connection:
        under = [
            set(connection.scalars(select(tables.certificate.c.number).where(is_under(rules), of_xinjiang)))
            for rules in (system, jurisdiction_of("650000"))
            for of_xinjiang in [tables.certificate.c.issuer == "650000"]
        ]
    assert under == [{"31000000009"}, {XINJIANG, "31000000002", "31000000003"}]


def test_an_open_proposal_is_due_after_its_working_days(office: Office) -> None:
    _propose(office, number="31000000010", due=NOW + 20 * DAY, state="open")
    _propose(office, number="31000000011", due=NOW + 20 * DAY, state="refused")
    (found,) = all_due(office, now=NOW)
    assert (found.kind, found.number, found.rule) == (DeadlineKind.PROPOSAL, "31000000010", "XJ-2022 Art 12")


def test_of_a_restricted_certificate_number_and_issuer_alone_are_told(office: Office) -> None:
    sealed = {"holder": "马晓东", "agency": "某局", "categories": ["安全"], "area": "全疆"}
    put_in_force(office, restricted("31000000012", particulars=Particulars(sealed=sealed)))
    _propose(office, number="31000000013", due=NOW, state="open", content='{"order": {"restricted": true}}')
    _propose(office, number="31000000012", due=NOW + 1, state="open", content='{"change": {"area": "x"}}')
    found = [each for each in all_due(office, now=END) if each.number in {"31000000012", "31000000013"}]
    assert len(found) == 3
    for each in found:
        assert each.agency is None
        assert not any(word in str(each.as_json(END)) for word in ("马晓东", "某局", "安全", "全疆"))


# Pages, filters, areas


def test_pages_of_any_size_make_up_the_whole_list(office: Office) -> None:
    now = _busy(office)
    whole = all_due(office, now=now)
    assert {each.kind for each in whole} == set(DeadlineKind)
    assert [each.position for each in whole] == sorted(each.position for each in whole)
    with office.database.reading() as connection:
        for size in range(1, len(whole) + 2):
            assert _in_pages(connection, size, now) == whole


def test_filters_give_the_part_of_the_list_that_they_name(office: Office) -> None:
    now = _busy(office)
    whole = all_due(office, now=now)
    middle = whole[len(whole) // 2]
    filters: list[tuple[dict[str, Any], Callable[[Deadline], bool]]] = [
        ({"issuer": "150000"}, lambda each: each.issuer == "150000"),
        ({"agency": middle.agency}, lambda each: each.agency == middle.agency),
        ({"until": middle.when}, lambda each: each.when <= middle.when),
        ({"kinds": [middle.kind]}, lambda each: each.kind is middle.kind),
    ]
    for wanted, holds in filters:
        expected = [each for each in whole if holds(each)]
        assert expected
        assert all_due(office, now=now, **wanted) == expected


def test_each_actor_is_told_of_what_it_may_see_and_of_nothing_else(office: Office) -> None:
    now = _busy(office)
    whole = all_due(office, now=now)
    for actor in ACTORS:
        with office.database.reading() as connection:
            ids = [
                each.position.row
                for each in whole
                if each.kind is not DeadlineKind.PROPOSAL
                and may_see(connection, actor, by_id(connection, each.position.row).certificate)
            ]
            told = due(connection, actor, Wanted(), now=now).deadlines
        assert [each.position.row for each in told if each.kind is not DeadlineKind.PROPOSAL] == ids


def test_an_area_as_a_condition_is_what_it_is_for_one_certificate(office: Office) -> None:
    _busy(office)
    with office.database.reading() as connection:
        rows = connection.scalars(select(tables.certificate.c.id)).all()
        told = 0
        for actor in ACTORS:
            condition = visible(connection, actor)
            seen = set(connection.scalars(select(tables.certificate.c.id).where(condition)))
            told += 0 < len(seen) < len(rows)
            assert seen == {
                row for row in rows if may_see(connection, actor, by_id(connection, row).certificate)
            }
    assert told >= 4


@pytest.mark.parametrize("cursor", ["", "1", "1.2", "1.2.3.4", "a.b.c", "1.2.٣", "1.2." + "9" * 19])
def test_a_cursor_that_no_page_gave_is_refused(cursor: str) -> None:
    with pytest.raises(CursorError):
        Position.parse(cursor)


@given(
    st.builds(Position, st.integers(-(10**14), 10**15 - 1), st.integers(0, 99), st.integers(0, 10**18 - 1))
)
def test_a_cursor_reads_as_what_it_was_written_from(position: Position) -> None:
    assert Position.parse(str(position)) == position


# Speed: every query walks an index of its own, in its order


@pytest.mark.parametrize("after", [None, Position(NOW, 2, 7)])
@pytest.mark.parametrize("actor", ACTORS, ids=lambda actor: actor.name)
def test_no_query_of_the_list_walks_the_certificates_or_sorts_them(
    office: Office, actor: Actor, after: Position | None
) -> None:
    enter(office)
    now = NOW + DAY
    wanted = Wanted(agency="奈曼旗应急管理局", until=now + DAY)
    plans = plans_of(
        office, lambda connection: due(connection, actor, wanted, now=now, after=after), "AS since"
    )
    assert len(plans) >= 10
    for plan in plans:
        assert plan[0].startswith("SEARCH certificate USING INDEX certificate_"), plan
        assert plan[0].split()[4] in {
            "certificate_ends", "certificate_suspended", "certificate_reviewed", "certificate_lost",
            "certificate_card",
        }, plan  # fmt: skip
        assert not any("TEMP B-TREE" in step for step in plan), plan


# What there is to be told of


def _in_pages(connection: Connection, size: int, now: int) -> list[Deadline]:
    found, after = list[Deadline](), None
    while True:
        page = due(connection, TESTER, Wanted(), now=now, after=after, limit=size)
        assert len(page.deadlines) <= size
        found += page.deadlines
        if page.next is None:
            return found
        after = page.next


def _propose(office: Office, **facts: Any) -> None:
    row = {
        "issuer": "650000", "agency": "新疆维吾尔自治区应急管理厅", "area": "650000", "action": "issue",
        "number": "34000000000", "kind": 0, "content": "{}", "time": NOW, "actor": "test", "step": 0,
    }  # fmt: skip
    with office.database.writing() as connection:
        connection.execute(insert(tables.proposal).values(row | facts))


_HAPPENED: list[list[tuple[Event, str]]] = [
    [],
    [(Event.SUSPENDED, "other")],
    [(Event.LOST, "lost")],
    [(Event.CANCELLED, "moved")],
    [(Event.CANCELLED, "moved"), (Event.REVIEW_ASKED, "other"), (Event.RETURNED, "other")],
]


def _busy(office: Office) -> int:
    """Make a register in which every kind of deadline is due, in several areas; give the time then."""
    enter(office)
    late = add_months(END, -1)
    for place, (issuer, agency) in enumerate(AGENCIES):
        known = jurisdiction_of(issuer).events
        end = terms().valid_until  # Xinjiang's, so that Inner Mongolia's are due at the same time
        for digit, events in enumerate(_HAPPENED):
            number = f"3200000{place}00{digit}"
            put_in_force(office, application(number, agency, valid_until=end), issuer=issuer)
            for at, (each, reason) in enumerate(events):
                if each in known:
                    happen(office, each, number, now=late - DAY + at, reason=reason)
    put_in_force(office, restricted("33000000000"))
    put_in_force(office, application("35000000000", valid_until=NOW + 30 * DAY))
    _propose(office, due=late + DAY, state="open")
    return late
