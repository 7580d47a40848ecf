"""`liangzheng demo`: sets everything up, goes on with the same data, and recovers from a crash."""

import socket
from pathlib import Path

from tests.running import LIANGZHENG, Server, environment, free_port, liangzheng, succeed


def test_a_second_start_goes_on_with_the_same_data(data_dir: Path) -> None:
    before = succeed(data_dir, "code", "31000099001", "--text"), succeed(data_dir, "audit")
    succeed(data_dir, "lose", "31000099002")
    succeed(data_dir, "demo", "--no-serve")
    assert succeed(data_dir, "code", "31000099001", "--text") == before[0]
    assert "lost" in succeed(data_dir, "show", "31000099002")
    assert int(succeed(data_dir, "audit").split()[1]) == int(before[1].split()[1]) + 1


def test_the_demo_prints_a_code_and_serves_it(data_dir: Path) -> None:
    port = free_port()
    with Server([str(LIANGZHENG), "demo", "--port", str(port)], environment(data_dir), port) as server:
        text = succeed(data_dir, "code", "31000099001", "--text").strip()
        assert text.startswith(f"HTTP://127.0.0.1:{port}/")
        assert server.get("/" + text.rsplit("/", 1)[1]).json["verdict"] == "valid"
        assert server.post("/check", {"codes": [text]}).json["answers"][0]["verdict"] == "valid"


def test_a_port_in_use_is_said_before_anything_is_made(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = liangzheng(tmp_path / "data", "demo", "--port", str(port))
    assert (done.returncode, done.stderr) == (
        1,
        f"liangzheng: port {port} is in use; choose another with --port\n",
    )
    assert not (tmp_path / "data").exists()


def test_a_demo_that_was_cut_off_after_making_keys_is_completed(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    succeed(data_dir, "keys", "create", "root")
    (data_dir / "root.pub.pem").unlink()
    succeed(data_dir, "keys", "create", "status")
    succeed(data_dir, "demo", "--no-serve")
    assert "66 certificates" in succeed(data_dir, "audit")
