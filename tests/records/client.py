"""Asks the real records app over ASGI, with a clock that the test sets."""

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

import httpx2 as httpx

from tests.office import BASE_URL, DAY, NOW, TESTER, terms
from verifier.cli.office import Office
from verifier.issuing.issuance import Order, issue
from verifier.records.app import create_app
from verifier.register.database import open_reading

XINJIANG = "650000"
AGENCY = "新疆维吾尔自治区机关事务管理局"
LATER = NOW + 10 * DAY
"""When the tests ask: ten days after the certificates of the office came into force."""


def order(number: str, holder: str = "马晓东", **changes: Any) -> Order:
    facts: dict[str, Any] = {
        "number": number,
        "holder": holder,
        "agency": AGENCY,
        "categories": ("机关事务管理",),
        "area": "全疆",
    }
    return Order(**(facts | changes))


def restricted(number: str) -> Order:
    return Order(number=number, holder=None, agency=None, categories=(), area=None, restricted=True)


def enter(office: Office, orders: Sequence[Order], *, issuer: str = XINJIANG, now: int = NOW) -> None:
    """Issue certificates the production way."""
    with office.ledger(now) as ledger:
        issue(
            ledger,
            orders,
            terms=terms(issuer),
            signer=office.certificate_signer(issuer),
            actor=TESTER,
            now=now,
        )


class Client:
    """Talks to one app in one event loop.

    Attributes:
        now: what the app's clock says.
    """

    def __init__(self, office: Office, *, look_ups: int = 1_000, address: str = "203.0.113.7") -> None:
        self.now: float = LATER
        self.app = create_app(
            open_reading(office.settings.register_url),
            address=BASE_URL,
            look_ups_per_minute=look_ups,
            clock=lambda: self.now,
        )
        self._runner = asyncio.Runner()
        self._lifespan = self.app.router.lifespan_context(self.app)
        self.move(address)

    def move(self, address: str) -> None:
        """Ask from another address."""
        transport = httpx.ASGITransport(self.app, client=(address, 4_711))
        self._http = httpx.AsyncClient(transport=transport, base_url=BASE_URL)

    def __enter__(self) -> Self:
        self._runner.run(self._lifespan.__aenter__())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runner.run(self._lifespan.__aexit__(None, None, None))
        self._runner.close()

    def request(self, method: str, path: str, **details: Any) -> httpx.Response:
        return self._runner.run(self._http.request(method, path, **details))

    def get(self, path: str, accept: str = "application/json", **parameters: Any) -> httpx.Response:
        query = f"?{urlencode(parameters)}" if parameters else ""
        return self.request("GET", path + query, headers={"accept": accept})

    def page(self, path: str, **parameters: Any) -> str:
        return self.get(path, "text/html", **parameters).text

    def look_up(self, number: str, name: str, accept: str = "application/json") -> httpx.Response:
        data = {"number": number, "name": name}
        return self.request("POST", "/look-up", data=data, headers={"accept": accept})

    def walk(self, path: str, member: str, **parameters: Any) -> list[Any]:
        """Follow a list to its end."""
        reply = self.get(path, **parameters)
        found: list[Any] = []
        while True:
            assert reply.status_code == 200
            found += reply.json()[member]
            following = reply.json()["next"]
            if following is None:
                return found
            reply = self.get(following)

    def officers(self, **parameters: Any) -> list[Any]:
        return self.walk("/officers", "officers", **({"issuer": XINJIANG} | parameters))

    def numbers(self, **parameters: Any) -> list[str]:
        return [officer["number"] for officer in self.officers(**parameters)]

    def notices(self, **parameters: Any) -> list[Any]:
        return self.walk("/notices", "notices", **parameters)
