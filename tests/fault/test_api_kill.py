"""`kill -9` of the agencies' server under load: what was acknowledged is there, once, and the chains hold."""

import random
import shutil
import threading
from http.client import HTTPException
from pathlib import Path
from urllib.parse import quote

import orjson
from sqlalchemy import func, select

from loadtest.stock import write_roster
from tests.api.conftest import tree, wanted
from tests.office import BASE_URL
from tests.running import LIANGZHENG, Reply, Server, environment, free_port
from verifier.cli.office import Office
from verifier.register import tables
from verifier.register.audit import audit
from verifier.settings import Settings

__all__ = ["tree"]
KILLS, CLIENTS = 6, 4
ROWS = 2_000
_DISCONNECTED = (OSError, EOFError, HTTPException)


class Client(threading.Thread):
    """Issues and suspends, and notes what was acknowledged; keeps the request that was cut off."""

    def __init__(self, server: Server, token: str, first: int, seed: int) -> None:
        super().__init__()
        self.server, self.token, self.number, self.chance = server, token, first, random.Random(seed)
        self.acknowledged: list[tuple[str, str]] = []
        self.cut_off: tuple[str, str, bytes] | None = None

    def post(self, path: str, key: str, body: bytes) -> Reply:
        return self.server.request(
            "POST",
            path,
            body,
            {
                "authorization": f"Bearer {self.token}",
                "idempotency-key": key,
                "if-match": "*",
                "content-type": "application/json",
            },
        )

    def run(self) -> None:
        while True:
            number = str(self.number)
            self.number += 1
            body = orjson.dumps(wanted("xj", number=number))
            if not self._done("/certificates", f"issue-{number}", body, (number, "issued")):
                return
            if self.chance.random() < 0.7:
                body = orjson.dumps({"reason": "lent"})
                path = f"/certificates/{number}/suspend"
                if not self._done(path, f"suspend-{number}", body, (number, "suspended")):
                    return

    def _done(self, path: str, key: str, body: bytes, what: tuple[str, str]) -> bool:
        try:
            reply = self.post(path, key, body)
        except _DISCONNECTED:
            self.cut_off = (path, key, body)
            return False
        assert reply.status in {200, 201}, reply.body
        self.acknowledged.append(what)
        return True


def test_nothing_acknowledged_is_lost_and_a_repeat_is_done_once(
    tree: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    directory = tmp_path / "tree"
    shutil.copytree(tree[0], directory)
    chance, port = random.Random(5), free_port()
    acknowledged: list[tuple[str, str]] = []
    for kill in range(KILLS):
        command = [str(LIANGZHENG), "serve", "issue", "--port", str(port)]
        with Server(command, environment(directory, LIANGZHENG_BASE_URL=BASE_URL), port) as server:
            clients = [
                Client(server, tree[1]["xj"], 60_000_000_000 + (kill * CLIENTS + each) * 10**6, each)
                for each in range(CLIENTS)
            ]
            for client in clients:
                client.start()
            wait_for(clients, chance.randrange(20, 90))
            server.process.kill()
            for client in clients:
                client.join()
                acknowledged += client.acknowledged
        require_intact(directory, acknowledged)
        with Server(command, environment(directory, LIANGZHENG_BASE_URL=BASE_URL), port) as server:
            for client in clients:
                client.server = server
                if client.cut_off is not None:
                    replies = [client.post(*client.cut_off) for _ in range(2)]
                    assert {reply.status for reply in replies} <= {200, 201}, replies[0].body
                    assert replies[0].body == replies[1].body
    assert len(acknowledged) > KILLS * 20
    require_intact(directory, acknowledged)


def wait_for(clients: list[Client], acknowledged: int) -> None:
    waiting = threading.Event()
    for _ in range(6_000):
        if sum(len(client.acknowledged) for client in clients) > acknowledged:
            return
        waiting.wait(0.01)
    raise AssertionError("the server acknowledges nothing")


def require_intact(directory: Path, acknowledged: list[tuple[str, str]]) -> None:
    office = Office(Settings(data_dir=directory))
    with office.database.reading() as connection:
        audit(connection, office.trust())
        query = select(tables.certificate.c.number, tables.event.c.event, func.count()).join_from(
            tables.certificate, tables.event, tables.event.c.certificate == tables.certificate.c.id
        )
        happened = {
            (number, event): count
            for number, event, count in connection.execute(
                query.group_by(tables.certificate.c.number, tables.event.c.event)
            )
        }
    office.database.close()
    assert set(acknowledged) <= set(happened)
    assert set(happened.values()) <= {1}


def test_an_import_that_was_cut_off_is_taken_up_again_and_applied_once(
    tree: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    directory, roster = tmp_path / "tree", tmp_path / "roster.csv"
    shutil.copytree(tree[0], directory)
    write_roster(roster, ROWS, 61_000_000_000)
    port, waiting = free_port(), threading.Event()
    command = [str(LIANGZHENG), "serve", "issue", "--port", str(port)]
    headers = {"authorization": f"Bearer {tree[1]['xj']}", "idempotency-key": "table"}
    path = f"/imports?agency={quote('新疆维吾尔自治区机关事务管理局')}"
    job = ""
    for delay in (0.0, 0.3, 0.8):
        with Server(command, environment(directory, LIANGZHENG_BASE_URL=BASE_URL), port) as server:
            reply = server.request("POST", path, roster.read_bytes(), headers | {"content-type": "text/csv"})
            assert reply.status == 202
            assert job in {"", reply.json["id"]}
            job = reply.json["id"]
            waiting.wait(delay)  # not for luck: any moment will do
            server.process.kill()
            server.process.wait()
        require_intact(directory, [])
    with Server(command, environment(directory, LIANGZHENG_BASE_URL=BASE_URL), port) as server:
        for _ in range(600):
            content = server.request("GET", f"/imports/{job}", headers=headers).json
            if content["state"] == "done":
                break
            waiting.wait(0.1)
        assert content["report"]["accepted"] == ROWS
    require_intact(directory, [(str(61_000_000_000 + row), "issued") for row in range(ROWS)])
