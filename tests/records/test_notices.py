"""The notices: what is announced, for how long, and what is never said."""

from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.office import BASE_URL, DAY, NOW, TESTER, happen
from tests.records.client import AGENCY, LATER, XINJIANG, Client, enter, order, restricted
from verifier.certificate.lifecycle import Event
from verifier.cli.office import Office
from verifier.issuing.replacement import Change, substitute

ATOM = {"atom": "http://www.w3.org/2005/Atom"}
FIRST, SECOND, THIRD = (f"3100000000{at}" for at in (1, 2, 3))
INNER_MONGOLIA = "150000"


def replace(office: Office, old: str, *, now: int = NOW + DAY, reason: str = "facts", **facts: Any) -> None:
    """Put another certificate in its place, the production way."""
    with office.ledger(now) as ledger:
        substitute(
            ledger,
            old,
            Change(**facts),
            signer_of=office.certificate_signer,
            base_url=BASE_URL,
            actor=TESTER,
            now=now,
            issuer=XINJIANG,
            reason=reason,
        )


def entries(client: Client) -> list[ET.Element]:
    return ET.fromstring(client.get("/notices.atom").content).findall("atom:entry", ATOM)


def test_a_notice_says_what_became_void_and_for_how_long_it_stands(office: Office, client: Client) -> None:
    happen(office, Event.LOST, FIRST, issuer=XINJIANG, reason="lost", now=NOW + 9 * DAY)
    assert client.notices() == [
        {
            "kind": "lost",
            "message": {"zh-CN": "遗失作废", "en": "Reported lost, void"},
            "number": FIRST,
            "name": "马晓东",
            "agency": AGENCY,
            "categories": ["机关事务管理"],
            "issuer": {"code": XINJIANG, "name": "新疆维吾尔自治区司法厅"},
            "published": "2027-01-24T16:00:00+08:00",
            "until": "2027-02-23T16:00:00+08:00",
        }
    ]
    page = client.page("/notices")
    assert all(text in page for text in ("遗失作废", FIRST, "马晓东", AGENCY, "2027-02-23"))


def test_a_notice_stands_for_thirty_days_to_the_second(office: Office, client: Client) -> None:
    """IM-2023 Art 19."""
    happen(office, Event.LOST, FIRST, issuer=XINJIANG, reason="lost", now=LATER)
    for after, seen in ((-1, 0), (0, 1), (30 * DAY - 1, 1), (30 * DAY, 0)):
        client.now = LATER + after
        assert len(client.notices()) == len(entries(client)) == seen


def test_withdrawals_cancellations_and_replacements_are_announced_the_newest_first(
    office: Office, client: Client
) -> None:
    """NM-2022 2(3), 3(2); XJ-GGJ-2022 2(8)."""
    happen(office, Event.WITHDRAWN, FIRST, now=NOW + DAY)
    happen(office, Event.CANCELLED, SECOND, reason="retired", now=NOW + 2 * DAY)
    replace(office, THIRD, now=NOW + 3 * DAY)
    assert [notice["kind"] for notice in client.notices()] == ["replaced", "cancelled", "withdrawn"]


def test_suspensions_and_expiries_are_not_announced(office: Office, client: Client) -> None:
    happen(office, Event.SUSPENDED, FIRST)
    client.now = NOW + 5 * 366 * DAY
    happen(office, Event.CANCELLED, SECOND, reason="expired", now=int(client.now))
    assert client.notices() == []


