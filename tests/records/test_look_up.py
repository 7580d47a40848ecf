"""The look-up by number and name: what it confirms, and what it cannot be made to tell."""

import unicodedata

import pytest

from tests.office import BASE_URL, DAY, NOW, happen
from tests.records.client import AGENCY, XINJIANG, Client, enter, order, restricted
from verifier.certificate.lifecycle import Event
from verifier.certificate.verdicts import Reason
from verifier.cli.office import Office
from verifier.records import limiting
from verifier.records.limiting import LookUpLimit

NUMBER, NAME = "31000000001", "马晓东"
NOT_FOUND = "No certificate was found with this number and this name."


def test_number_and_name_give_the_verdict_of_a_scan_without_its_signature(client: Client) -> None:
    reply = client.look_up(NUMBER, NAME).json()
    (answer,) = reply["answers"]
    assert (answer["verdict"], answer["reason"]) == ("valid", "valid")
    assert answer["message"]["zh-CN"] == Reason.VALID.zh
    assert answer["certificate"] == {
        "number": NUMBER,
        "holder": NAME,
        "agency": AGENCY,
        "categories": ["机关事务管理"],
        "area": "全疆",
        "issuer": {"code": XINJIANG, "name": "新疆维吾尔自治区司法厅"},
    }
    assert reply["signature_seen"] is False
    assert "没有核验二维码签名" in client.look_up(NUMBER, NAME, "text/html").text


def test_each_standing_has_its_word(office: Office, client: Client) -> None:
    happen(office, Event.SUSPENDED, NUMBER)
    assert client.look_up(NUMBER, NAME).json()["answers"][0]["reason"] == "suspended"
    happen(office, Event.LOST, NUMBER, reason="lost", now=NOW + 2 * DAY)
    (answer,) = client.look_up(NUMBER, NAME).json()["answers"]
    assert (answer["verdict"], answer["reason"]) == ("revoked", "lost")
    assert answer["status"] == {"since": "2027-01-17T16:00:00+08:00", "until": None}
    client.now = NOW - 1
    assert client.look_up("31000000002", NAME).json()["answers"][0]["verdict"] == "not_yet_valid"
    client.now = NOW + 3_000 * DAY
    assert client.look_up("31000000002", NAME).json()["answers"][0]["verdict"] == "expired"


def test_a_number_of_two_issuers_is_answered_for_each(client: Client) -> None:
    answers = client.look_up("31000000003", NAME).json()["answers"]
    assert [answer["certificate"]["issuer"]["code"] for answer in answers] == ["150000", XINJIANG]


@pytest.mark.parametrize(
    ("number", "name"),
    [
        ("31000000009", NAME),
        (NUMBER, "马晓"),
        (NUMBER, "马晓东东"),
        (NUMBER, "马%"),
        ("3100000000", NAME),
        (NUMBER, "马晓冬"),
        ("32000000001", NAME),
        ("32000000001", "None"),
    ],
)
def test_what_differs_is_unknown_or_restricted_is_the_same_answer(
    office: Office, client: Client, number: str, name: str
) -> None:
    enter(office, [restricted("32000000001")])
    reply = client.look_up(number, name)
    unknown = client.look_up("39999999999", "没有此人")
    assert (reply.status_code, reply.content) == (unknown.status_code, unknown.content)
    assert reply.json()["answers"] == []
    assert reply.json()["message"]["en"] == NOT_FOUND


@pytest.mark.parametrize(
    ("stored", "typed"),
    [
        ("王晓明", " 王 晓\u3000明 "),
        ("阿依古丽·买买提", "阿依古丽·买买提"),
        ("José", unicodedata.normalize("NFD", "José")),
        ("𠮷田𡈽", "𠮷田𡈽"),
    ],
)
def test_spaces_and_unicode_forms_do_not_count(
    office: Office, client: Client, stored: str, typed: str
) -> None:
    enter(office, [order("32000000001", stored)])
    assert client.look_up(" 32000000001 ", typed).json()["answers"][0]["certificate"]["holder"] == stored


def test_json_is_taken_as_well_as_a_form(client: Client) -> None:
    reply = client.request(
        "POST", "/look-up", json={"number": NUMBER, "name": NAME}, headers={"accept": "application/json"}
    )
    assert len(reply.json()["answers"]) == 1


def test_names_and_numbers_are_not_taken_from_the_address(client: Client) -> None:
    reply = client.get("/look-up", "text/html", number=NUMBER, name=NAME)
    assert NAME not in reply.text
    assert 'method="post"' in reply.text
    assert reply.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", '"><img src=x>', "'); --"])
def test_what_was_typed_comes_back_as_text(client: Client, name: str) -> None:
    page = client.look_up(NUMBER, name, "text/html").text
    assert "<script" not in page
    assert "<img" not in page


def test_an_address_may_look_up_so_often_a_minute_and_no_more(office: Office) -> None:
    with Client(office, look_ups=3) as client:
        statuses = [client.look_up(NUMBER, NAME).status_code for _ in range(4)]
        assert statuses == [200, 200, 200, 429]
        refused = client.look_up(NUMBER, NAME)
        assert refused.headers["content-type"] == "application/problem+json"
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert client.get("/officers").status_code == 200
        client.move("203.0.113.8")
        assert client.look_up(NUMBER, NAME).status_code == 200


def test_a_header_does_not_make_another_address(office: Office) -> None:
    with Client(office, look_ups=1) as client:
        for at, status in enumerate((200, 429, 429)):
            headers = {"x-forwarded-for": f"198.51.100.{at}", "forwarded": f"for=198.51.100.{at}"}
            reply = client.request("POST", "/look-up", data={"number": NUMBER, "name": NAME}, headers=headers)
            assert reply.status_code == status


def test_guessing_out_of_form_counts_as_well(office: Office) -> None:
    with Client(office, look_ups=1) as client:
        assert client.look_up("", "").status_code == 400
        assert client.look_up(NUMBER, NAME).status_code == 429


def test_an_ipv6_address_counts_with_its_network() -> None:
    limit = LookUpLimit(1)
    assert limit.wait("2001:db8::1") is None
    assert limit.wait("2001:db8::2") is not None
    assert limit.wait("2001:db8:0:1::1") is None
    assert limit.wait("203.0.113.7") is None
    assert limit.wait("::ffff:203.0.113.7") is not None


def test_ever_new_addresses_fill_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limiting, "ADDRESSES", 10)
    limit = LookUpLimit(1)
    allowed = [limit.wait(f"203.0.113.{at}") is None for at in range(50)]
    assert allowed.count(True) == 11  # ten, and one for all the others
    assert len(limit._storage.events) == 11


def test_the_form_leads_to_itself(client: Client) -> None:
    page = client.page("/look-up")
    assert 'action="/look-up"' in page
    assert BASE_URL not in page
