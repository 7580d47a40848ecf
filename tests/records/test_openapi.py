"""The OpenAPI document and the real server agree: no 500, and nothing that is not documented."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import CHECKS

from tests.running import LIANGZHENG, Server, environment, free_port
from verifier.records.openapi import DOCUMENT

OPERATIONS = [(method, path) for path, methods in DOCUMENT["paths"].items() for method in methods]
_CHECKED = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)


@pytest.fixture(scope="module")
def records(demo_dir: Path) -> Iterator[Server]:
    port = free_port()
    command = [str(LIANGZHENG), "serve", "records", "--port", str(port)]
    often = environment(demo_dir, LIANGZHENG_LOOK_UPS_PER_MINUTE="10000")
    with Server(command, often, port) as server:
        yield server


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_answer_is_a_documented_one(records: Server, method: str, path: str) -> None:
    schema = schemathesis.openapi.from_url(f"http://127.0.0.1:{records.port}/openapi.json")
    operation = schema[path][method]
    checks: Any = [CHECKS.get_one(name) for name in _CHECKED]
    answered: list[int] = []

    @given(case=operation.as_strategy())
    @settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
    def ask(case: schemathesis.Case[Any]) -> None:
        answered.append(case.call_and_validate(checks=checks).status_code)

    ask()
    assert 200 in answered


def test_all_routes_are_documented(records: Server) -> None:
    reply = records.get("/openapi.json")
    assert reply.json == DOCUMENT
    assert set(DOCUMENT["paths"]) >= {"/officers", "/notices", "/notices.atom", "/look-up"}
