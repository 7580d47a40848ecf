"""Doing it once: idempotency keys, If-Match, concurrent and reordered requests."""

from concurrent.futures import ThreadPoolExecutor

from tests.api.conftest import Api, wanted

CANCEL = "/certificates/05505230901/cancel"
SUSPEND = "/certificates/31000036001/suspend"
REINSTATE = "/certificates/31000036001/reinstate"


def test_a_repeat_is_answered_as_the_first_time_and_done_once(api: Api) -> None:
    first = api.post("im", "/certificates", wanted(), key="one")
    again = api.post("im", "/certificates", wanted(), key="one")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert first.headers["etag"] == again.headers["etag"]
    assert api.post("im", "/certificates", wanted(), key="two").status_code == 409


def test_a_key_that_comes_with_another_request_is_refused(api: Api) -> None:
    api.issue()
    assert api.post("im", CANCEL, {"reason": "retired"}, key="one").status_code == 200
    for path, body in ((CANCEL, {"reason": "died"}), ("/certificates/05505230901/ask-review", {})):
        reply = api.post("im", path, body, key="one")
        assert (reply.status_code, "another request" in reply.json()["detail"]) == (422, True)


def test_a_key_is_the_client_s_own(api: Api) -> None:
    api.issue()
    assert api.post("im", CANCEL, {"reason": "retired"}, key="one").status_code == 200
    assert api.post("naiman-agency", CANCEL, {"reason": "retired"}, key="one").status_code == 403


def test_what_was_refused_may_be_tried_again_under_its_key(api: Api) -> None:
    assert api.post("im", CANCEL, {"reason": "retired"}, key="one").status_code == 404
    api.issue()
    assert api.post("im", CANCEL, {"reason": "retired"}, key="one").status_code == 200


def test_a_key_and_a_match_are_asked_for(api: Api) -> None:
    api.issue()
    headers = api.headers("im")
    assert api.client.post(CANCEL, json={}, headers=headers).status_code == 422
    assert api.post("im", CANCEL, {}, if_match=None).status_code == 428
    for bad in ('W/"1"', "1", '"x"', '"1", "2"'):
        assert api.post("im", CANCEL, {}, if_match=bad).status_code == 412


def test_who_does_not_know_what_happened_since_is_refused(api: Api) -> None:
    api.issue("xj", number="31000036001")
    known = api.get("xj", "/certificates/31000036001").headers["etag"]
    assert api.post("xj", SUSPEND, {"reason": "lent"}, if_match=known).status_code == 200
    late = api.post("xj", REINSTATE, {}, if_match=known)
    assert late.status_code == 412
    fresh = api.get("xj", "/certificates/31000036001").headers["etag"]
    assert api.post("xj", REINSTATE, {}, if_match=fresh).status_code == 200


def test_of_many_at_the_same_time_one_is_done(api: Api) -> None:
    api.issue("xj", number="31000036001")
    known = api.get("xj", "/certificates/31000036001").headers["etag"]
    with ThreadPoolExecutor(8) as threads:
        replies = list(
            threads.map(lambda _: api.post("xj", SUSPEND, {"reason": "lent"}, if_match=known), range(16))
        )
    statuses = sorted(reply.status_code for reply in replies)
    assert statuses == [200] + [412] * 15


def test_of_many_repeats_at_the_same_time_one_is_done_and_all_are_answered_alike(api: Api) -> None:
    with ThreadPoolExecutor(8) as threads:
        replies = list(threads.map(lambda _: api.post("im", "/certificates", wanted(), key="one"), range(16)))
    assert {reply.status_code for reply in replies} == {201}
    assert len({reply.content for reply in replies}) == 1
