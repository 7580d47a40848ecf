"""The baseline of writes: the same HTTP and database libraries, a transaction a request, nothing of ours.

`POST` inserts and updates the rows that an event writes, with synchronous=FULL: no rule, no signature, no
chain, no token. What is in it, every such service pays.
"""

import os
import sys
import threading
from itertools import count
from typing import Any, Final

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from sqlalchemy import create_engine, event, insert, update
from sqlalchemy.pool import StaticPool

from verifier.register import tables

_LOCK: Final = threading.Lock()
_GOES: Final = count(1)


class Body(BaseModel):
    """What is sent."""

    reason: str


def create() -> FastAPI:
    """Make the app on the SQLite file that BARE_FILE names."""
    engine = create_engine(
        f"sqlite:///{os.environ['BARE_FILE']}",
        poolclass=StaticPool,
        connect_args={"check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}")

    tables.METADATA.create_all(engine)
    happened, logged = insert(tables.event), insert(tables.log)
    noted, kept = insert(tables.call), insert(tables.idempotency)
    app = FastAPI()

    @app.post("/certificates/{number}/{name}")
    def happen(number: str, name: str, body: Body) -> dict[str, Any]:
        with _LOCK, engine.begin() as connection:
            go = next(_GOES)
            common = {"time": go, "status": 200}
            connection.execute(
                happened,
                {
                    "id": go, "certificate": 1, "event": name, "actor": "bench", "reason": body.reason,
                    "until": None, "digest": bytes(12), "hash": os.urandom(32), "basis": "XJ-2022 Art 18",
                    "time": go,
                },
            )  # fmt: skip
            connection.execute(
                logged,
                {
                    "sequence": go, "status_list": 0, "idx": go, "state": 2, "since": go, "until": 0,
                    "reason": 0, "digest": bytes(12), "chain": os.urandom(32), "event": go,
                },
            )  # fmt: skip
            connection.execute(
                update(tables.head).where(tables.head.c.id == 1).values(sequence=go, signed=os.urandom(300))
            )
            connection.execute(
                update(tables.certificate).where(tables.certificate.c.id == 1).values(state=2, event=go)
            )
            connection.execute(
                noted, common | {"client": "bench", "request": str(go), "action": "POST", "subject": number}
            )
            connection.execute(
                kept,
                common
                | {
                    "client": "bench", "key": str(go), "fingerprint": bytes(32), "headers": "{}",
                    "body": os.urandom(460),
                },
            )  # fmt: skip
        return {"number": number, "event": go}

    return app


if __name__ == "__main__":
    uvicorn.run(
        "loadtest.serve_bare_writes:create",
        factory=True,
        port=int(sys.argv[1]),
        loop="uvloop",
        log_level="warning",
        access_log=False,
    )
