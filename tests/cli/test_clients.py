"""`liangzheng clients`: tokens are told once, kept as hashes, and worthless when withdrawn."""

import sqlite3
from pathlib import Path

import orjson

from tests.running import LIANGZHENG, Server, environment, free_port, liangzheng, succeed


def test_a_token_is_told_once_and_withdrawn_for_good(data_dir: Path) -> None:
    arguments = ("clients", "create", "test", "--authority", "150000", "--action", "read")
    token = succeed(data_dir, *arguments).strip()
    for file in data_dir.glob("register.sqlite*"):
        assert token.encode() not in file.read_bytes()
    (client,) = map(orjson.loads, succeed(data_dir, "clients", "list", "--json").splitlines())
    assert (client["name"], client["actions"], client["live"]) == ("test", ["read"], True)
    port = free_port()
    command = [str(LIANGZHENG), "serve", "issue", "--port", str(port)]
    with Server(command, environment(data_dir), port) as server:
        headers = {"authorization": f"Bearer {token}"}
        assert server.request("GET", "/certificates/05505230001", headers=headers).status == 200
        succeed(data_dir, "clients", "withdraw", client["id"])
        assert server.request("GET", "/certificates/05505230001", headers=headers).status == 401
    lines = succeed(data_dir, "clients", "calls", "--client", client["id"]).splitlines()
    assert ["401" in line for line in lines] == [True, False]
    assert token not in "".join(lines)


def test_what_cannot_be_made_is_said_in_one_line(data_dir: Path) -> None:
    for arguments, says in (
        (("x", "--authority", "999999", "--action", "read"), "no issuer 999999"),
        (("x", "--authority", "150000", "--action", "fly"), "unknown action"),
        (("x", "--authority", "150000", "--agency", "某局", "--action", "read"), "no agency"),
        (("x", "--authority", "150000", "--action", "read", "--until", "2020-01-01"), "has passed"),
        ((" ", "--authority", "150000", "--action", "read"), "name"),
    ):
        done = liangzheng(data_dir, "clients", "create", *arguments)
        assert (done.returncode, done.stdout) == (1, "")
        assert says in done.stderr
        assert done.stderr.count("\n") == 1
    with sqlite3.connect(data_dir / "register.sqlite") as connection:
        assert connection.execute("SELECT count(*) FROM client").fetchone() == (0,)
    connection.close()
