"""Who may do what over the API: what is refused does nothing, and all of it is in the trail."""

import pytest
from sqlalchemy import select

from tests.api.conftest import Api, wanted
from verifier.cli.office import seconds_now
from verifier.register import clients, tables
from verifier.register.audit import audit

CANCEL = "/certificates/05505230901/cancel"


def trail(api: Api) -> list[tuple[str | None, str, int]]:
    columns = tables.call.c
    with api.office.database.reading() as connection:
        query = select(columns.client, columns.action, columns.status).order_by(columns.id)
        return [tuple(row) for row in connection.execute(query)]


def verdict(api: Api, number: str = "05505230901", role: str = "im") -> str:
    content = api.get(role, f"/certificates/{number}").json()
    return str(content["verdict"])


def token(
    api: Api, *actions: str, authority: str = "150000", agency: str | None = None, days: int = 1
) -> str:
    now = seconds_now()
    with api.office.database.writing() as connection:
        client, made = clients.create(
            connection,
            name="test",
            authority=authority,
            agency=agency,
            actions=actions,
            expires=now + days * 86_400,
            now=now - 10,
        )
        if days == 0:
            connection.execute(
                tables.client.update().where(tables.client.c.id == client.id).values(expires=now - 1)
            )
    return made


def test_a_missing_or_unknown_token_does_nothing(api: Api) -> None:
    api.issue()
    for role in ("lz_unknown", "x" * 5_000, "bearer"):
        reply = api.post(role, CANCEL, {"reason": "retired"})
        assert (reply.status_code, reply.headers["www-authenticate"]) == (401, "Bearer")
    assert api.client.post(CANCEL, json={}).status_code == 401
    assert verdict(api) == "valid"
    assert trail(api)[1:5] == [(None, "POST /certificates/{number}/{event}", 401)] * 4


def test_an_expired_token_does_nothing(api: Api) -> None:
    api.issue()
    reply = api.post(token(api, "cancel", days=0), CANCEL, {"reason": "retired"})
    assert (reply.status_code, reply.json()["detail"]) == (401, "The token has expired.")
    assert verdict(api) == "valid"


def test_a_token_that_was_withdrawn_does_nothing_from_the_next_request_on(api: Api) -> None:
    api.issue()
    made = token(api, "suspend", "cancel", "read")
    assert api.get(made, "/certificates/05505230901").status_code == 200
    assert api.post(made, "/certificates/05505230901/suspend").status_code == 409
    with api.office.database.writing() as connection:
        client = clients.by_token(connection, made)
        assert client
        clients.withdraw(connection, client.id, seconds_now())
    assert api.post(made, CANCEL, {"reason": "retired"}).status_code == 401
    assert api.get(made, "/certificates/05505230901").status_code == 401
    assert verdict(api) == "valid"
    assert trail(api)[-3][0] == client.id


def test_a_token_does_what_it_is_for_and_nothing_else(api: Api) -> None:
    api.issue()
    made = token(api, "read")
    for path, body in ((CANCEL, {"reason": "retired"}), ("/certificates", wanted(number="05505230902"))):
        assert api.post(made, path, body).status_code == 403
    assert verdict(api) == "valid"
    assert api.get("im", "/certificates/05505230902").status_code == 404


@pytest.mark.parametrize("role", ["xj", "kashi", "naiman-farming", "xj-em"])
def test_another_authority_learns_nothing_and_does_nothing(api: Api, role: str) -> None:
    api.issue()
    unknown = api.get(role, "/certificates/05505230999")
    hidden = api.get(role, "/certificates/05505230901")
    assert (unknown.status_code, hidden.status_code) == (404, 404)
    assert unknown.json()["detail"].replace("999", "901") == hidden.json()["detail"]
    assert api.post(role, CANCEL, {"reason": "retired"}).status_code == 404
    assert verdict(api) == "valid"


def test_a_prefecture_cannot_issue_for_another_prefecture(api: Api) -> None:
    for issuer in (None, "652300"):
        reply = api.post("kashi", "/certificates", wanted("changji") | ({"issuer": issuer} if issuer else {}))
        assert reply.status_code in {403, 404}
    assert api.get("changji", "/certificates/05505230901").status_code == 404


def test_a_county_issues_supervision_certificates_and_no_others_in_xinjiang_xj_2022_art_21(
    api: Api,
) -> None:
    body = wanted("changji", agency="昌吉市司法局", categories=["行政执法监督"])
    refused = api.post("changji-city", "/certificates", body)
    assert (refused.status_code, refused.json()["rule"]) == (403, "XJ-2022 Art 4, 11")
    assert api.post("changji-city", "/certificates", body | {"kind": "supervision"}).status_code == 201


def test_only_the_region_issues_in_inner_mongolia_im_2023_art_7(api: Api) -> None:
    body = wanted("im", agency="通辽市司法局")
    refused = api.post("tongliao", "/certificates", body)
    assert (refused.status_code, refused.json()["rule"]) == (403, "IM-2023 Art 7")


def test_an_agency_lets_happen_what_the_article_gives_it(api: Api) -> None:
    api.issue()
    refused = api.post("naiman-agency", CANCEL, {"reason": "retired"})
    assert (refused.status_code, refused.json()["rule"]) == (403, "IM-2023 Art 22")
    assert api.post("naiman-agency", "/certificates/05505230901/lose", {"reason": "lost"}).status_code == 200


def test_particulars_are_for_those_who_may_see_them(api: Api) -> None:
    api.issue(id_number="990000197106030058", qualification="ZG2022000901")
    assert api.get("im", "/certificates/05505230901").json()["particulars"]["id_number"]
    reply = api.get(token(api, "read"), "/certificates/05505230901")
    assert "particulars" not in reply.json()
    assert "990000" not in reply.text


def test_a_refusal_never_repeats_a_private_value(api: Api) -> None:
    reply = api.post("im", "/certificates", wanted(id_number="990000197106030059"))
    assert reply.status_code == 422
    assert "990000" not in reply.text
    assert "check digit" in reply.text


def test_the_register_is_clean_after_all_of_it(api: Api) -> None:
    api.issue()
    api.post("naiman-agency", CANCEL, {"reason": "retired"})
    api.post("im", CANCEL, {"reason": "retired"})
    with api.office.database.reading() as connection:
        assert audit(connection, api.office.trust())["events"] == 2


def test_an_agency_ends_its_own_suspension_and_no_justice_department_s(api: Api) -> None:
    api.issue("changji", number="31000036001")
    for role, status in (("changji-agency", 200), ("changji-city", 403)):
        path = "/certificates/31000036001"
        assert api.post(role, f"{path}/suspend", {"reason": "lent"}).status_code == 200
        reply = api.post("changji-agency", f"{path}/reinstate")
        assert reply.status_code == status, reply.text
    assert reply.json()["rule"] == "XJ-2022 Art 18"
    assert api.post("changji-city", "/certificates/31000036001/reinstate").status_code == 200


def test_an_agency_proposes_no_ministry_s_certificate(api: Api) -> None:
    body = {"action": "issue"} | wanted(number="GY-1", kind="ministry", valid_until="2099-01-01")
    assert api.post("naiman-agency", "/proposals", {"items": [body]}).status_code == 409
