"""What was tried against the agencies' API, and must not succeed."""

import asyncio
import json
import logging
import time
from typing import Any

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from tests.api.conftest import Api, wanted
from tests.api.test_imports import ended, send
from verifier.certificate.model import Kind
from verifier.issuing import imports
from verifier.issuing.api.bodies import BoundedBodies
from verifier.register import exclusions
from verifier.register.audit import audit

PERSON, NUMBER = "990000197106030058", "05505230901"


def raw(api: Api, path: str, body: str) -> Any:
    headers = {
        "idempotency-key": f"raw-{next(api.keys)}",
        "if-match": "*",
        "content-type": "application/json",
    }
    return api.client.post(path, content=body, headers=headers | api.headers("im"))


@pytest.mark.parametrize("begins", ["9999-12-31", "9995-01-01", "0001-01-01", "1969-12-31"])
def test_a_validity_beyond_the_calendar_is_refused(api: Api, begins: str) -> None:
    reply = api.post("im", "/certificates", wanted(valid_from=begins))
    assert (reply.status_code, reply.json()["detail"][:12]) == (
        409,
        "the validity" if begins[0] in "90" else "validity: mu",
    )


def test_a_replacement_begins_no_earlier_than_the_certificate_that_it_replaces(api: Api) -> None:
    old = api.issue(valid_from="2040-01-01")
    assert old["verdict"] == "not_yet_valid"
    new = api.post("im", f"/certificates/{NUMBER}/replace", {"reason": "facts", "area": "通辽市"}).json()
    assert new["verdict"] == "not_yet_valid"
    assert (new["valid_from"], new["valid_until"]) == (old["valid_from"], old["valid_until"])


@pytest.mark.parametrize("match", ["*", '"1"', '"999999"'])
@pytest.mark.parametrize("event", ["lose", "cancel", "replace", "reissue"])
def test_a_certificate_of_others_cannot_be_told_from_one_that_is_not(
    api: Api, event: str, match: str
) -> None:
    api.issue(restricted=True)
    answers = [
        api.post("naiman-farming", f"/certificates/{number}/{event}", {"issuer": issuer}, if_match=match)
        for number in (NUMBER, "05505230999")
        for issuer in ("150000", None)
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert (
        len(
            {
                answer.text.replace("05505230999", NUMBER).replace(" of issuer 150000", "")
                for answer in answers
            }
        )
        == 1
    )
    for issuer in ("", "?issuer=150000"):
        known, none = (api.get("kashi", f"/certificates/{n}{issuer}") for n in (NUMBER, "05505230999"))
        assert (known.status_code, known.text) == (404, none.text.replace("05505230999", NUMBER))


@pytest.mark.parametrize("reason", ["facts", "data", "other"])
def test_a_transfer_in_xinjiang_goes_by_no_other_name(api: Api, reason: str) -> None:
    api.issue("xj", number="31000000001")
    body = {"reason": reason, "agency": "新疆维吾尔自治区应急管理厅"}
    reply = api.post("xj", "/certificates/31000000001/replace", body)
    assert (reply.status_code, reply.json()["rule"]) == (409, "XJ-2022 Art 17(1)")
    same = {"reason": "facts", "agency": "新疆维吾尔自治区机关事务管理局", "area": "乌鲁木齐市"}
    assert api.post("xj", "/certificates/31000000001/replace", same).status_code == 201


def test_who_may_not_replace_learns_nothing_of_what_is_sealed(api: Api) -> None:
    api.issue("changji", restricted=True, holder="于" * 60)
    body = {"restricted": False, "area": "旗" * 100}  # too large together: the refusal would name and count
    reply = api.post("xj", f"/certificates/{NUMBER}/replace", body)
    assert (reply.status_code, reply.json()["rule"]) == (403, "XJ-2022 Art 15")


def test_a_table_without_a_calendar_ends_refused_and_the_next_is_taken_up(api: Api) -> None:
    table = json.dumps([{"姓名": "于丽"}]).encode()
    first = send(api, "im", table, "?valid_from=9999-12-31", key="first")
    assert ended(api, "im", first.json()["id"])["report"]["detail"].startswith("the validity")
    second = send(api, "im", table, key="second")
    assert ended(api, "im", second.json()["id"])["state"] == "refused"


def test_a_fault_ends_its_import_and_quotes_nothing(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_arguments: object, **_named: object) -> None:
        raise ValueError(PERSON)

    monkeypatch.setattr(imports, "plan", fails)
    with caplog.at_level(logging.INFO):
        reply = send(api, "im", b"[]")
        content = ended(api, "im", reply.json()["id"])
    assert (content["state"], content["report"]) == (
        "refused",
        {"detail": "The import failed: a fault of ours."},
    )
    assert "ValueError" in caplog.text
    assert PERSON not in caplog.text + str(content)
    while list((api.office.settings.data_dir / "imports").iterdir()):
        time.sleep(0.01)
    assert api.client.get("/health/ready").json()["imports"]


def test_a_job_whose_commit_failed_ends_no_thread(api: Api) -> None:
    desk = api.client.app.state.desk  # type: ignore[attr-defined]  # the app is ours
    desk.jobs.keep("0123456789abcdef", b"[]")
    desk.jobs.queued("0123456789abcdef")
    while list((api.office.settings.data_dir / "imports").iterdir()):
        time.sleep(0.01)
    assert api.client.get("/health/ready").json()["imports"]


def test_an_agency_s_table_goes_to_no_other_issuer(api: Api) -> None:
    reply = send(api, "changji-agency", b"[]", "?issuer=650000&dry_run=true")
    assert reply.status_code == 403
    assert not list((api.office.settings.data_dir / "imports").iterdir())


@pytest.mark.parametrize("name", ["于丽", "某人"])
def test_a_table_tells_no_name_or_id_number_of_certificates_of_others(api: Api, name: str) -> None:
    api.issue("im", holder="于丽", restricted=True, id_number=PERSON)
    row = {
        "工作单位": "某局",
        "姓名": name,
        "身份证号": PERSON,
        "执法类型": "行政检查",
        "执法类别": "应急管理",
        "执法区域": "奈曼旗",
        "执法证编号": NUMBER,
        "资格编号": "",
        "清理原因": "2",
    }
    table = json.dumps({"title": "行政执法人员清理统计表", "rows": [row]}).encode()
    reply = send(api, "kashi", table, "?issuer=150000&dry_run=true")
    report = ended(api, "kashi", reply.json()["id"])["report"]
    assert [row["reason"] for row in report["refused"]] == [f"no certificate {NUMBER} of issuer 150000"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/proposals", f'{{"items": [{{"action": "{PERSON}", "number": "1"}}]}}'),
        ("/proposals", '{"items": [{"action": "\\ud800", "number": "1"}]}'),
        ("/bulk/events", '{"\\ud800": 1}'),
        ("/bulk/events", f'{{"items": [{{"number": "1", "event": "{PERSON}", "if_event": NaN}}]}}'),
        (f"/certificates/{NUMBER}/cancel", '{"reason": "\\ud800"}'),
        (f"/certificates/{NUMBER}/cancel", '{"until": 1e999}'),
        ("/certificates", "[" * 100_000),
        ("/certificates", '{"number": ' + "9" * 5_000 + "}"),
    ],
)
def test_odd_bodies_are_refused_and_not_repeated(api: Api, path: str, body: str) -> None:
    reply = raw(api, path, body)
    assert reply.status_code in {400, 422}, reply.text
    assert PERSON not in reply.text