def test_a_review_that_reverses_takes_the_notice_away(office: Office, client: Client) -> None:
    """IM-2023 Art 24."""
    enter(office, [order("05505230001"), order("05505230002")], issuer=INNER_MONGOLIA)
    for number in ("05505230001", "05505230002"):
        happen(office, Event.WITHDRAWN, number, reason="fraud")
        happen(office, Event.REVIEW_ASKED, number, now=NOW + 2 * DAY)
    assert len(client.notices()) == 2
    happen(office, Event.REVIEW_REVERSED, "05505230001", now=NOW + 3 * DAY)
    happen(office, Event.REVIEW_UPHELD, "05505230002", now=NOW + 3 * DAY)
    assert [notice["number"] for notice in client.notices()] == ["05505230002"]
    happen(office, Event.LOST, "05505230001", now=NOW + 4 * DAY)  # what comes later is announced again
    assert [(notice["number"], notice["name"]) for notice in client.notices()] == [
        ("05505230001", "马晓东"),
        ("05505230002", "马晓东"),
    ]


def test_a_review_of_a_cancellation_leaves_the_notice_of_the_loss_before_it(
    office: Office, client: Client
) -> None:
    enter(office, [order("05505230001")], issuer=INNER_MONGOLIA)
    happen(office, Event.LOST, "05505230001")
    happen(office, Event.CANCELLED, "05505230001", reason="left", now=NOW + 2 * DAY)
    happen(office, Event.REVIEW_ASKED, "05505230001", now=NOW + 3 * DAY)
    happen(office, Event.REVIEW_REVERSED, "05505230001", now=NOW + 4 * DAY)
    assert [notice["kind"] for notice in client.notices()] == ["lost"]


def test_a_name_is_given_only_where_the_officer_list_had_it(office: Office, client: Client) -> None:
    happen(office, Event.SUSPENDED, FIRST, now=NOW + DAY, until=NOW + 5 * DAY)
    happen(office, Event.WITHDRAWN, FIRST, now=NOW + 2 * DAY)  # while it was suspended
    happen(office, Event.SUSPENDED, SECOND, now=NOW + DAY, until=NOW + 2 * DAY)
    happen(office, Event.LOST, SECOND, reason="lost", now=NOW + 3 * DAY)  # after that
    happen(office, Event.CANCELLED, SECOND, reason="other", now=NOW + 4 * DAY)  # void already
    named = {(notice["number"], notice["kind"]): notice["name"] for notice in client.notices()}
    assert named == {
        (FIRST, "withdrawn"): None,
        (SECOND, "lost"): "马晓东",
        (SECOND, "cancelled"): None,
    }


@pytest.mark.parametrize("reason", ["died", "dismissed", "retired", "resigned"])
def test_why_it_was_cancelled_is_in_no_body(office: Office, client: Client, reason: str) -> None:
    enter(office, [order("05505230009", "某人")], issuer=INNER_MONGOLIA)
    happen(office, Event.CANCELLED, "05505230009", issuer=INNER_MONGOLIA, reason=reason)
    bodies = [client.get(path).text for path in ("/notices", "/notices.atom", "/officers")]
    bodies += [client.page(path) for path in ("/notices", "/officers")]
    bodies += [
        client.look_up("05505230009", "某人", accept).text for accept in ("text/html", "application/json")
    ]
    assert "05505230009" in bodies[0]
    private = [reason, "死亡", "辞退", "开除", "退休", "辞职", "IM-2023", "test"]
    assert [word for body in bodies for word in private if word in body] == []


def test_a_restricted_certificate_is_announced_nowhere(office: Office, client: Client) -> None:
    enter(office, [restricted("32000000001")])
    happen(office, Event.LOST, "32000000001", reason="lost")
    assert client.notices() == []
    assert entries(client) == []


def test_nothing_names_an_officer_whose_certificate_was_made_restricted(
    office: Office, client: Client
) -> None:
    """IM-2023 Art 9."""
    replace(office, FIRST, number="32000000001", area="某地")
    assert [notice["number"] for notice in client.notices()] == [FIRST]
    assert client.look_up(FIRST, "马晓东").json()["answers"][0]["reason"] == "replaced"
    replace(office, "32000000001", reason="restricted", restricted=True, now=NOW + 2 * DAY)
    bodies = [client.get(path).text for path in ("/notices", "/notices.atom")]
    bodies += [client.page(path) for path in ("/notices", "/officers")]
    bodies += [client.look_up(number, "马晓东").text for number in (FIRST, "32000000001")]
    assert [body for body in bodies if FIRST in body or "32000000001" in body or "某地" in body] == []
    assert client.numbers(officer="3") == [SECOND, THIRD]


