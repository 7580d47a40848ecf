"""The officer list: who is in it, who is not, and what cannot be got out of it."""

import unicodedata
from typing import Any

import pytest
from sqlalchemy import event

from tests.office import DAY, NOW, happen
from tests.records.client import AGENCY, LATER, XINJIANG, Client, enter, order, restricted
from verifier.certificate.lifecycle import Event
from verifier.cli.office import Office
from verifier.records import tally
from verifier.records.officers import agencies, officers
from verifier.register.ledger import Particulars

LISTED = ["31000000001", "31000000002", "31000000003"]
"""The office's own."""
INJECTIONS = [
    "<script>alert(1)</script>",
    '"><img src=x>',
    "=1+1",
    "]]><x>&amp;",
    "'; DROP TABLE certificate --",
]


def test_an_agencys_list_has_name_area_category_and_number_and_nothing_else(client: Client) -> None:
    reply = client.get("/officers", issuer=XINJIANG, agency=AGENCY).json()
    assert list(reply) == ["issuer", "agency", "complaint", "officers", "next"]
    assert reply["officers"][0] == {
        "name": "马晓东",
        "area": "全疆",
        "categories": ["机关事务管理"],
        "number": LISTED[0],
        "agency": AGENCY,
    }
    assert [officer["number"] for officer in reply["officers"]] == LISTED


def test_the_supervising_body_is_the_issuers_where_the_agency_has_none(client: Client) -> None:
    reply = client.get("/officers", issuer=XINJIANG, agency=AGENCY).json()
    assert reply["complaint"] == {"body": "执法监督处", "phone": "0991-0000000", "url": ""}
    assert "tel:0991" in client.page("/officers", issuer=XINJIANG, agency=AGENCY)


def test_agencies_are_counted_and_found_by_a_part_of_their_name(office: Office, client: Client) -> None:
    enter(office, [order("31000000010", agency="某县100%_局"), order("31000000011", agency="某县农牧局")])
    reply = client.get("/officers").json()
    counted = {
        entry["agency"]: entry["officers"]
        for entry in reply["agencies"]
        if entry["issuer"]["code"] == XINJIANG
    }
    assert counted == {AGENCY: 3, "某县100%_局": 1, "某县农牧局": 1}
    for find, names in {
        "县": ["某县100%_局", "某县农牧局"],
        "%": ["某县100%_局"],
        "_局": ["某县100%_局"],
        "农%局": [],
    }.items():
        found = client.get("/officers", find=find).json()["agencies"]
        assert [entry["agency"] for entry in found] == names
        assert all(name in client.page("/officers", find=find) for name in names)


def test_agencies_are_paged_to_the_last(office: Office, client: Client) -> None:
    enter(office, [order(f"320000000{at:02}", agency=f"第{at:02}局") for at in range(7)])
    walked = client.walk("/officers", "agencies", limit=2)
    assert walked == client.get("/officers").json()["agencies"]
    assert len(walked) == 9  # seven, and one of each issuer
    assert len(client.walk("/officers", "agencies", limit=2, issuer=XINJIANG, find="局")) == 8


def test_the_counts_are_of_a_minute_ago_at_the_most(office: Office, client: Client) -> None:
    first = client.get("/officers").json()
    enter(office, [order("31000000010", agency="某县农牧局")])
    client.now = LATER + tally.TALLY_SECONDS - 1
    assert client.get("/officers").json() == first
    client.now = LATER + 10 * tally.TALLY_SECONDS
    assert "某县农牧局" in client.page("/officers")
    assert client.numbers(agency="某县农牧局") == ["31000000010"]  # the list itself never waits


def test_only_who_may_act_now_is_listed(office: Office, client: Client) -> None:
    enter(office, [order(f"3200000000{at}") for at in range(6)])
    enter(office, [restricted("32000000006")])
    happen(office, Event.SUSPENDED, "32000000000", now=NOW + 9 * DAY, until=NOW + 11 * DAY)
    happen(office, Event.WITHDRAWN, "32000000001")
    happen(office, Event.CANCELLED, "32000000002", reason="retired")
    happen(office, Event.LOST, "32000000003", reason="lost")
    still = ["32000000004", "32000000005"]
    for path in (
        {"agency": AGENCY},
        {"officer": "32"},
        {"officer": "马"},
        {"agency": AGENCY, "officer": "马晓东"},
    ):
        found = client.numbers(**path)
        assert [number for number in found if number.startswith("32")] == still, path
    assert client.get("/officers").json()["agencies"][1]["officers"] == len(LISTED) + len(still)
    client.now = NOW + 11 * DAY  # the suspension ends by itself
    assert "32000000000" in client.numbers(agency=AGENCY)
    client.now = NOW - 1
    assert client.officers(agency=AGENCY) == []
    client.now = NOW + 3_000 * DAY
    assert client.officers(agency=AGENCY) == []
    assert client.get("/officers").json()["agencies"] == []


@pytest.mark.parametrize(
    ("name", "search"),
    [
        ("阿依古丽·买买提", "阿依古丽·"),
        ("𠮷田𡈽", "𠮷"),
        ("𰻝一鸣", "𰻝一"),
        ("ئايگۈل مەمەت", "ئايگۈل"),
        ("ᠮᠣᠩᠭᠣᠯ ᠬᠦᠮᠦᠨ", "ᠮᠣᠩᠭᠣᠯ"),
        ("王晓明", "王  晓\u3000明"),
        ("José Nuñez", unicodedata.normalize("NFD", "José N")),
        ("100%_张", "100%_"),
    ],
)
def test_names_of_any_script_are_found_by_their_beginning(
    office: Office, client: Client, name: str, search: str
) -> None:
    name = unicodedata.normalize("NFC", name)
    enter(office, [order("32000000001", name)])
    for within in ({}, {"agency": AGENCY}):
        assert [each["name"] for each in client.officers(officer=search, **within)] == [name]
        assert name in client.page("/officers", issuer=XINJIANG, officer=search, **within)


