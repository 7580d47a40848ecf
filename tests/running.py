"""Runs the real command and the real server, as a user would, in processes of their own."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

LIANGZHENG = Path(sys.executable).with_name("liangzheng")


def environment(data_dir: Path, **extra: str) -> dict[str, str]:
    """Give the environment of a command that works in a data directory."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LIANGZHENG_")}
    return clean | {"LIANGZHENG_DATA_DIR": str(data_dir)} | extra


def liangzheng(
    data_dir: Path, *arguments: str, stdin: str | None = None, **extra: str
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [str(LIANGZHENG), *arguments],
        env=environment(data_dir, **extra),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def succeed(data_dir: Path, *arguments: str, stdin: str | None = None, **extra: str) -> str:
    """Run a command that must succeed, and give what it printed."""
    done = liangzheng(data_dir, *arguments, stdin=stdin, **extra)
    assert done.returncode == 0, f"{arguments}: {done.stderr}"
    return done.stdout


def free_port() -> int:
    """Give a port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Reply:
    """An HTTP reply, whatever its status."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


class Server:
    """A server of ours in a process of its own, ended with everything that it started."""

    def __init__(self, command: list[str], env: dict[str, str], port: int) -> None:
        self.port = port
        self.process = subprocess.Popen(
            command,
            env=env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended: {self.process.communicate()[1]}")
            try:
                if self.get("/health/ready").status == 200:
                    return self
            except OSError:
                time.sleep(0.05)  # it does not listen yet
        raise AssertionError("the server was not ready in time")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
        self.errors = self.process.communicate(timeout=30)[1]

    def get(self, path: str, accept: str = "application/json") -> Reply:
        return self.request("GET", path, headers={"accept": accept})

    def post(self, path: str, content: object) -> Reply:
        body = content if isinstance(content, bytes) else orjson.dumps(content)
        return self.request("POST", path, body, {"content-type": "application/json"})

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Reply:
        request = urllib.request.Request(  # loopback alone
            f"http://127.0.0.1:{self.port}{path}", data=body, method=method, headers=headers or {}
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                return Reply(reply.status, _lower(reply.headers), reply.read())
        except urllib.error.HTTPError as error:
            with error:
                return Reply(error.code, _lower(error.headers), error.read())


@contextmanager
def serving(data_dir: Path, *, workers: int = 1, **extra: str) -> Iterator[Server]:
    """Serve scans from a data directory with the real command."""
    port = free_port()
    command = [str(LIANGZHENG), "serve", "scan", "--port", str(port), "--workers", str(workers)]
    with Server(command, environment(data_dir, **extra), port) as server:
        yield server


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
