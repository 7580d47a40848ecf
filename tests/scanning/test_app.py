"""The HTTP contract, on the real server: answers, bounds, headers, and whatever a stranger may send."""

import base64
import contextlib
import json
import socket
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from keys.roots import Roots
from keys.trust import TrustList
from tests.running import Reply, Server, serving, succeed
from verifier.register import authorities
from verifier.register.database import open_database

SHOWN = "31000099001"


@pytest.fixture(scope="session")
def digits(demo_dir: Path) -> str:
    return succeed(demo_dir, "code", SHOWN, "--text").strip().rsplit("/", 1)[1]


def test_the_answer_has_the_members_of_the_contract(server: Server, digits: str) -> None:
    reply = server.get(f"/{digits}")
    answer = reply.json
    assert list(answer) == [
        "verdict", "reason", "message", "certificate", "status", "presentation", "complaint", "checked_at",
    ]  # fmt: skip
    assert set(answer["message"]) == {"zh-CN", "en"}
    certificate = answer["certificate"]
    assert list(certificate) == [
        "number", "kind", "holder", "agency", "categories", "area", "powers", "valid_from", "valid_until",
        "issuer", "photo", "restricted",
    ]  # fmt: skip
    assert certificate["issuer"] == {"code": "650000", "name": "新疆维吾尔自治区司法厅"}
    assert certificate["valid_from"].endswith("+08:00")
    assert answer["complaint"]["body"] == "新疆维吾尔自治区机关事务管理局政策法规处"
    assert answer["presentation"] == {"kind": "printed"}
    assert answer["status"]["as_of"]


def test_where_an_agency_is_in_no_directory_its_issuer_takes_the_complaint(
    server: Server, demo_dir: Path
) -> None:
    text = succeed(demo_dir, "code", "05505230001", "--text").strip()
    answer = server.get("/" + text.rsplit("/", 1)[1]).json
    assert answer["complaint"]["body"] == "内蒙古自治区司法厅行政执法监督处"


def test_answers_are_kept_by_no_cache_and_open_to_no_frame(server: Server, digits: str) -> None:
    for accept in ("application/json", "text/html"):
        headers = server.get(f"/{digits}", accept=accept).headers
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["vary"] == "accept"
        assert "server" not in headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/json", "application/json"),
        ("application/json, */*;q=0.1", "application/json"),
        ("text/html,application/xhtml+xml,application/json;q=0.9", "text/html; charset=utf-8"),
        ("*/*", "text/html; charset=utf-8"),
        ("", "text/html; charset=utf-8"),
    ],
)
def test_a_page_unless_json_is_asked_for(server: Server, digits: str, accept: str, kind: str) -> None:
    assert server.get(f"/{digits}", accept=accept).headers["content-type"] == kind


def test_head_gives_the_headers_alone(server: Server, digits: str) -> None:
    reply = server.request("HEAD", f"/{digits}")
    assert (reply.status, reply.body) == (200, b"")
    assert int(reply.headers["content-length"]) > 5_000


def test_several_codes_are_answered_in_their_order(server: Server, digits: str) -> None:
    text = f"  http://127.0.0.1:8000/{digits} "
    reply = server.post(
        "/check", {"codes": [digits, "WIFI:S:office;;", text, f"https://evil.example/{digits}"]}
    )
    assert [answer["reason"] for answer in reply.json["answers"]] == [
        "valid",
        "not_our_text",
        "valid",
        "foreign_host",
    ]
    together = reply.json["together"]
    assert list(together) == ["all_valid", "against", "cannot_tell", "categories"]
    assert together["all_valid"] is False
    assert [(each["reason"], each["codes"]) for each in together["against"]] == [
        ("same_person", [0, 2]),
        ("not_valid", [1]),
        ("not_valid", [3]),
    ]
    assert reply.json["answers"][3]["certificate"] is None


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"null", b"[]", b'"x"', b"{}", b'{"codes": []}', b'{"codes": "1"}', b'{"codes": [1]}',
     b'{"codes": [null]}', b'{"codes": ["1"], "more": 1}', b'{"act": "seal"}',
     b'{"codes": ["1"], "act": "arrest"}', b'{"codes": ["1"], "act": 1}',
     b'{"codes": ["1"], "act": ["seal"]}',
     b'{"codes": ["\\ud800"]}', b"\xff\xfe",
     b"[" * 2_000, json.dumps({"codes": ["1"] * 11}).encode()],
)  # fmt: skip
def test_a_body_out_of_form_is_a_problem_document(server: Server, body: bytes) -> None:
    reply = server.post("/check", body)
    assert (reply.status, reply.headers["content-type"]) == (400, "application/problem+json")
    assert set(reply.json) == {"type", "title", "status", "detail"}


