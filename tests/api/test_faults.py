"""Faults of ours: said to whoever asked without the cause, kept in the log without what is private."""

import logging

import pytest

from tests.api.conftest import Api, wanted
from verifier.register.ledger import Ledger

PERSON = "990000197106030058"


def test_a_register_that_cannot_be_written_is_a_503_and_nothing_private_is_logged(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    with api.office.database.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE particulars RENAME TO gone")
    with caplog.at_level(logging.INFO):
        reply = api.post("im", "/certificates", wanted(id_number=PERSON))
    assert (reply.status_code, reply.headers["retry-after"]) == (503, "5")
    assert "Nothing was done" in reply.json()["detail"]
    for private in (PERSON, "于丽"):
        assert private not in caplog.text + reply.text
    assert "RegisterError" in caplog.text
    with api.office.database.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE gone RENAME TO particulars")
    assert api.post("im", "/certificates", wanted(id_number=PERSON)).status_code == 201


def test_a_bug_takes_back_its_own_work_and_no_other(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    issue = Ledger.issue

    def broken(self: Ledger, *arguments: object, **named: object) -> int:
        row = issue(self, *arguments, **named)  # type: ignore[arg-type]  # handed on as it came
        if "05505230902" in str(arguments):
            raise ZeroDivisionError
        return row

    monkeypatch.setattr(Ledger, "issue", broken)
    assert api.post("im", "/certificates", wanted(number="05505230902")).status_code == 500
    assert api.post("im", "/certificates", wanted(number="05505230903")).status_code == 201
    monkeypatch.undo()
    assert api.get("im", "/certificates/05505230902").status_code == 404
    assert api.post("im", "/certificates", wanted(number="05505230902")).status_code == 201


def test_readiness_says_whether_writes_and_imports_are_taken(api: Api) -> None:
    ready = api.client.get("/health/ready")
    assert (ready.status_code, ready.json()) == (200, {"ready": True, "writer": True, "imports": True})
    api.client.app.state.desk.writer.close()  # type: ignore[attr-defined]  # the app is ours
    down = api.client.get("/health/ready")
    assert (down.status_code, down.json()["writer"]) == (503, False)
