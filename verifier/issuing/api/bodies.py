"""ASGI around the API: bounds on bodies, and the trail that no call stays out of."""

import asyncio
import logging
import secrets
import time
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from verifier.certificate.errors import LiangzhengError
from verifier.issuing.api.desk import Desk
from verifier.issuing.api.refusals import fault
from verifier.register import calls
from verifier.register.calls import Call

UNTRACED: Final = frozenset({"/health/live", "/health/ready", "/openapi.json", "/docs"})
_log: Final = logging.getLogger(__name__)
_NOTING_SECONDS: Final = 1.0
"""How long an answer waits for its entry in the trail."""
_MOST_STRANGERS: Final = 60
"""Calls a minute without a known token that enter the trail: a flood of them must not fill the disk."""


@dataclass(frozen=True, slots=True)
class BodyBounds:
    """The largest bodies, in bytes."""

    document: int = 256 << 10
    bulk: int = 2 << 20
    photo: int = 8 << 20
    table: int = 64 << 20
    seconds: float = 120.0
    """Within which a body must have arrived: one that trickles in would keep its connection for ever."""


BOUNDS: Final = BodyBounds()
_CLOSES: Final = {"connection": "close"}
_LARGER: Final = {
    "/bulk/events": BOUNDS.bulk,
    "/bulk/certificates": BOUNDS.bulk,
    "/photos": BOUNDS.photo,
    "/imports": BOUNDS.table,
}


class BoundedBodies:
    """Refuses a body that is over its bound, whatever its length was said to be, or that takes too long."""

    def __init__(self, app: ASGIApp, *, seconds: float = BOUNDS.seconds) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on, counting."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        bound, received = _LARGER.get(scope["path"], BOUNDS.document), 0
        until: float | None = asyncio.get_running_loop().time() + self._seconds

        async def counted() -> Message:
            nonlocal received, until
            try:
                async with asyncio.timeout_at(until):
                    message = await receive()
            except TimeoutError as error:
                raise HTTPException(408, "The body did not arrive in time.", _CLOSES) from error
            if not message.get("more_body", False):
                until = None  # what is waited for from now on is the end of the connection
            received += len(message.get("body", b""))
            if received > bound:
                raise HTTPException(413, f"The body is larger than {bound} bytes.")
            return message

        await self._app(scope, counted, send)


class _UnnotedError(Exception):
    """A call could not be entered in the trail, and so is not answered. Handled by nobody further in."""

    def __init__(self, answer: Response) -> None:
        super().__init__("not in the trail")
        self.answer = answer


class Trail:
    """Gives each request a name, and enters each call in the trail before it is answered.

    Writes note themselves in their own transaction; this notes reads and refusals.
    """

    def __init__(self, app: ASGIApp, desk: Desk) -> None:
        self._app = app
        self._desk = desk
        self._minute = 0
        self._strangers = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on, and note what came of it."""
        if scope["type"] != "http" or scope["path"] in UNTRACED:
            await self._app(scope, receive, send)
            return
        state: MutableMapping[str, Any] = scope.setdefault("state", {})
        state["request"] = secrets.token_hex(8)

        async def traced(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-request-id", state["request"].encode())]
                if not state.get("noted") and self._is_worth(state):
                    call = call_of(scope, message["status"], self._desk.now())
                    await self._note(call)
            await send(message)

        try:
            await self._app(scope, receive, traced)
        except _UnnotedError as unnoted:  # nothing of the answer has left yet
            unnoted.answer.headers["x-request-id"] = state["request"]
            await unnoted.answer(scope, receive, send)

    async def _note(self, call: Call) -> None:
        """Enter a call; while a long import holds the register, it waits its turn and the answer does not."""
        noting = asyncio.ensure_future(self._desk.write(lambda ledger: calls.note(ledger.connection, call)))
        try:
            await asyncio.wait_for(asyncio.shield(noting), _NOTING_SECONDS)
        except TimeoutError:
            noting.add_done_callback(_log_unnoted)
        except LiangzhengError as error:
            raise _UnnotedError(fault(error)) from error

    def _is_worth(self, state: MutableMapping[str, Any]) -> bool:
        if state.get("client"):
            return True
        minute = int(time.monotonic() // 60)
        if minute != self._minute:
            self._minute, self._strangers = minute, 0
        self._strangers += 1
        return self._strangers <= _MOST_STRANGERS


def _log_unnoted(noting: asyncio.Future[None]) -> None:
    """Say of a call that was answered and could not be noted that it is missing; never what it was."""
    if not noting.cancelled() and (error := noting.exception()) is not None:
        _log.error("a call is missing in the trail: %s", error)


def call_of(scope: Scope, status: int, now: int) -> Call:
    """Give the trail's entry of a request; of a path that is none of ours, nothing is kept."""
    route = scope.get("route")
    template = getattr(route, "path", "(unknown)")
    number = str(scope.get("path_params", {}).get("number", "")) or None
    return Call(
        time=now,
        client=scope["state"].get("client"),
        request=scope["state"]["request"],
        action=f"{scope['method'][:10]} {template}",
        subject=number
        if number and number.isascii() and number.isprintable() and len(number) <= 32
        else None,
        status=status,
    )