@pytest.mark.parametrize(
    "wildcard", ["%", "_", "*", "?", "马%", "马_东", "3100000000_", "310*", "%' OR 1=1 --", "\\"]
)
def test_wildcards_of_sql_are_plain_characters(client: Client, wildcard: str) -> None:
    assert client.officers(officer=wildcard) == []
    assert client.officers(officer=wildcard, agency=AGENCY) == []
    assert client.officers(agency=wildcard) == []


def test_a_number_is_found_by_its_beginning(client: Client) -> None:
    assert client.numbers(officer="310000") == LISTED
    assert client.numbers(officer="31000000002") == LISTED[1:2]
    assert client.numbers(officer="0") == []


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_pages_join_to_the_whole_list(office: Office, client: Client, size: int) -> None:
    orders = [order(f"330000000{at:02}", "王" if at % 3 else "马") for at in range(9)]
    enter(office, orders)
    assert client.numbers(agency=AGENCY, limit=size) == LISTED + [each.number for each in orders]
    assert client.numbers(officer="33", limit=size) == [each.number for each in orders]
    assert client.numbers(officer="王", limit=size) == [each.number for each in orders if each.holder == "王"]


def test_walking_by_cursor_meets_nobody_who_is_not_listed(office: Office, client: Client) -> None:
    enter(office, [order("31000000005", "某人"), restricted("31000000007")])
    happen(office, Event.WITHDRAWN, "31000000005")
    for hidden, unused in (("31000000005", "31000000004"), ("31000000007", "31000000008")):
        for within in ({"agency": AGENCY}, {"officer": "3"}):
            replies = [
                client.get("/officers", issuer=XINJIANG, after=after, **within).content
                for after in (hidden, unused)
            ]
            assert replies[0] == replies[1]
    by_name = [
        client.get("/officers", issuer=XINJIANG, officer="某", after=after).content
        for after in ("31000000005,某人", "31000000004,某人")
    ]
    assert by_name[0] == by_name[1]


def test_an_agency_that_nobody_is_listed_of_looks_like_one_that_does_not_exist(
    office: Office, client: Client
) -> None:
    enter(office, [order("32000000001", agency="某保密局")])
    happen(office, Event.WITHDRAWN, "32000000001")
    replies = [
        client.get("/officers", issuer=XINJIANG, agency=name).json() for name in ("某保密局", "没有的局")
    ]
    assert [reply.pop("agency") for reply in replies] == ["某保密局", "没有的局"]
    assert replies[0] == replies[1]
    assert "某保密局" not in client.page("/officers")


@pytest.mark.parametrize("name", INJECTIONS)
def test_a_name_that_attacks_the_page_is_shown_as_text(office: Office, client: Client, name: str) -> None:
    enter(office, [order("32000000001", name, agency=name, area=name, categories=(name,))])
    for page in (
        client.page("/officers"),
        client.page("/officers", issuer=XINJIANG, agency=name),
        client.page("/officers", issuer=XINJIANG, officer=name),
    ):
        for markup in ("<script", "<img", "<x>"):
            assert markup not in page
    assert client.officers(agency=name)[0]["name"] == name


def test_what_the_register_alone_knows_is_in_no_answer(office: Office, client: Client) -> None:
    private = Particulars(
        id_number="650102199003070418", enforcement_types=("行政强制",), qualification="ZG-2026-001"
    )
    enter(office, [order("32000000001", "某人", particulars=private)])
    bodies = [
        client.get(path, accept, **given).text
        for accept in ("text/html", "application/json")
        for path, given in (
            ("/officers", {}),
            ("/officers", {"issuer": XINJIANG, "agency": AGENCY}),
            ("/officers", {"issuer": XINJIANG, "officer": "某"}),
        )
    ] + [client.look_up("32000000001", "某人").text]
    for body in bodies:
        assert not any(value in body for value in ("650102", "行政强制", "ZG-2026"))
        assert "valid_until" not in body


def test_every_list_and_search_is_answered_from_an_index(office: Office) -> None:
    asked: list[tuple[str, Any]] = []
    searches = ((AGENCY, None), (AGENCY, "王"), (AGENCY, "31"), (None, "王"), (None, "31"))
    with office.database.reading() as connection:

        def note(*call: Any) -> None:
            asked.append(call[2:4])

        connection.begin()
        event.listen(connection, "before_cursor_execute", note)
        agencies(connection, LATER)
        for agency, begins in searches:
            officers(
                connection, issuer=XINJIANG, agency=agency, begins=begins, after=None, size=50, now=LATER
            )
        event.remove(connection, "before_cursor_execute", note)
        plans = [
            [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
            for statement, values in asked
        ]
    assert plans[0] == ["SCAN certificate USING COVERING INDEX certificate_by_agency"]
    names = ["by_agency", "by_agency_and_holder", "by_agency", "by_holder", "in_force"]
    for plan, name in zip(plans[1:], names, strict=True):
        assert len(plan) == 1  # nothing is sorted
        assert plan[0].startswith(f"SEARCH certificate USING INDEX certificate_{name} (")
