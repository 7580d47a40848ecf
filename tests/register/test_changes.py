"""The change feed (XJ-EM-2020 Art 14): everything, once, in order, and nothing that is not for the reader."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from tests.districts import ACTORS, AGENCIES, application, enter, put_in_force, restricted
from tests.office import BASE_URL, DAY, NOW, TESTER, happen
from tests.register.plans import plans_of
from verifier.certificate.lifecycle import Event
from verifier.cli.office import Office
from verifier.issuing.replacement import Change as Replacement
from verifier.issuing.replacement import substitute
from verifier.register import changes as feed
from verifier.register import tables
from verifier.register.actors import Actor, may_see
from verifier.register.certificates import by_id
from verifier.register.changes import Change, Page, changes
from verifier.register.ledger import Particulars

LATER = NOW + 10 * DAY
COUNTY = Actor(name="county", authority="150525")


@pytest.fixture
def busy(office: Office) -> Office:
    """Two dozen events on certificates of agencies in several areas."""
    enter(office)
    for place, (issuer, agency) in enumerate(AGENCIES):
        numbers = [f"3200000{place}00{digit}" for digit in range(3)]
        put_in_force(office, *(application(number, agency) for number in numbers), issuer=issuer)
        happen(office, Event.LOST, numbers[1])
        happen(office, Event.CANCELLED, numbers[2], reason="retired")
        happen(office, Event.RETURNED, numbers[2], now=NOW + 2 * DAY)
    put_in_force(office, restricted("33000000001"))
    happen(office, Event.SUSPENDED, "33000000001")
    return office


def whole(connection: Connection, actor: Actor = TESTER) -> list[Change]:
    page = changes(connection, actor, after=0, now=LATER, limit=1_000)
    assert not page.more
    return page.changes


def in_pages(connection: Connection, actor: Actor, size: int) -> list[Change]:
    found, after = list[Change](), 0
    while True:
        page = changes(connection, actor, after=after, now=LATER, limit=size)
        assert len(page.changes) <= size
        assert page.next > after or not page.more
        found += page.changes
        after = page.next
        if not page.more:
            return found


def test_the_whole_feed_is_every_event_in_order(busy: Office) -> None:
    with busy.database.reading() as connection:
        events = connection.scalars(select(tables.event.c.id).order_by(tables.event.c.id)).all()
        assert [change.id for change in whole(connection)] == events == list(range(1, len(events) + 1))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(size=st.integers(1, 60), window=st.integers(1, 60), who=st.sampled_from(ACTORS))
def test_pages_of_any_size_make_up_the_whole_feed(busy: Office, size: int, window: int, who: Actor) -> None:
    with busy.database.reading() as connection, pytest.MonkeyPatch.context() as patch:
        expected = whole(connection, who)
        patch.setattr(feed, "_MOST_READ", window)
        assert in_pages(connection, who, size) == expected


def test_each_actor_reads_of_the_certificates_that_it_may_see_and_of_no_others(busy: Office) -> None:
    with busy.database.reading() as connection:
        columns = tables.event.c
        rows = connection.execute(select(columns.id, columns.certificate).order_by(columns.id)).all()
        for actor in ACTORS:
            expected = [
                row.id
                for row in rows
                if may_see(connection, actor, by_id(connection, row.certificate).certificate)
            ]
            assert [change.id for change in whole(connection, actor)] == expected


def test_a_county_reads_of_its_own_agencies_alone(busy: Office) -> None:
    with busy.database.reading() as connection:
        assert {change.agency for change in whole(connection, COUNTY)} == {"奈曼旗应急管理局"}
        assert len(whole(connection, COUNTY)) == 6


def test_a_reader_to_whom_nothing_is_told_gets_on_all_the_same(busy: Office) -> None:
    elsewhere = Actor(name="county", authority="652324")
    with busy.database.reading() as connection:
        page = changes(connection, elsewhere, after=0, now=LATER, limit=1)
        assert page == Page(changes=[], next=feed.newest(connection), more=False)


def test_a_cursor_never_goes_back(busy: Office) -> None:
    with busy.database.reading() as connection:
        assert changes(connection, TESTER, after=10**9, now=LATER) == Page(changes=[], next=10**9, more=False)


def test_the_standing_is_that_of_now_and_the_reason_is_the_public_one(busy: Office) -> None:
    with busy.database.reading() as connection:
        told = {change.id: change.as_json() for change in whole(connection)}
    of_cancelled = [each for each in told.values() if each["number"] == "32000003002"]
    assert [each["event"] for each in of_cancelled] == ["issued", "cancelled", "returned"]
    assert {(each["verdict"], each["reason"]) for each in of_cancelled} == {("revoked", "cancelled")}
    assert "retired" not in str(told)


def test_a_suspension_is_told_with_its_end_and_an_ended_one_is_not(office: Office) -> None:
    ends = happen(office, Event.SUSPENDED, "31000000001").until
    assert ends is not None
    with office.database.reading() as connection:
        (last,) = changes(connection, TESTER, after=5, now=NOW + 2 * DAY).changes
        (after,) = changes(connection, TESTER, after=5, now=ends).changes
    assert (last.reason, last.suspended_until) == ("suspended", ends)
    assert (after.reason, after.suspended_until) == ("valid", None)


def test_a_replacement_names_what_it_replaces(office: Office) -> None:
    _replace(office, "31000000001", Replacement(number="36000000001"), "facts")
    with office.database.reading() as connection:
        *_, old, new = whole(connection)
    assert (old.event, old.number, old.replaces, old.reason) == ("replaced", "31000000001", None, "replaced")
    assert (new.event, new.number, new.replaces, new.reason) == (
        "issued",
        "36000000001",
        "31000000001",
        "valid",
    )


def test_of_a_restricted_certificate_number_issuer_kind_and_status_alone_are_told(busy: Office) -> None:
    with busy.database.reading() as connection:
        told = [change.as_json() for change in whole(connection) if change.number == "33000000001"]
    assert [each["event"] for each in told] == ["issued", "suspended"]
    for each in told:
        assert set(each) == {
            "id", "event", "time", "number", "issuer", "kind", "verdict", "reason", "suspended_until",
            "restricted",
        }  # fmt: skip


@pytest.mark.parametrize("number", [None, "36000000001"])
def test_what_was_made_restricted_is_so_for_its_earlier_events_too(
    office: Office, number: str | None
) -> None:
    _replace(office, "31000000001", Replacement(number=number, restricted=True), "restricted")
    with office.database.reading() as connection:
        told = [change.as_json() for change in whole(connection) if change.number in {"31000000001", number}]
    assert [each["event"] for each in told] == ["issued", "replaced", "issued"]
    assert all(each["restricted"] and "agency" not in each and "replaces" not in each for each in told)


def test_what_replaces_a_restricted_certificate_does_not_name_it(office: Office) -> None:
    sealed = {"holder": "马晓东", "agency": "某局", "categories": ["安全"], "area": "全疆"}
    put_in_force(office, restricted("33000000002", particulars=Particulars(sealed=sealed)))
    _replace(office, "33000000002", Replacement(number="36000000001", restricted=False), "facts")
    with office.database.reading() as connection:
        *_, new = whole(connection)
    assert (new.number, new.replaces) == ("36000000001", None)


@pytest.mark.parametrize("actor", ACTORS, ids=lambda actor: actor.name)
def test_a_page_is_read_by_the_ids_of_events_whoever_asks(busy: Office, actor: Actor) -> None:
    (plan,) = plans_of(
        busy, lambda connection: changes(connection, actor, after=3, now=LATER), "FROM event JOIN"
    )
    assert plan[0] == "SEARCH event USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"
    assert not any("SCAN" in step or "TEMP B-TREE" in step for step in plan), plan


def _replace(office: Office, number: str, change: Replacement, reason: str) -> None:
    with office.ledger(NOW + DAY) as ledger:
        substitute(
            ledger, number, change, signer_of=office.certificate_signer, base_url=BASE_URL,
            actor=TESTER, now=NOW + DAY, reason=reason,
        )  # fmt: skip
