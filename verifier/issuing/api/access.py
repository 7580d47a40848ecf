"""Who calls, whether they may, and doing it once: tokens, scopes, idempotency keys, If-Match."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Depends, Header, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException
from starlette.responses import Response

from verifier.issuing.api.bodies import call_of
from verifier.issuing.api.desk import Desk
from verifier.register import calls, clients
from verifier.register.actors import Actor
from verifier.register.calls import Answer
from verifier.register.clients import Client
from verifier.register.ledger import Ledger

_CHALLENGE: Final = {"www-authenticate": "Bearer"}
_ETAG: Final = re.compile(r'"([0-9]{1,18})"', re.ASCII)
_bearer: Final = HTTPBearer(auto_error=False, description="A token of `liangzheng clients create`.")


@dataclass(frozen=True, slots=True)
class Caller:
    """A client whose token is good, in one request.

    Attributes:
        now: the one reading of the clock for this request.
    """

    client: Client
    desk: Desk
    request: Request
    now: int

    @property
    def actor(self) -> Actor:
        """Who acts."""
        return self.client.actor

    def require(self, action: str) -> None:
        """Refuse what the token is not for.

        Raises:
            HTTPException: 403.
        """
        if action not in self.client.actions:
            raise HTTPException(403, f"The token is not for {action!r}.")


async def _caller(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Caller:
    desk: Desk = request.app.state.desk
    if credentials is None:
        raise HTTPException(401, "A bearer token is needed.", _CHALLENGE)
    client = desk.clients.get(credentials.credentials)
    if client is None or request.method != "POST":  # `do_once` asks again, in the transaction of the work
        with desk.reading() as connection:
            client = clients.by_token(connection, credentials.credentials)
    if client is None:
        raise HTTPException(401, "The token is not known.", _CHALLENGE)
    now = desk.now()
    request.state.client = client.id
    _require_live(client, now)
    desk.clients.keep(credentials.credentials, client)
    return Caller(client, desk, request, now)


def _require_live(client: Client, now: int) -> None:
    if not client.is_live(now):
        why = "was withdrawn" if client.withdrawn is not None else "has expired"
        raise HTTPException(401, f"The token {why}.", _CHALLENGE)


AnyCaller = Annotated[Caller, Depends(_caller)]
"""Whoever has a good token; the route asks for the action."""


def allowed(action: str) -> Any:
    """Give the dependency for callers whose token is for an action."""

    def for_action(caller: AnyCaller) -> Caller:
        caller.require(action)
        return caller

    return Depends(for_action)


IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[!-~]{1,64}$",
        description="Names the request; a repeat within 7 days is answered as the first time, and done once.",
        examples=["8e03978e-40d5-43dd-bc93-6894a57f9324"],
    ),
]
IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=40,
        description="The ETag that you know, or `*` to act on whatever there is; without it: 428.",
        examples=['"17"', "*"],
    ),
]


def known_event(if_match: str | None) -> int | None:
    """Read If-Match.

    Returns:
        The last event that the caller knows of; None for `*`.

    Raises:
        HTTPException: 428 where it is missing, 412 where it can match nothing.
    """
    if if_match is None:
        raise HTTPException(428, "Send If-Match with the ETag that you know, or *.")
    if if_match.strip() == "*":
        return None
    found = _ETAG.fullmatch(if_match.strip())
    if found is None:
        raise HTTPException(412, "If-Match must be one strong ETag, or *.")
    return int(found[1])


async def do_once(caller: Caller, key: str, work: Callable[[Ledger], Answer]) -> Response:
    """Do what a POST asks for, once; the work, its answer for repeats and the trail are one transaction.

    Args:
        caller: who asks.
        key: the idempotency key.
        work: does it; where it raises, nothing of it is done.

    Raises:
        HTTPException: 401, the token was withdrawn in the meantime.
        LiangzhengError: what the work raises.
    """
    scope, client = caller.request.scope, caller.client.id
    fingerprint = hashlib.sha256(
        b"\0".join(
            (
                scope["method"].encode(),
                scope["path"].encode(),
                scope["query_string"],
                caller.request.headers.get("if-match", "").encode(),
                await caller.request.body(),
            )
        )
    ).digest()

    def once(ledger: Ledger) -> Answer:
        connection = ledger.connection
        _require_live(clients.by_id(connection, client), caller.now)
        answer = calls.answered(connection, client, key, fingerprint)
        if answer is None:
            answer = work(ledger)
            calls.keep(connection, client, key, fingerprint=fingerprint, answer=answer, now=caller.now)
        calls.note(connection, call_of(scope, answer.status, caller.now))
        return answer

    answer = await caller.desk.write(once)
    caller.request.state.noted = True
    return Response(answer.body, answer.status, dict(answer.headers), "application/json")
