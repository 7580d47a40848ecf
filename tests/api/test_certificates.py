"""What the API makes of certificates: restricted ones, kinds that exclude each other, photos, bulk, names."""

import io
import time
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from tests.api.conftest import Api, wanted
from verifier.cli.office import read_roots
from verifier.issuing.samples.portraits import draw
from verifier.register.audit import audit
from verifier.register.feed import DirectFeed
from verifier.scanning.check import Finding
from verifier.scanning.node import Node
from verifier.status.follower import Follower, Instant

PERSON = "990000197106030058"


async def scan(api: Api, text: str) -> Finding:
    follower = Follower(
        DirectFeed(api.office.database.path), roots=read_roots(api.office.settings), max_age=10.0
    )
    node = Node(follower, base_url=api.office.settings.address, capacity=0)
    finding, _ = node.scan(text, Instant(api.clock[0], time.monotonic()))
    follower.close()
    return finding


def read_png(api: Api, role: str, number: str) -> str:
    reply = api.get(role, f"/certificates/{number}/code.png")
    (found,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(reply.content)))
    return str(found.text)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.anyio
@pytest.mark.parametrize(
    "holder",
    [
        "阿依古丽·买买提",
        "ᠪᠠᠲᠤ ᠮᠥᠩᠬᠡ",
        "ئايگۈل مەمەت",
        "𠮷𬎆",
        "Ａнна",
        "王\u0301",
        "é́",
    ],
)
async def test_names_survive_the_whole_way_to_the_decoded_qr(api: Api, holder: str) -> None:
    api.issue(holder=holder)
    finding = await scan(api, read_png(api, "im", "05505230901"))
    assert finding.certificate
    assert finding.certificate.holder == holder


def test_a_name_that_is_not_in_its_normal_form_is_refused(api: Api) -> None:
    reply = api.post("im", "/certificates", wanted(holder="e\u0301a"))
    assert (reply.status_code, "normal form" in reply.json()["detail"]) == (409, True)


@pytest.mark.anyio
async def test_a_restricted_certificate_states_nothing_and_the_register_keeps_it_im_2023_art_9(
    api: Api,
) -> None:
    content = api.issue(restricted=True, id_number=PERSON)
    assert (content["holder"], content["agency"], content["categories"]) == (None, None, [])
    finding = await scan(api, read_png(api, "im", "05505230901"))
    assert finding.certificate
    assert (finding.certificate.holder, finding.verdict.value) == (None, "valid")
    kept = api.get("im", "/certificates/05505230901").json()["particulars"]
    assert (kept["sealed"]["holder"], kept["id_number"]) == ("于丽", PERSON)


@pytest.mark.anyio
async def test_switching_to_restricted_replaces_the_code_and_conceals_the_photo_im_2023_art_9(
    api: Api,
) -> None:
    photo = upload(api, "im", draw("1"))
    api.issue(photo=photo)
    assert api.office.photos.read(bytes.fromhex(photo)) is not None
    old = read_png(api, "im", "05505230901")
    body = {"reason": "restricted", "restricted": True}
    reply = api.post("im", "/certificates/05505230901/replace", body)
    assert (reply.status_code, reply.json()["holder"], reply.json()["photo"]) == (201, None, None)
    new = read_png(api, "im", "05505230901")
    assert new != old
    assert (await scan(api, old)).reason.value == "replaced"
    finding = await scan(api, new)
    assert finding.certificate
    assert (finding.reason.value, finding.certificate.restricted) == ("valid", True)
    assert api.office.photos.read(bytes.fromhex(photo)) is None
    back = api.post("im", "/certificates/05505230901/replace", {"reason": "facts", "restricted": False})
    assert back.json()["holder"] == "于丽"


def upload(api: Api, role: str, photo: bytes, key: str = "photo") -> str:
    headers = {"idempotency-key": key, "content-type": "image/png"} | api.headers(role)
    reply = api.client.post("/photos", content=photo, headers=headers)
    assert reply.status_code == 201, reply.text
    return str(reply.json()["photo"])


def test_a_photo_is_kept_bound_and_refused_where_it_is_none(api: Api) -> None:
    photo = upload(api, "im", draw("1"))
    assert api.issue(photo=photo)["photo"] == photo
    unknown = api.post("im", "/certificates", wanted(number="05505230902", photo="0" * 24))
    assert (unknown.status_code, "no photo" in unknown.json()["detail"]) == (409, True)
    headers = {"idempotency-key": "bad", "content-type": "image/png"} | api.headers("im")
    assert api.client.post("/photos", content=b"GIF89a", headers=headers).status_code == 422
    too_large = api.client.post("/photos", content=b"\xff" * ((8 << 20) + 1), headers=headers)
    assert too_large.status_code == 413


@pytest.mark.parametrize(
    ("first", "second"), [("enforcement", "supervision"), ("supervision", "enforcement")]
)
def test_nobody_holds_both_kinds_at_once_im_2023_art_11(api: Api, first: str, second: str) -> None:
    api.issue(kind=first, id_number=PERSON)
    body = wanted(number="05505230902", kind=second, id_number=PERSON)
    refused = api.post("im", "/certificates", body)
    assert (refused.status_code, refused.json()["rule"]) == (409, "IM-2023 Art 11")
    assert PERSON not in refused.text
    assert api.post("im", "/certificates/05505230901/cancel", {"reason": "left"}).status_code == 200
    assert api.post("im", "/certificates", body).status_code == 201


