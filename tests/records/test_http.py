"""The HTTP contract of the records: bounds, headers, refusals, and that nothing can be written."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import DatabaseError

from tests.records.client import XINJIANG, Client
from tests.running import LIANGZHENG, Server, environment, free_port, succeed
from verifier.cli.office import Office
from verifier.records import requests
from verifier.records.requests import BOUNDS, RequestError
from verifier.register.database import open_reading

ROUTES = [
    "/officers",
    "/notices",
    "/notices.atom",
    "/look-up",
    "/openapi.json",
    "/health/live",
    "/health/ready",
]


@pytest.fixture(scope="module")
def every_side(demo_dir: Path) -> Iterator[Server]:
    """All sides on one port. Not to be changed by a test."""
    port = free_port()
    command = [str(LIANGZHENG), "serve", "all", "--port", str(port)]
    with Server(command, environment(demo_dir), port) as server:
        yield server


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE certificate SET state = 1",
        "DELETE FROM event",
        "CREATE TABLE foreign_one (x)",
        "PRAGMA user_version = 7",
    ],
)
def test_nothing_can_be_written_through_the_apps_register(office: Office, statement: str) -> None:
    before = office.database.path.read_bytes()
    database = open_reading(office.settings.register_url)
    with database.reading() as connection:
        connection.exec_driver_sql("PRAGMA query_only=OFF")  # even where one of the two locks is opened
        with pytest.raises(DatabaseError, match="readonly"):
            connection.exec_driver_sql(statement)
    with database.writing() as connection, pytest.raises(DatabaseError, match="readonly"):
        connection.exec_driver_sql(statement)
    database.close()
    assert office.database.path.read_bytes() == before


def test_the_second_lock_holds_where_the_file_could_be_written(office: Office) -> None:
    database = open_reading(office.settings.register_url)
    with database.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA query_only").scalar() == 1
    database.close()


def test_a_register_put_back_from_a_copy_is_read_there(office: Office, tmp_path: Path) -> None:
    database = open_reading(office.settings.register_url)
    with database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM certificate").scalar() == 5
    copy = tmp_path / "copy.sqlite"
    with sqlite3.connect(office.database.path) as source, sqlite3.connect(copy) as target:
        source.backup(target)
        target.execute("DELETE FROM certificate WHERE id = 5")
    source.close()
    target.close()
    copy.rename(office.database.path)
    for pool_record in database._engine.pool._pool.queue:  # type: ignore[attr-defined]  # what is pooled, made a second older
        pool_record.starttime -= 2
    with database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM certificate").scalar() == 4
    database.close()


@pytest.mark.parametrize("path", ["/officers", "/notices", "/look-up"])
def test_pages_run_no_script_and_load_nothing(client: Client, path: str) -> None:
    reply = client.get(path, "text/html")
    policy = reply.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert reply.headers["referrer-policy"] == "no-referrer"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert '<html lang="zh-CN">' in reply.text
    assert "<script" not in reply.text
    assert "style=" not in reply.text


def test_what_is_public_is_kept_for_a_minute_and_a_look_up_not_at_all(client: Client) -> None:
    for path in ("/officers", "/notices", "/notices.atom"):
        reply = client.get(path)
        assert reply.headers["cache-control"] == "public, max-age=60"
        assert reply.headers["vary"] == "accept"
        again = client.request(
            "GET", path, headers={"accept": "application/json", "if-none-match": reply.headers["etag"]}
        )
        assert (again.status_code, again.content) == (304, b"")
    assert client.look_up("31000000001", "马晓东").headers["cache-control"] == "no-store"
    assert client.get("/officers", limit=0).headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ROUTES)
def test_head_is_answered_and_other_methods_are_not(client: Client, path: str) -> None:
    assert client.request("HEAD", path).status_code == 200
    for method in ("PUT", "DELETE", "PATCH"):
        reply = client.request(method, path)
        assert (reply.status_code, reply.headers["content-type"]) == (405, "application/problem+json")
        assert "GET" in reply.headers["allow"]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=101", "limit=-1", "limit=1e1", "limit=1&limit=1", "limit=١", "agency=x",
        "officer=x",
        "issuer=650000&agency=" + "x" * 121, "issuer=650000&officer=" + "x" * 121, "find=" + "x" * 121,
        "issuer=%FF", "issuer=" + "6" * 19, "issuer=65'", "find=%00", "find=a%E2%80%AEb", "after=,",
        "after=1,%00",
        "after=" + "1" * 33, "x=1&" * 21, "x" * 4_097,
    ],
)  # fmt: skip
def test_a_query_out_of_form_or_over_a_bound_is_refused(client: Client, query: str) -> None:
    reply = client.get(f"/officers?{query}")
    assert (reply.status_code, reply.headers["content-type"]) == (400, "application/problem+json")
    assert set(reply.json()) == {"type", "title", "status", "detail"}
    assert "无法完成" in client.page(f"/officers?{query}")


def test_bounds_are_held_just_below(client: Client) -> None:
    longest = "x" * BOUNDS.text_characters
    reply = client.get("/officers", issuer=XINJIANG, agency=longest, officer=longest, limit=BOUNDS.page)
    assert reply.json()["officers"] == []
    assert client.get("/officers?" + "x" * BOUNDS.query_bytes).status_code == 200


@pytest.mark.parametrize(
    "after",
    ["1", "1,lost,650000", "x,lost,650000,1", "1,LOST,650000,1", "1,lost,650000,1,1", "1" * 13 + ",lost,6,1"],
)
def test_a_mark_out_of_form_is_refused(client: Client, after: str) -> None:
    assert client.get("/notices", after=after).status_code == 400


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'{"number": 1, "name": "x"}', "application/json", 400),
        (b'{"number": "1", "name": "\\ud800"}', "application/json", 400),
        (b"number=1", "application/x-www-form-urlencoded", 400),
        (b"number=1&name=%FF", "application/x-www-form-urlencoded", 400),
        (b"number=1&name=x&name=y", "application/x-www-form-urlencoded", 400),
        (b"number=%E2%91%A0&name=x", "application/x-www-form-urlencoded", 400),
        (b"number=1&name=" + b"x" * 121, "application/x-www-form-urlencoded", 400),
        (b"x" * 4_097, "application/json", 413),
        (b"number=1&name=x", "text/plain", 415),
        (b"number=1&name=x", "", 415),
        (b"--x--", "multipart/form-data; boundary=x", 415),
    ],
)
def test_a_look_up_out_of_form_or_over_a_bound_is_refused(
    client: Client, body: bytes, kind: str, status: int
) -> None:
    reply = client.request("POST", "/look-up", content=body, headers={"content-type": kind} if kind else {})
    assert (reply.status_code, reply.headers["content-type"]) == (status, "application/problem+json")


def test_an_unknown_issuer_is_not_found_and_further_parameters_are_passed_over(client: Client) -> None:
    assert client.get("/officers", issuer="999999").status_code == 404
    assert client.get("/officers?from=singlemessage").status_code == 200


def test_a_register_that_is_gone_is_no_empty_list(office: Office, client: Client, tmp_path: Path) -> None:
    office.database.close()
    office.database.path.rename(tmp_path / "away.sqlite")
    for path in ("/officers", "/notices", "/notices.atom"):
        reply = client.get(path)
        assert (reply.status_code, reply.headers["retry-after"]) == (503, "2")
        assert "sqlite" not in reply.text
    assert client.look_up("31000000001", "马晓东").status_code == 503
    assert client.get("/health/ready").status_code == 503
    assert client.get("/health/live").status_code == 200


@given(
    query=st.binary(max_size=200) | st.text(max_size=60).map(lambda text: f"officer={text}&issuer=1".encode())
)
def test_any_query_is_read_or_refused(query: bytes) -> None:
    for read in (requests.officers_query, requests.notices_query):
        try:
            asked = read(query)
        except RequestError:
            continue
        assert 1 <= asked.size <= BOUNDS.page


@given(
    body=st.binary(max_size=200),
    kind=st.sampled_from(["application/json", "application/x-www-form-urlencoded"]),
)
def test_any_body_is_read_or_refused(body: bytes, kind: str) -> None:
    try:
        number, name = requests.look_up_query(body, kind)
    except RequestError:
        return
    assert 0 < len(number) <= BOUNDS.number_characters
    assert 0 < len(name) <= BOUNDS.text_characters


def test_all_sides_are_answered_on_one_port_and_scans_as_ever(every_side: Server, demo_dir: Path) -> None:
    for path in ("/officers", "/notices", "/look-up"):
        assert every_side.get(path, "text/html").status == 200
    assert every_side.get("/notices.atom").headers["content-type"] == "application/atom+xml"
    digits = succeed(demo_dir, "code", "31000099001", "--text").strip().rsplit("/", 1)[1]
    assert every_side.get(f"/{digits}").json["verdict"] == "valid"
    assert every_side.get("/trust.json").status == 200
    assert every_side.get("/officers/").json["verdict"] == "not_a_certificate"
    reply = every_side.request(
        "POST", "/look-up", b'{"number": "31000099001", "name": "x"}', {"content-type": "application/json"}
    )
    assert reply.status == 200
    assert every_side.request("DELETE", "/officers").status == 405


def test_the_records_alone_are_served_by_the_command(demo_dir: Path) -> None:
    port = free_port()
    command = [str(LIANGZHENG), "serve", "records", "--port", str(port)]
    with Server(command, environment(demo_dir), port) as server:
        assert server.get("/officers").json["agencies"]
        assert server.get("/trust.json").status == 404
        assert server.get("/robots.txt").status == 200
        assert server.request("HEAD", "/officers").body == b""
    assert server.errors.count("\n") == 1  # what it said at its start
