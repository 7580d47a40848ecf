"""What happens to certificates in the register."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from keys.trust import Purpose
from tests.office import DAY, NOW, TESTER, happen, order, terms
from verifier.certificate.lifecycle import Event, IllegalEventError, ReasonClass, State
from verifier.cli.office import Office
from verifier.issuing.issuance import IssuanceError, issue, require_issuable
from verifier.register import tables
from verifier.register.certificates import AmbiguousError, find, history
from verifier.register.errors import NotFoundError

NUMBER = "31000000001"


def test_a_suspension_lasts_as_long_as_the_jurisdiction_says(office: Office) -> None:
    standing = happen(office, Event.SUSPENDED, NUMBER)
    assert standing.until is not None
    assert 89 * DAY <= standing.until - standing.since <= 92 * DAY  # XJ-2022 Art 18: 3 months


def test_an_event_changes_projection_history_and_log_together(office: Office) -> None:
    happen(office, Event.WITHDRAWN, NUMBER, reason="unqualified")
    with office.database.reading() as connection:
        found = find(connection, NUMBER)
        events = [row.event for row in history(connection, found.id)]
        entry = connection.execute(select(tables.log).order_by(tables.log.c.sequence.desc()).limit(1)).one()
    assert found.standing.state is State.REVOKED
    assert events == ["issued", "withdrawn"]
    assert (entry.status_list, entry.idx) == (found.certificate.status.list, found.certificate.status.index)
    assert (entry.state, entry.reason) == (State.REVOKED, ReasonClass.WITHDRAWN)


def test_the_log_says_nothing_of_a_private_reason(office: Office) -> None:
    happen(office, Event.CANCELLED, "31000000004", reason="died")
    happen(office, Event.CANCELLED, NUMBER, reason="dismissed")
    with office.database.reading() as connection:
        entries = connection.execute(select(tables.log).order_by(tables.log.c.sequence.desc()).limit(2)).all()
    assert {entry.reason for entry in entries} == {ReasonClass.CANCELLED}
    assert set(entries[0]._mapping) == {
        "sequence", "status_list", "idx", "state", "since", "until", "reason", "digest", "chain", "event",
    }  # fmt: skip


def test_a_refused_event_leaves_nothing_behind(office: Office) -> None:
    with office.database.reading() as connection:
        before = connection.execute(select(tables.event)).all(), connection.execute(select(tables.head)).all()
    with pytest.raises(IllegalEventError, match="IM-2023 knows no suspension"):
        happen(office, Event.SUSPENDED, "31000000004")
    with office.database.reading() as connection:
        after = connection.execute(select(tables.event)).all(), connection.execute(select(tables.head)).all()
    assert before == after


def test_a_number_of_two_issuers_needs_the_issuer(office: Office) -> None:
    with pytest.raises(AmbiguousError, match="150000, 650000"):
        happen(office, Event.LOST, "31000000003")
    assert happen(office, Event.LOST, "31000000003", issuer="150000").reason is ReasonClass.LOST


def test_an_unknown_number_is_not_found(office: Office) -> None:
    with pytest.raises(NotFoundError, match="31000000009"):
        happen(office, Event.LOST, "31000000009")


def test_a_number_in_the_register_is_not_issued_again_not_even_after_it_was_void(office: Office) -> None:
    happen(office, Event.WITHDRAWN, NUMBER)
    with (
        pytest.raises(IssuanceError, match=f"number {NUMBER} is already in the register"),
        office.ledger(NOW) as ledger,
    ):
        issue(
            ledger, [order("31000000008"), order(NUMBER)], terms=terms(),
            signer=office.certificate_signer("650000"), actor=TESTER, now=NOW,
        )  # fmt: skip
    with office.database.reading() as connection, pytest.raises(NotFoundError):
        find(connection, "31000000008")


def test_a_key_that_no_verifier_knows_issues_nothing(office: Office) -> None:
    entry = office.ring.create(Purpose.CERTIFICATE, now=NOW, issuer="650000")
    assert office.certificate_signer("650000").kid.hex() != entry.kid  # the one that they know goes on
    with pytest.raises(IssuanceError, match="not in the published trust list"), office.ledger(NOW) as ledger:
        issue(
            ledger, [order("31000000008")], terms=terms(),
            signer=office.ring.open(entry), actor=TESTER, now=NOW,
        )  # fmt: skip


def test_a_key_of_another_issuer_issues_nothing(office: Office) -> None:
    with pytest.raises(IssuanceError, match="not in the published trust list"), office.ledger(NOW) as ledger:
        issue(
            ledger, [order("31000000008")], terms=terms(),
            signer=office.certificate_signer("150000"), actor=TESTER, now=NOW,
        )  # fmt: skip


def test_what_does_not_fit_a_card_is_refused_before_anything_is_written() -> None:
    with pytest.raises(IssuanceError, match="longest field is agency"):
        require_issuable(replace(order(NUMBER), agency="局" * 110), terms())
