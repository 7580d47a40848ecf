"""How the node is: alive, ready, and in figures. What will fail in some weeks is said today."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import orjson
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from keys.trust import WARNING_SECONDS
from verifier.scanning.node import Node
from verifier.status.follower import Instant

_NO_STORE: Final = {"cache-control": "no-store"}
_METRICS: Final = "text/plain; version=0.0.4; charset=utf-8"


class Health:
    """Answers those who operate the node, and tells nobody how many certificates there are.

    Args:
        node: what is looked at.
        clock: reads the clocks.
    """

    def __init__(self, node: Node, clock: Callable[[], Instant]) -> None:
        self._node = node
        self._clock = clock
        self._registry = CollectorRegistry()
        self._registry.register(_Figures(self))

    def routes(self) -> list[Route]:
        """Give the routes."""
        return [
            Route("/health/live", self._live),
            Route("/health/ready", self._ready),
            Route("/metrics", self._metrics),
        ]

    def state(self) -> dict[str, Any]:
        """Say whether scans can be confirmed, and what will go wrong before long."""
        instant = self._clock()
        follower = self._node.follower
        follower.refresh(instant)
        trust = follower.trust
        left = trust.ends - instant.wall if trust else 0.0
        return {
            "ready": left > 0 and follower.is_fresh(instant),
            "fault": follower.fault,
            "warning": _warning(left) if trust and left < WARNING_SECONDS else None,
            "trust": {"version": trust.version, "ends": trust.ends} if trust else None,
        }

    def figures(self) -> Iterator[tuple[str, str, float]]:
        """Give name, meaning and value of each figure."""
        state, follower, instant = self.state(), self._node.follower, self._clock()
        yield "ready", "1 if scans can be confirmed", state["ready"]
        if follower.as_of is not None:
            yield "status_age_seconds", "Age of what is known of the register", instant.wall - follower.as_of
        if state["trust"]:
            yield "trust_list_version", "Version of the trust list in force", state["trust"]["version"]
            yield "trust_list_ends_timestamp_seconds", "When it ends", state["trust"]["ends"]
            yield "trust_list_ending", "1 from six weeks before it ends", state["warning"] is not None

    async def _live(self, _request: Request) -> Response:
        """`GET /health/live`: the process answers."""
        return _json({"live": True})

    async def _ready(self, _request: Request) -> Response:
        """`GET /health/ready`: scans can be confirmed; else why not."""
        state = self.state()
        return _json(state, 200 if state["ready"] else 503)

    async def _metrics(self, _request: Request) -> Response:
        """`GET /metrics`: the figures, for Prometheus."""
        return Response(generate_latest(self._registry), media_type=_METRICS, headers=_NO_STORE)


class _Figures(Collector):
    """Reads the figures when they are asked for."""

    def __init__(self, health: Health) -> None:
        self._health = health

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Give them as Prometheus has them."""
        for name, meaning, value in self._health.figures():
            yield GaugeMetricFamily(f"liangzheng_{name}", meaning, value=value)

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Say nothing beforehand: no figure is read at the start."""
        return iter(())


def _warning(seconds: float) -> str:
    if seconds <= 0:
        return "the trust list has ended: publish a new one"
    return f"the trust list ends in {int(seconds // 86_400)} days: publish a new one"


def _json(content: object, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json", headers=_NO_STORE)
