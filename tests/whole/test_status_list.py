"""The whole way of a status list: from a command or an agency's request to who checks without a network."""

import gzip
import os
import signal
import time
from pathlib import Path

import orjson
import pytest

from tests.running import LIANGZHENG, Server, environment, free_port, liangzheng, serving, succeed
from verifier.status.token_status_list import CWT_TYPE, JWT_TYPE

NUMBER = "31000099001"


def test_a_change_by_a_command_is_in_the_list_that_a_node_serves_and_a_verifier_elsewhere_sees_it(
    data_dir: Path, tmp_path: Path
) -> None:
    code = succeed(data_dir, "code", NUMBER, "--text").strip()
    elsewhere = {
        "LIANGZHENG_ROOT_KEY": str(data_dir / "root.pub.pem"),
        "LIANGZHENG_BASE_URL": code.rpartition("/")[0],
    }

    def check() -> str:
        url = f"http://127.0.0.1:{server.port}"
        done = liangzheng(
            tmp_path / "verifier", "check", code, "--json", "--trust", url, "--status-list", url, **elsewhere
        )
        return str(orjson.loads(done.stdout)["reason"])

    with serving(data_dir) as server:
        assert check() == "valid"
        for command, reason in (("suspend", "suspended"), ("reinstate", "valid"), ("lose", "void")):
            succeed(data_dir, command, NUMBER)
            assert check() == reason
    assert check() == "void"  # the service is gone: by what was kept


def test_a_list_is_served_in_both_forms_with_what_caches_and_browsers_need(server: Server) -> None:
    for accept, kind in (("*/*", CWT_TYPE), (CWT_TYPE, CWT_TYPE), (JWT_TYPE, JWT_TYPE)):
        reply = server.get("/status/0", accept)
        assert (reply.status, reply.headers["content-type"]) == (200, kind)
        assert reply.headers["cache-control"] == "public, max-age=60"
        assert reply.headers["access-control-allow-origin"] == "*"
        assert "content-encoding" not in reply.headers
        again = server.request(
            "GET", "/status/0", headers={"accept": accept, "if-none-match": reply.headers["etag"]}
        )
        assert (again.status, again.body) == (304, b"")


def test_only_the_jwt_is_compressed_on_its_way(server: Server) -> None:
    packed = server.request("GET", "/status/0", headers={"accept": JWT_TYPE, "accept-encoding": "gzip"})
    plain = server.get("/status/0", JWT_TYPE)
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert packed.headers["etag"] != plain.headers["etag"]
    cwt = server.request("GET", "/status/0", headers={"accept": CWT_TYPE, "accept-encoding": "gzip"})
    assert "content-encoding" not in cwt.headers


def test_the_aggregation_names_every_list(server: Server) -> None:
    reply = server.get("/status")
    assert reply.headers["content-type"] == "application/json"
    (uri,) = reply.json["status_lists"]
    assert uri.endswith("/status/0")


@pytest.mark.parametrize("path", ["/status/1", "/status/1023", "/status/9999"])
def test_a_list_that_there_is_not_is_not_found_and_not_all_valid(server: Server, path: str) -> None:
    assert server.get(path).status == 404
    assert server.get(path).headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/status/", "/status/x", "/status/00", "/status/-1", "/status/99999"])
def test_other_paths_are_no_lists(server: Server, path: str) -> None:
    assert server.get(path).json["verdict"] == "not_a_certificate"


def beside(port: int) -> Server:
    """Give the agencies' API beside a server, once it answers."""
    api = Server.__new__(Server)
    api.port = port
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if api.get("/health/live").status == 200:
                return api
        except OSError:
            time.sleep(0.05)  # it does not listen yet
    raise AssertionError("the agencies' API did not start")


def test_the_agencies_side_publishes_within_a_second_or_so_and_only_what_changed(data_dir: Path) -> None:
    port = free_port()
    command = [str(LIANGZHENG), "serve", "all", "--port", str(port)]
    with Server(command, environment(data_dir), port) as server:
        before = server.get("/status/0", CWT_TYPE)
        token = succeed(
            data_dir, "clients", "create", "平台", "--authority", "650000", "--action", "suspend"
        ).split()[-1]
        headers = {
            "authorization": f"Bearer {token}",
            "content-type": "application/json",
            "if-match": "*",
            "idempotency-key": "status-list-test",
        }
        reply = beside(port + 1).request(
            "POST", f"/certificates/{NUMBER}/suspend", orjson.dumps({"reason": "procedure"}), headers
        )
        assert reply.status == 200, reply.body
        deadline = time.monotonic() + 30
        while server.get("/status/0", CWT_TYPE).body == before.body:
            assert time.monotonic() < deadline
            time.sleep(0.05)  # looks again; how long it takes is measured elsewhere
        settled = server.get("/status/0", CWT_TYPE).headers["etag"]
        assert server.get("/status/0", CWT_TYPE).headers["etag"] == settled


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_no_process_is_left_behind_when_serve_all_ends(data_dir: Path, how: signal.Signals) -> None:
    port = free_port()
    with Server(
        [str(LIANGZHENG), "serve", "all", "--port", str(port)], environment(data_dir), port
    ) as server:
        api = beside(port + 1)
        os.kill(server.process.pid, how)
        server.process.wait(30)
        deadline = time.monotonic() + 30
        while True:
            try:
                api.get("/health/live")
            except OSError:
                return
            assert time.monotonic() < deadline, "the agencies' API goes on without its parent"
            time.sleep(0.05)  # looks again


def test_the_command_publishes_where_no_issuing_side_runs(data_dir: Path) -> None:
    assert succeed(data_dir, "status-lists") == "0 status lists published\n"
