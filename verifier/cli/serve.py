"""`liangzheng serve`: run the HTTP sides on uvicorn."""

import errno
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from enum import StrEnum
from multiprocessing import get_context, parent_process
from typing import Annotated, Final

import typer
import uvicorn
from starlette.applications import Starlette

from verifier import settings
from verifier.certificate.errors import LiangzhengError
from verifier.cli import options
from verifier.cli.office import Office, read_roots
from verifier.photos import open_store
from verifier.records import app as records
from verifier.register.database import open_database, open_reading
from verifier.register.feed import DirectFeed
from verifier.scanning.app import create_app
from verifier.scanning.node import Node
from verifier.scanning.protocol import BoundedProtocol
from verifier.settings import Settings
from verifier.status.follower import Follower

LOCAL_HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 8_000
SCANNING: Final = "verifier.cli.serve:scanning"
PUBLIC: Final = "verifier.cli.serve:every_public_side"
ISSUING: Final = "verifier.cli.issuing:issuing"
_APPS: Final = {
    "scan": SCANNING,
    "records": "verifier.cli.serve:public_records",
    "issue": ISSUING,
    "all": PUBLIC,
}


class PortError(LiangzhengError):
    """The port cannot be listened on."""


class Side(StrEnum):
    """What can be served."""

    SCAN = "scan"
    RECORDS = "records"
    ISSUE = "issue"
    ALL = "all"


def serve(
    side: Annotated[
        Side,
        typer.Argument(
            help="scan: citizens' scans; records: officer list and notices; issue: the agencies' API;"
            " all: the public sides on PORT, and the agencies' API for this computer alone on the next."
        ),
    ] = Side.ALL,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = LOCAL_HOST,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="The port to listen on.")] = DEFAULT_PORT,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that answer.")] = 1,
) -> None:
    """Answer until stopped."""
    office = Office(settings.read())
    office.trust()  # a missing register or trust list stops the start here, in one clear line
    open_store(office.settings.photos)  # and so does a bucket that is described wrongly
    require_free(host, port)
    options.note(f"serving {side} at http://{host}:{port}, {workers} worker(s); Ctrl-C ends it")
    with _issuing_beside(port + 1) if side is Side.ALL and port else nullcontext():
        run(_APPS[side], host=host, port=port, workers=workers)


@contextmanager
def _issuing_beside(port: int) -> Iterator[None]:
    """Serve the agencies' API from a process of its own: the public one never holds a signing key."""
    require_free(LOCAL_HOST, port)
    options.note(f"serving the agencies' API at http://{LOCAL_HOST}:{port}")
    process = get_context("spawn").Process(target=_issuing, args=(port,), daemon=True)
    process.start()
    # uvicorn ends by raising the signal once more: as an exception, so that the other process is ended too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    try:
        yield
    finally:
        process.terminate()
        process.join()


def _issuing(port: int) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    run(ISSUING, host=LOCAL_HOST, port=port)


def _end_with_parent() -> None:
    """End as soon as the process beside is gone, also where it was killed and could end nobody."""
    parent = parent_process()
    assert parent is not None
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)


def require_free(host: str, port: int) -> None:
    """Refuse a port that another program listens on, or an address that is not this machine's.

    Raises:
        PortError: it cannot be listened on.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise PortError(f"port {port} is in use; choose another with --port") from error
            raise PortError(f"cannot listen on {host}:{port}: {error.strerror}") from error


def run(app: str = SCANNING, *, host: str, port: int, workers: int = 1) -> None:
    """Run uvicorn with the settings that fit scans.

    Access logs are off: no scan is tied to whoever made it.

    Args:
        app: where the function is that makes a worker's app.
        host: the address to listen on.
        port: the port.
        workers: how many processes answer.
    """
    uvicorn.run(
        app,
        factory=True,
        host=host,
        port=port,
        workers=workers,
        loop="uvloop",
        http=BoundedProtocol,
        ws="none",
        access_log=False,
        server_header=False,
        log_level="warning",
        timeout_keep_alive=15,
        proxy_headers=False,  # the address that look-ups are counted by is the socket's peer
    )


def scanning() -> Starlette:
    """Make the scanning app of one worker on the embedded default."""
    current = settings.read()
    return create_app(lambda: _node(current), open_store(current.photos))


def public_records() -> Starlette:
    """Make the records app of one worker."""
    return _records(settings.read())


def every_public_side() -> Starlette:
    """Make one worker's app of the public sides: scans first, and the records' paths beside them."""
    current = settings.read()
    beside = dict.fromkeys(records.PATHS, _records(current))
    return create_app(lambda: _node(current), open_store(current.photos), beside)


def _records(current: Settings) -> Starlette:
    return records.create_app(
        open_reading(current.register_url),
        address=current.address,
        look_ups_per_minute=current.look_ups_per_minute,
    )


def _node(current: Settings) -> Node:
    path = open_database(current.register_url).path
    follower = Follower(DirectFeed(path), roots=read_roots(current), max_age=current.max_status_age)
    return Node(follower, base_url=current.address, capacity=current.code_cache)
