"""The OpenAPI document and the real server agree: no 500, and nothing that is not documented."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import CHECKS

from tests.api.conftest import Api, api, tree, wanted
from tests.office import BASE_URL
from tests.running import LIANGZHENG, Server, environment, free_port

__all__ = ["api", "tree"]
_CHECKED = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)


@pytest.fixture(scope="module")
def server(tree: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    directory = tmp_path_factory.mktemp("schema") / "tree"
    shutil.copytree(tree[0], directory)
    port = free_port()
    command = [str(LIANGZHENG), "serve", "issue", "--port", str(port)]
    with Server(command, environment(directory, LIANGZHENG_BASE_URL=BASE_URL), port) as running:
        reply = running.request(
            "POST",
            "/certificates",
            orjson.dumps(wanted()),
            {
                "authorization": f"Bearer {tree[1]['im']}",
                "idempotency-key": "first",
                "content-type": "application/json",
            },
        )
        assert reply.status == 201
        yield running


def operations() -> list[tuple[str, str]]:
    return [
        ("post", "/certificates"),
        ("get", "/certificates/{number}"),
        ("get", "/certificates/{number}/code.svg"),
        ("get", "/certificates/{number}/code.png"),
        ("get", "/certificates/{number}/code.txt"),
        ("get", "/certificates/{number}/card.pdf"),
        ("get", "/certificates/{number}/page"),
        ("post", "/certificates/{number}/replace"),
        ("post", "/certificates/{number}/reissue"),
        ("post", "/certificates/{number}/{event}"),
        ("post", "/proposals"),
        ("get", "/proposals"),
        ("get", "/proposals/{proposal}"),
        ("post", "/proposals/{proposal}/{decision}"),
        ("post", "/bulk/events"),
        ("post", "/bulk/certificates"),
        ("post", "/imports"),
        ("get", "/imports/{job}"),
        ("post", "/photos"),
        ("get", "/changes"),
        ("get", "/due"),
    ]


@pytest.mark.parametrize(("method", "path"), operations())
def test_every_answer_is_a_documented_one(
    server: Server, tree: tuple[Path, dict[str, str]], method: str, path: str
) -> None:
    schema = schemathesis.openapi.from_url(f"http://127.0.0.1:{server.port}/openapi.json")
    operation = schema[path][method]
    checks: Any = [CHECKS.get_one(name) for name in _CHECKED]
    headers = {"authorization": f"Bearer {tree[1]['im']}"}

    @given(case=operation.as_strategy())
    @settings(max_examples=50, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
    def ask(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(checks=checks, headers=headers)

    ask()


def test_every_route_is_asked_above(api: Api) -> None:
    document = api.client.get("/openapi.json").json()
    routes = {(method, path) for path, methods in document["paths"].items() for method in methods}
    assert routes == set(operations())


def test_the_page_for_people_names_every_route_and_loads_nothing(api: Api) -> None:
    reply = api.client.get("/docs")
    assert reply.status_code == 200
    for _, path in operations():
        assert f"<code>{path}</code>" in reply.text
    assert "default-src 'none'" in reply.headers["content-security-policy"]
    assert "<script" not in reply.text


def test_the_examples_of_the_document_are_taken(api: Api) -> None:
    document = api.client.get("/openapi.json").json()
    (example,) = document["components"]["schemas"]["NewCertificate"]["examples"]
    reply = api.post("im", "/certificates", example)
    assert reply.status_code == 201, reply.text