def test_bounds_are_held_one_below_and_one_above(server: Server) -> None:
    assert server.get("/" + "1" * 1_024).json["reason"] == "too_long"  # 1,024 digits make more than 424 bytes
    assert server.get("/" + "1" * 1_025).json["reason"] == "too_long"
    assert server.get("/" + "1" * 4_096).json["reason"] == "too_long"
    over = server.get("/" + "1" * 4_097)
    assert (over.status, over.headers["content-type"]) == (414, "application/problem+json")
    assert server.get("/" + "x" * 4_097).status == 414
    assert server.post("/check", {"codes": ["1"] * 10}).status == 200
    pad = 65_536 - len(b'{"codes":[""]}')
    assert server.post("/check", {"codes": ["1" * pad]}).json["answers"][0]["reason"] == "too_long"
    over = server.post("/check", {"codes": ["1" * (pad + 1)]})
    assert (over.status, over.headers["content-type"]) == (413, "application/problem+json")


def test_a_body_of_no_stated_length_is_bounded_too(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(b"POST /check HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
        chunk = b"1000\r\n" + b"1" * 0x1000 + b"\r\n"
        for _ in range(17):
            client.sendall(chunk)
        assert b" 413 " in client.recv(4_096).splitlines()[0]


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/123"), ("DELETE", "/check"), ("PUT", "/trust"), ("GET", "/check")]
)
def test_other_methods_are_refused_in_the_same_shape(server: Server, method: str, path: str) -> None:
    reply = server.request(method, path, headers={"accept": "application/json"})
    assert (reply.status, reply.headers["content-type"]) == (405, "application/problem+json")
    assert reply.headers["allow"]


@pytest.mark.parametrize(
    "path",
    ["/photos/0123456789abcdef01234567", "/photos/..%2f..%2froot.pub.pem", "/photos/0123456789ABCDEF01234567",
     "/photos/0123456789abcdef01234567.jpg", "/photos/", "/photos"],
)  # fmt: skip
def test_no_other_file_is_served_as_a_photo(server: Server, path: str) -> None:
    reply = server.get(path)
    assert reply.status == 404
    assert b"PUBLIC KEY" not in reply.body


def test_the_trust_list_is_served_as_it_was_signed(server: Server, demo_dir: Path) -> None:
    database = open_database(f"sqlite:///{demo_dir / 'register.sqlite'}")
    with database.reading() as connection:
        lists = authorities.newest_lists(connection)
    database.close()
    assert lists is not None
    served = server.get("/trust")
    assert served.headers["content-type"] == "application/cose"
    root = Roots.from_pem((demo_dir / "root.pub.pem").read_bytes())
    trust = TrustList.open(lists._replace(trust=served.body), root)
    readable = server.get("/trust.json").json
    assert readable["version"] == trust.version
    assert {key["kid"] for key in readable["keys"]} == {kid.hex() for kid in trust.keys}


def test_the_keys_are_published_for_verifiers_of_other_make(server: Server) -> None:
    keys = server.get("/.well-known/jwks.json").json["keys"]
    assert {key["purpose"] for key in keys} == {"certificate", "status"}
    for key in keys:
        x, y = (int.from_bytes(base64.urlsafe_b64decode(key[name] + "="), "big") for name in ("x", "y"))
        ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
        assert "d" not in key


def test_health_says_live_and_ready(server: Server) -> None:
    assert server.get("/health/live").json == {"live": True}
    ready = server.get("/health/ready").json
    assert (ready["ready"], ready["fault"]) == (True, None)
    assert set(ready) == {
        "ready",
        "fault",
        "warning",
        "trust",
    }  # nothing that tells how many certificates there are


def test_what_browsers_ask_for_by_themselves_is_no_scan(server: Server) -> None:
    assert server.get("/favicon.ico").status == 204
    assert b"Disallow: /" in server.get("/robots.txt").body


def test_when_the_register_is_gone_answers_become_unconfirmed_and_never_valid(
    data_dir: Path, digits: str
) -> None:
    withdrawn = succeed(data_dir, "code", "05505239901", "--text").strip().rsplit("/", 1)[1]
    with serving(data_dir, LIANGZHENG_MAX_STATUS_AGE="0.2") as server:
        assert server.get(f"/{digits}").json["verdict"] == "valid"
        # What a broken disk or a careless hand does: the file is no database any more.
        (data_dir / "register.sqlite").write_bytes(b"\0" * 100_000)
        for name in ("register.sqlite-wal", "register.sqlite-shm"):
            (data_dir / name).unlink(missing_ok=True)
        stale = _until(server, digits, "unconfirmed")
        assert stale.status == 503
        assert stale.headers["retry-after"]
        assert stale.json["certificate"]["number"] == SHOWN  # by its signature
        assert server.get(f"/{digits}", accept="text/html").status == 503
        assert server.get(f"/{withdrawn}").json["verdict"] == "revoked"  # what is void stays void
        assert server.get("/123").json["verdict"] == "not_a_certificate"
        ready = server.get("/health/ready")
        assert (ready.status, ready.json["ready"]) == (503, False)
        assert ready.json["fault"]


def _until(server: Server, digits: str, verdict: str) -> Reply:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        reply = server.get(f"/{digits}")
        if reply.json["verdict"] == verdict:
            return reply
        time.sleep(0.05)  # its knowledge ages
    raise AssertionError(f"never {verdict}")


@pytest.mark.parametrize("spelling", ["/%20{}", "/{}%20", "/http://127.0.0.1:8000/{}"])
def test_a_code_spelt_with_spaces_is_answered_as_the_same_code(
    server: Server, digits: str, spelling: str
) -> None:
    reply = server.get(spelling.format(digits))
    assert (reply.status, reply.json["verdict"], reply.json["certificate"]["number"]) == (200, "valid", SHOWN)
    assert b"/photos/" in server.get(spelling.format(digits), accept="text/html").body


def test_a_photo_that_was_exchanged_is_not_served(data_dir: Path, digits: str) -> None:
    with serving(data_dir) as server:
        shown = server.get(f"/{digits}").json["certificate"]["photo"]
        path = data_dir / "photos" / f"{shown.rsplit('/', 1)[1]}.jpg"
        assert server.get(shown).status == 200
        path.unlink()
        path.symlink_to(data_dir / "keys" / "passphrase")
        assert server.get(shown).status == 404


@pytest.mark.parametrize("endless", [b"a:b\r\n", b"a", b"a: " + b"b" * 50])
def test_an_endless_head_is_cut_off(server: Server, endless: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as client:
        client.sendall(b"GET /1 HTTP/1.1\r\n")
        with contextlib.suppress(ConnectionError):
            for _ in range(2_000):
                client.sendall(endless * (5_000 // len(endless)))
            raise AssertionError("10 MB of headers were taken")
    assert server.get("/health/live").status == 200


def test_a_long_head_within_the_bound_and_many_requests_on_one_connection_are_answered(
    server: Server,
) -> None:
    request = b"GET /health/live HTTP/1.1\r\nhost: x\r\npad: " + b"p" * 20_000 + b"\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as client:
        answered = b""
        client.sendall(request * 20)
        while answered.count(b'{"live":true}') < 20:
            part = client.recv(65_536)
            assert part, "closed too early"
            answered += part