def test_the_audit_holds_after_all(api: Api) -> None:
    api.issue()
    api.post("im", "/certificates", wanted(number="05505230902", valid_from="9999-12-31"))
    with api.office.database.reading() as connection:
        assert audit(connection, api.office.trust())["certificates"] == 1


def test_a_read_that_cannot_enter_the_trail_is_a_503_and_tells_nothing(api: Api) -> None:
    api.issue()
    with api.office.database.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE call RENAME TO gone")
    reply = api.get("im", f"/certificates/{NUMBER}")
    assert (reply.status_code, reply.headers["retry-after"]) == (503, "5")
    assert "于丽" not in reply.text
    assert len(reply.headers["x-request-id"]) == 16


@pytest.mark.anyio
async def test_a_body_that_trickles_in_is_refused() -> None:
    sent: list[Any] = []

    async def app(scope: Scope, receive: Receive, _send: Send) -> None:
        await Request(scope, receive).body()

    async def receive() -> Message:
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b" ", "more_body": True}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "path": "/photos", "method": "POST", "headers": []}
    with pytest.raises(HTTPException) as refused:
        await BoundedBodies(app, seconds=0.1)(scope, receive, send)
    assert (refused.value.status_code, refused.value.headers, sent) == (408, {"connection": "close"}, [])


def test_a_body_that_is_cut_off_is_no_fault(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    async def half() -> None:
        messages: list[Message] = [
            {"type": "http.disconnect"},
            {"type": "http.request", "body": b"[", "more_body": True},
        ]
        headers = [(name.encode(), value.encode()) for name, value in api.headers("im").items()]
        scope = {
            "type": "http",
            "path": "/imports",
            "method": "POST",
            "query_string": b"",
            "headers": [*headers, (b"idempotency-key", b"half")],
        }

        async def receive() -> Message:
            return messages.pop()

        async def send(message: Message) -> None:
            sent.append(message)

        await api.client.app(scope, receive, send)

    sent: list[Any] = []
    asyncio.run(half())
    assert sent[0]["status"] == 400
    assert "Traceback" not in caplog.text


def test_one_person_on_every_row_of_a_table_does_not_hold_the_register(api: Api) -> None:
    for at in range(30):
        api.issue("im", number=f"055052309{at:02}", id_number=PERSON)
    with api.office.database.reading() as connection:
        held = exclusions._held(connection, {PERSON}, {Kind.ENFORCEMENT, Kind.SUPERVISION}, 0)
    assert len(held[PERSON]) == 2, "the first and the last: looking at all for each row took hours"
    reply = api.post(
        "im", "/certificates", wanted(number="05505230999", kind="supervision", id_number=PERSON)
    )
    assert (reply.status_code, reply.json()["rule"]) == (409, "IM-2023 Art 11")
    for at in range(30):
        api.post("im", f"/certificates/055052309{at:02}/cancel", {})
    api.issue("im", number="05505230999", kind="supervision", id_number=PERSON)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
