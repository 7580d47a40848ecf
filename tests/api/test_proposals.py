"""What agencies propose, reviewed level by level, and what comes of it."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.conftest import Api, wanted
from verifier.certificate.dates import day_of, parse_instant
from verifier.certificate.working_days import add_working_days
from verifier.issuing.samples.portraits import draw
from verifier.register import clients
from verifier.register.audit import audit

PATH = ("naiman", "tongliao", "im")
"""The reviews of what an agency of Naiman asks for (IM-2023 Art 12, 13)."""


def propose(api: Api, role: str = "naiman-agency", issuer: str = "im", **changes: Any) -> dict[str, Any]:
    reply = api.post(role, "/proposals", {"items": [{"action": "issue"} | wanted(issuer, **changes)]})
    assert reply.status_code == 201, reply.text
    (made,) = reply.json()
    return dict(made)


def decide(api: Api, role: str, proposal: int, decision: str = "approve", why: str | None = None) -> Any:
    return api.post(role, f"/proposals/{proposal}/{decision}", {"why": why} if why else {})


def test_the_levels_review_in_their_order_and_the_issuer_decides_im_2023_art_12_and_13(api: Api) -> None:
    made = propose(api)
    assert [step["authority"] for step in made["steps"]] == ["150525", "150500", "150000"]
    assert (made["due"], made["next"]) == (None, "150525")
    for role in PATH:
        assert api.get("im", "/certificates/05505230901").status_code == 404
        reply = decide(api, role, made["id"])
        assert reply.status_code == 200, reply.text
    assert (reply.json()["state"], reply.json()["next"]) == ("issued", None)
    assert api.get("naiman-agency", "/certificates/05505230901").json()["verdict"] == "valid"


def test_a_prefecture_decides_within_twenty_working_days_xj_2022_art_11_and_12(api: Api) -> None:
    made = propose(api, "changji-agency", "changji")
    assert [step["authority"] for step in made["steps"]] == ["652301", "652300"]
    assert made["due"] is not None
    assert (made["steps"][0]["rule"], made["next"]) == ("XJ-2022 Art 11", "652301")


def test_the_region_s_own_agency_is_decided_by_the_region_alone(api: Api) -> None:
    made = propose(api, "xj-ggj", "xj")
    assert [step["authority"] for step in made["steps"]] == ["650000"]
    assert decide(api, "xj", made["id"]).json()["state"] == "issued"


def test_a_refusal_says_why_and_names_the_rule(api: Api) -> None:
    made = propose(api)
    silent = decide(api, "naiman", made["id"], "refuse")
    assert (silent.status_code, silent.json()["rule"]) == (409, "IM-2023 Art 12, 13")
    refused = decide(api, "naiman", made["id"], "refuse", "未取得资格").json()
    assert (refused["state"], refused["steps"][0]["why"]) == ("refused", "未取得资格")
    assert refused["steps"][0]["rule"] == "IM-2023 Art 12, 13"
    late = decide(api, "tongliao", made["id"])
    assert (late.status_code, late.json()["rule"]) == (409, "IM-2023 Art 12, 13")


@pytest.mark.parametrize("role", ["tongliao", "im"])
def test_a_level_that_is_not_next_decides_nothing(api: Api, role: str) -> None:
    made = propose(api)
    reply = decide(api, role, made["id"])
    assert (reply.status_code, reply.json()["rule"]) == (403, "IM-2023 Art 12, 13")


def test_a_step_is_approved_once(api: Api) -> None:
    made = propose(api)
    assert decide(api, "naiman", made["id"]).status_code == 200
    assert decide(api, "naiman", made["id"]).status_code == 403


@pytest.mark.parametrize("role", ["changji", "kashi", "xj", "naiman-farming", "changji-agency"])
def test_whoever_is_not_concerned_learns_nothing(api: Api, role: str) -> None:
    made = propose(api)
    assert decide(api, role, made["id"]).status_code == 404
    assert api.get(role, f"/proposals/{made['id']}").status_code == 404
    assert api.get(role, "/proposals").json() == []


def test_an_agency_cannot_decide_its_own_proposal(api: Api) -> None:
    made = propose(api)
    assert decide(api, "naiman-agency", made["id"]).status_code == 403


def test_an_agency_cannot_propose_for_another(api: Api) -> None:
    reply = api.post("naiman-farming", "/proposals", {"items": [{"action": "issue"} | wanted()]})
    assert (reply.status_code, reply.json()["rule"]) == (403, "IM-2023 Art 12, 13")
    api.issue()
    body = {"items": [{"action": "replace", "of": "05505230901", "reason": "damage"}]}
    assert api.post("naiman-farming", "/proposals", body).status_code == 404


def test_what_could_not_be_issued_is_refused_at_once_and_nothing_of_the_table_is_entered(api: Api) -> None:
    api.issue()
    for bad in (
        wanted(),
        wanted(number="0550523090"),
        wanted(number="05505230902", holder="=HYPERLINK()" * 12),
        wanted(number="05505230902", holder=" 于丽"),
    ):
        items = [{"action": "issue"} | wanted(number="05505230950"), {"action": "issue"} | bad]
        assert api.post("naiman-agency", "/proposals", {"items": items}).status_code in {409, 422}
    assert api.get("naiman-agency", "/proposals").json() == []
    with api.office.database.reading() as connection:
        assert audit(connection, api.office.trust())["events"] == 1


def test_a_number_is_proposed_once(api: Api) -> None:
    propose(api)
    reply = api.post("naiman-agency", "/proposals", {"items": [{"action": "issue"} | wanted()]})
    assert reply.status_code == 409


def test_a_proposal_is_taken_back_by_its_agency_alone_and_then_decided_by_nobody(api: Api) -> None:
    made = propose(api)
    assert decide(api, "im", made["id"], "withdraw").status_code == 403
    assert decide(api, "naiman-agency", made["id"], "withdraw").json()["state"] == "withdrawn"
    assert decide(api, "naiman", made["id"]).status_code == 409


def test_a_replacement_is_proposed_and_comes_with_the_last_approval_im_2023_art_18(api: Api) -> None:
    api.issue(id_number="990000197106030058")
    body = {"items": [{"action": "replace", "of": "05505230901", "reason": "facts", "area": "通辽市"}]}
    (made,) = api.post("naiman-agency", "/proposals", body).json()
    for role in PATH:
        reply = decide(api, role, made["id"])
    assert reply.json()["state"] == "issued"
    found = api.get("im", "/certificates/05505230901").json()
    assert (found["area"], found["holder"]) == ("通辽市", "于丽")
    assert found["particulars"]["id_number"] == "990000197106030058"


def test_a_refusal_may_rest_on_another_article_of_the_jurisdiction(api: Api) -> None:
    made = propose(api)
    body = {"why": "已持行政执法监督证", "rule": "XJ-2022 Art 17"}
    assert api.post("naiman", f"/proposals/{made['id']}/refuse", body).status_code == 409
    reply = api.post("naiman", f"/proposals/{made['id']}/refuse", body | {"rule": "IM-2023 Art 11"})
    assert (reply.status_code, reply.json()["steps"][0]["rule"]) == (200, "IM-2023 Art 11")


def test_the_words_of_a_decision_may_have_400_characters_and_not_one_more(api: Api) -> None:
    made = propose(api)
    assert decide(api, "naiman", made["id"], why="由" * 401).status_code == 422
    assert decide(api, "naiman", made["id"], why="由" * 400).status_code == 200


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"issuer": "650000"}, 403),
        ({"valid_from": "2030-01-01"}, 422),
        ({"valid_until": "2090-01-01"}, 409),
    ],
)
def test_attack_a_proposal_chooses_its_issuer_or_its_validity(
    api: Api, changes: dict[str, str], status: int
) -> None:
    items = [{"action": "issue"} | wanted() | changes]
    assert api.post("naiman-agency", "/proposals", {"items": items}).status_code == status
    assert api.get("naiman-agency", "/proposals").json() == []


def test_an_approval_that_makes_a_certificate_restricted_conceals_its_photo_im_2023_art_9(api: Api) -> None:
    headers = api.headers("im") | {"idempotency-key": "photo", "content-type": "image/jpeg"}
    photo = api.client.post("/photos", content=draw("1"), headers=headers).json()["photo"]
    api.issue(photo=photo)
    secret = {"reason": "restricted", "restricted": True, "area": "某处"}
    items = [{"action": "replace", "of": "05505230901"} | secret]
    (made,) = api.post("naiman-agency", "/proposals", {"items": items}).json()
    for role in PATH:
        assert api.office.photos.read(bytes.fromhex(photo)) is not None
        reply = decide(api, role, made["id"])
    assert reply.json()["state"] == "issued"
    assert api.office.photos.read(bytes.fromhex(photo)) is None
    assert api.get("im", "/certificates/05505230901").json()["area"] is None


def test_a_token_without_the_scope_sees_of_a_restricted_proposal_what_a_scan_shows(api: Api) -> None:
    with api.office.database.writing() as connection:
        _, api.tokens["naiman-desk"] = clients.create(
            connection,
            name="desk",
            authority="150525",
            agency=None,
            actions=["decide"],
            expires=int(api.clock[0]) + 86_400,
            now=int(api.clock[0]),
        )
    api.issue()
    secret = {"action": "replace", "of": "05505230901", "reason": "restricted", "restricted": True}
    items = [
        {"action": "issue", "restricted": True}
        | wanted(number="05505230902", id_number="990000197106030058"),
        secret | {"area": "某处", "holder": "王五"},
    ]
    for made in api.post("naiman-agency", "/proposals", {"items": items}).json():
        seen = api.get("naiman-desk", f"/proposals/{made['id']}")
        assert (seen.status_code, seen.json()["wish"]["restricted"]) == (200, True)
        assert set(seen.json()["wish"]) <= {"number", "kind", "reason", "restricted"}
        full = api.get("naiman", f"/proposals/{made['id']}").text
        assert "某处" in full or "于丽" in full


def test_particulars_of_a_proposal_are_for_those_who_may_see_them(api: Api) -> None:
    made = propose(api, id_number="990000197106030058")
    assert made["wish"]["id_number"] == "990000197106030058"
    assert api.get("naiman", f"/proposals/{made['id']}").json()["wish"]["id_number"]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(st.sampled_from([*PATH, "naiman-agency"]), st.booleans()), max_size=8))
def test_a_certificate_comes_of_just_the_approvals_of_the_path_in_order(
    api: Api, decisions: list[tuple[str, bool]]
) -> None:
    number = f"77{next(api.keys):09}"
    made = propose(api, number=number)
    expected, step = "open", 0
    for role, approves in decisions:
        reply = decide(api, role, made["id"], "approve" if approves else "refuse", "理由")
        if expected == "open" and role == PATH[step]:
            assert reply.status_code == 200
            step += 1
            expected = ("issued" if step == len(PATH) else "open") if approves else "refused"
        else:
            assert reply.status_code in {403, 409}
    assert api.get("im", f"/proposals/{made['id']}").json()["state"] == expected
    exists = api.get("im", f"/certificates/{number}").status_code == 200
    assert exists == (expected == "issued")


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("2026-09-21", 1, "2026-09-23"),
        ("2026-09-18", 20, "2026-10-23"),
        ("2026-09-30", 1, "2026-10-09"),
        ("2040-03-02", 5, "2040-03-10"),
    ],
)
def test_working_days_are_those_that_the_state_council_announces(start: str, days: int, end: str) -> None:
    assert str(day_of(add_working_days(parse_instant(start), days))) == end
