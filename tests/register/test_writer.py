"""The one writer: pieces that wait together stand or fall each by itself, and none ends the thread."""

import threading
from dataclasses import replace

import pytest

from tests.office import NOW, TESTER
from verifier.certificate.lifecycle import Event
from verifier.cli.office import Office
from verifier.register.audit import audit
from verifier.register.certificates import find, let_happen
from verifier.register.database import RegisterError
from verifier.register.ledger import Happening, Ledger
from verifier.register.writer import Writer

_HAPPENING = Happening(event=Event.RETURNED, time=NOW, actor="test", reason="other", basis="none")


def test_what_fails_only_when_it_is_written_fails_alone_and_the_writer_goes_on(office: Office) -> None:
    writer, held, together = Writer(lambda: office.ledger(NOW)), threading.Event(), threading.Event()

    def wait(_ledger: Ledger) -> None:
        held.set()
        assert together.wait(10)

    def of_none(ledger: Ledger) -> None:
        """Leave an event of a certificate that there is not: the database refuses it at the end."""
        found = find(ledger.connection, "31000000001")
        ledger.record(replace(found, id=999_999), found.life, _HAPPENING)

    def suspend(ledger: Ledger, number: str) -> int:
        return let_happen(ledger, Event.SUSPENDED, number, actor=TESTER, now=NOW).event

    first = writer.submit(wait)
    assert held.wait(10)
    before = writer.submit(lambda ledger: suspend(ledger, "31000000001"))
    failing = writer.submit(of_none)
    after = writer.submit(lambda ledger: suspend(ledger, "31000000002"))
    together.set()
    first.result(10)
    with pytest.raises(RegisterError):
        failing.result(10)
    assert after.result(10) == before.result(10) + 1
    assert writer.is_alive
    writer.close()
    with office.database.reading() as connection:
        audit(connection, office.trust())
        assert find(connection, "31000000002").event == after.result(0)