def test_a_review_does_not_restore_what_is_excluded_by_now_im_2023_art_11(api: Api) -> None:
    api.issue(id_number=PERSON)
    api.post("im", "/certificates/05505230901/cancel", {"reason": "left"})
    api.issue(number="05505230902", kind="supervision", id_number=PERSON)
    assert api.post("im", "/certificates/05505230901/ask-review").status_code == 200
    refused = api.post("im", "/certificates/05505230901/reverse")
    assert (refused.status_code, refused.json()["rule"]) == (409, "IM-2023 Art 11")


def test_kinds_do_not_exclude_each_other_in_xinjiang(api: Api) -> None:
    for number, kind in (("31000036001", "enforcement"), ("31000036002", "supervision")):
        api.issue("xj", number=number, kind=kind, id_number=PERSON)


def test_both_kinds_in_one_table_are_refused_together(api: Api) -> None:
    items = [
        wanted(number="05505230902", kind="supervision", id_number=PERSON),
        wanted(number="05505230903", id_number=PERSON),
    ]
    reply = api.post("im", "/bulk/certificates", {"items": items})
    assert (reply.status_code, reply.json()["results"][1]["rule"]) == (409, "IM-2023 Art 11")
    assert api.get("im", "/certificates/05505230902").status_code == 404


def bulk(api: Api, **options: Any) -> Any:
    for number in ("05505230901", "05505230902"):
        api.issue(number=number)
    items = [
        {"number": "05505230901", "event": "cancel", "reason": "retired"},
        {"number": "05505230902", "event": "withdraw", "reason": "retired"},
    ]
    return api.post("im", "/bulk/events", {"items": items} | options)


def test_one_refusal_refuses_all_unless_each_is_by_itself(api: Api) -> None:
    reply = bulk(api)
    assert (reply.status_code, reply.json()["done"], reply.json()["refused"]) == (409, 0, 1)
    assert [result["status"] for result in reply.json()["results"]] == [200, 409]
    assert api.get("im", "/certificates/05505230901").json()["verdict"] == "valid"
    with api.office.database.reading() as connection:
        assert audit(connection, api.office.trust())["events"] == 2


def test_what_is_not_refused_is_done_if_asked_for(api: Api) -> None:
    reply = bulk(api, mode="each")
    assert (reply.status_code, reply.json()["done"], reply.json()["refused"]) == (200, 1, 1)
    assert api.get("im", "/certificates/05505230901").json()["verdict"] == "revoked"
    with api.office.database.reading() as connection:
        assert audit(connection, api.office.trust())["events"] == 3


def test_a_dry_run_says_what_would_be_done_and_does_nothing(api: Api) -> None:
    reply = bulk(api, mode="each", dry_run=True)
    assert (reply.status_code, reply.json()["done"]) == (200, 1)
    assert api.get("im", "/certificates/05505230901").json()["verdict"] == "valid"
    with api.office.database.reading() as connection:
        assert audit(connection, api.office.trust())["events"] == 2


def test_an_event_of_many_may_say_what_it_knows(api: Api) -> None:
    api.issue()
    item = {"number": "05505230901", "event": "lose", "reason": "lost"}
    stale = api.post("im", "/bulk/events", {"items": [item | {"if_event": 77}]})
    assert stale.json()["results"][0]["status"] == 412
    assert api.post("im", "/bulk/events", {"items": [item | {"if_event": 1}]}).status_code == 200


def test_a_thousand_items_are_taken_and_one_more_is_not(api: Api) -> None:
    items = [wanted(number=f"{70_000_000_000 + each}") for each in range(1_001)]
    assert api.post("im", "/bulk/certificates", {"items": items}).status_code == 422
    assert api.post("im", "/bulk/certificates", {"items": items[:1_000]}).json()["done"] == 1_000


def test_a_ministry_s_certificate_is_filed_as_it_is(api: Api) -> None:
    body = wanted(number="GY-0815", kind="ministry")
    assert api.post("im", "/certificates", body).status_code == 409
    filed = api.post("im", "/certificates", body | {"valid_until": "2099-01-01"})
    assert (filed.status_code, filed.json()["valid_until"][:10]) == (201, "2099-01-01")
    own = api.post("im", "/certificates", wanted(valid_until="2099-01-01"))
    assert own.status_code == 409


@pytest.mark.parametrize("text", ["\ud800", "于\u0000丽", "于\n丽", " 于丽", "", "丽" * 121])
def test_a_text_that_no_certificate_may_state_is_refused(api: Api, text: str) -> None:
    body = str(wanted(holder="@")).replace("'", '"').replace('"@"', ascii_json(text))
    headers = {"idempotency-key": "k", "content-type": "application/json"} | api.headers("im")
    reply = api.client.post("/certificates", content=body.encode(), headers=headers)
    assert reply.status_code in {409, 422}, reply.text


def ascii_json(text: str) -> str:
    escaped = "".join(f"\\u{ord(each):04x}" for each in text)
    return f'"{escaped}"'


def test_the_card_and_the_electronic_certificate_are_given_while_it_holds(api: Api) -> None:
    photo = upload(api, "im", draw("1"))
    api.issue(photo=photo)
    card = api.get("im", "/certificates/05505230901/card.pdf")
    page = api.get("naiman-agency", "/certificates/05505230901/page")
    assert card.content.startswith(b"%PDF")
    assert "于丽" in page.text
    assert api.get("xj", "/certificates/05505230901/card.pdf").status_code == 404
    api.post("im", "/certificates/05505230901/cancel", {"reason": "left"})
    refused = api.get("im", "/certificates/05505230901/card.pdf")
    assert (refused.status_code, "cancelled" in refused.json()["detail"]) == (409, True)
