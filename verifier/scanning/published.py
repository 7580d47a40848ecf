"""What other verifiers fetch to check codes without us: the signed lists, and the keys in their own forms."""

from collections.abc import Callable
from typing import Final

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from keys.keysets import COSE_KEY_SET, cose_key_set, jwks, readable
from keys.trust import TrustList
from verifier.caching import kept

_HEADERS: Final = {
    "cache-control": "public, max-age=60",
    "access-control-allow-origin": "*",  # verifiers may be web pages of anyone's
    "x-content-type-options": "nosniff",
}
_JSON: Final = "application/json"

# path → media type, and what is given of the trust list.
_FORMS: Final[dict[str, tuple[str, Callable[[TrustList], bytes]]]] = {
    "/trust": ("application/cose", lambda trust: trust.lists.trust),
    "/trust/directory": ("application/cose", lambda trust: trust.lists.directory),
    "/trust/roots": ("application/cbor", lambda trust: trust.lists.endorsements),
    "/trust.json": (_JSON, lambda trust: orjson.dumps(readable(trust))),
    "/.well-known/jwks.json": (_JSON, lambda trust: orjson.dumps(jwks(trust))),
    "/keys.cose": (COSE_KEY_SET, cose_key_set),
}


class Published:
    """Gives the trust list in force in all its forms; each is made once for each list.

    Args:
        trust: gives the trust list in force, as fresh as the call; None before the first.
    """

    def __init__(self, trust: Callable[[], TrustList | None]) -> None:
        self._trust = trust
        self._of: TrustList | None = None
        self._made: dict[str, bytes] = {}

    def routes(self) -> list[Route]:
        """Give a route for each form."""
        return [Route(path, self._answer) for path in _FORMS]

    async def _answer(self, request: Request) -> Response:
        trust = self._trust()
        if trust is None:
            raise HTTPException(503, "No trust list is known yet.")
        if trust is not self._of:
            self._of, self._made = trust, {}
        path: str = request.scope["path"]
        media_type, form = _FORMS[path]
        if path not in self._made:
            self._made[path] = form(trust)
        return kept(request, self._made[path], media_type, _HEADERS)