@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_pages_join_to_all_notices_even_of_one_second(office: Office, client: Client, size: int) -> None:
    orders = [order(f"330000000{at:02}") for at in range(6)]
    enter(office, orders)
    for each in orders:
        happen(office, Event.CANCELLED, each.number, reason="left")
    happen(office, Event.LOST, FIRST, issuer=XINJIANG, reason="lost", now=NOW + 2 * DAY)
    expected = [FIRST] + [each.number for each in reversed(orders)]
    assert [notice["number"] for notice in client.notices(limit=size)] == expected


def test_a_notice_that_goes_while_it_is_a_mark_takes_no_other_with_it(office: Office, client: Client) -> None:
    numbers = [f"0550523000{at}" for at in range(4)]
    enter(office, [order(number) for number in numbers], issuer=INNER_MONGOLIA)
    for number in numbers:
        happen(office, Event.WITHDRAWN, number, reason="fraud")
    page = client.get("/notices", limit=2).json()
    happen(office, Event.REVIEW_ASKED, numbers[2], now=NOW + 2 * DAY)
    happen(office, Event.REVIEW_REVERSED, numbers[2], now=NOW + 3 * DAY)
    seen = page["notices"] + client.walk(page["next"], "notices")
    assert {notice["number"] for notice in seen} == set(numbers)


def test_a_mark_of_a_hidden_notice_tells_nothing(office: Office, client: Client) -> None:
    enter(office, [order("32000000001"), restricted("32000000002")])
    for number in (FIRST, "32000000002", "32000000001"):
        happen(office, Event.LOST, number, issuer=XINJIANG, reason="lost")
    hidden, unused = (
        client.get("/notices", after=f"{NOW + DAY},lost,{XINJIANG},{number}").content
        for number in ("32000000002", "32000000009")
    )
    assert hidden == unused


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "]]><x>&amp;", "=1+1", '"><img src=x>'])
def test_a_name_that_attacks_page_or_feed_is_text_in_both(office: Office, client: Client, name: str) -> None:
    enter(office, [order("32000000001", name, agency=name, categories=(name,))])
    happen(office, Event.LOST, "32000000001", reason="lost")
    for markup in ("<script", "<img", "<x>"):
        assert markup not in client.page("/notices")
    (entry,) = entries(client)
    assert entry.findtext("atom:content", "", ATOM).count(name) == 3
    assert client.notices()[0]["name"] == name


def test_the_feed_has_what_rfc_4287_asks_for(office: Office, client: Client) -> None:
    happen(office, Event.LOST, FIRST, issuer=XINJIANG, reason="lost")
    happen(office, Event.WITHDRAWN, SECOND, now=NOW + 2 * DAY)
    reply = client.get("/notices.atom", limit=1)
    assert reply.headers["content-type"] == "application/atom+xml"
    feed = ET.fromstring(reply.content)
    links = {link.get("rel"): link.get("href") for link in feed.findall("atom:link", ATOM)}
    assert links["self"] == "/notices.atom"
    following: Any = links["next"]
    ids = [feed.findtext("atom:id", "", ATOM)]
    for part in (feed, ET.fromstring(client.get(following).content)):
        (entry,) = part.findall("atom:entry", ATOM)
        assert all(entry.find(f"atom:{name}", ATOM) is not None for name in ("title", "updated", "content"))
        assert entry.findtext("atom:author/atom:name", "", ATOM) == "新疆维吾尔自治区司法厅"
        ids.append(entry.findtext("atom:id", "", ATOM))
    assert len(set(ids)) == 3
    assert all(each.startswith("tag:v.example.gov.cn,") for each in ids)
