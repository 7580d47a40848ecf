"""What is sent to the citizens' side: how large it may be, and what its body says."""

from dataclasses import dataclass
from typing import Final

import orjson
from starlette.requests import ClientDisconnect, Request

from verifier.certificate.together import Act


@dataclass(frozen=True, slots=True)
class RequestBounds:
    """The largest requests that are looked at; above them comes a 4xx and no verdict."""

    path_characters: int = 4_096
    body_bytes: int = 65_536
    codes: int = 10
    """Codes of one `POST /check`."""


BOUNDS: Final = RequestBounds()
_ACTS: Final = tuple(Act)
NOT_ASKED: Final = (
    f'The body must be {{"codes": […]}} with 1 to {BOUNDS.codes} texts, and "act", if given, one of: '
    f"{', '.join(_ACTS)}."
)


async def bounded_body(request: Request) -> bytes | None:
    """Read the body; None as soon as it goes over the bound, whatever its length was said to be."""
    body = bytearray()
    try:
        async for part in request.stream():
            body += part
            if len(body) > BOUNDS.body_bytes:
                return None
    except ClientDisconnect:  # whoever left reads no answer either
        return None
    return bytes(body)


def codes_and_act(body: bytes) -> tuple[list[str], Act | None] | None:
    """Read what `POST /check` was asked: the codes, and the act if one was named; None if out of form."""
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(content, dict) or not {"codes"} <= content.keys() <= {"codes", "act"}:
        return None
    codes, act = content["codes"], content.get("act")
    if not isinstance(codes, list) or not 1 <= len(codes) <= BOUNDS.codes:
        return None
    if not all(isinstance(code, str) for code in codes) or not (act is None or act in _ACTS):
        return None
    return codes, None if act is None else Act(act)
