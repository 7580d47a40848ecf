"""The OpenAPI document and the real server agree: no 500, and nothing that is not documented."""

import re
import sqlite3
import time
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import CHECKS
from schemathesis.generation import GenerationMode
from starlette.routing import Route

from tests.running import Server, serving
from verifier.certificate.code import to_digits
from verifier.certificate.together import Act, Against, Open
from verifier.certificate.verdicts import Reason, Verdict
from verifier.cli.office import Office
from verifier.photos import DirectoryStore
from verifier.register.feed import DirectFeed
from verifier.scanning.app import create_app
from verifier.scanning.node import Node
from verifier.scanning.openapi import DOCUMENT
from verifier.status.follower import Follower

OPERATIONS = [(method, path) for path, methods in DOCUMENT["paths"].items() for method in methods]
CHECKED = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
ANSWERED = {"/{digits}": 404, "/photos/{digest}": 404, "/favicon.ico": 204}
"""What is among the answers to whatever fits the description; else 200. No digits make a code by luck."""
SHOWN = "31000099001"


def _schema(server: Server) -> Any:
    return schemathesis.openapi.from_url(f"http://127.0.0.1:{server.port}/openapi.json")


def _checks(*names: str) -> Any:
    return [CHECKS.get_one(name) for name in names]  # registered by the first schema that is read


def _codes(directory: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(directory / "register.sqlite")) as connection:
        query = "SELECT number, signed FROM code JOIN certificate ON certificate.id = code.certificate"
        return [(number, to_digits(signed)) for number, signed in connection.execute(query)]


def _asked(operation: Any, mode: GenerationMode) -> set[int]:
    """Ask with cases that are drawn, hold each answer to the description, and give the statuses."""
    answered: set[int] = set()

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
    def ask(case: schemathesis.Case[Any]) -> None:
        answered.add(case.call_and_validate(checks=_checks(*CHECKED)).status_code)

    ask()
    return answered


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_answer_is_a_documented_one(server: Server, method: str, path: str) -> None:
    answered = _asked(_schema(server)[path][method], GenerationMode.POSITIVE)
    assert ANSWERED.get(path, 200) in answered


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("post", "/check", 400), ("get", "/{digits}", 404), ("get", "/photos/{digest}", 404)],
)
def test_what_does_not_fit_the_description_gets_a_documented_answer_too(
    server: Server, method: str, path: str, status: int
) -> None:
    assert status in _asked(_schema(server)[path][method], GenerationMode.NEGATIVE)


def test_answers_about_real_certificates_are_documented_ones(server: Server, demo_dir: Path) -> None:
    schema = _schema(server)
    codes = [code for number, code in _codes(demo_dir) if "991" in number or "2399" in number]
    verdicts = set()
    for code in codes:
        for accept in ("application/json", "text/html"):
            case = schema["/{digits}"]["get"].Case(
                path_parameters={"digits": code}, headers={"Accept": accept}
            )
            reply = case.call_and_validate(checks=_checks(*CHECKED))
            assert reply.headers["content-type"][0].startswith(accept)
        verdicts.add(server.get("/" + code).json["verdict"])
    assert {"suspended", "revoked", "expired", "not_yet_valid", "valid"} <= verdicts
    for group in (codes[:10], codes[-2:], [codes[0], "x"]):
        for act in (None, *Act):
            body = {"codes": group, "act": act}
            case = schema["/check"]["post"].Case(body=body, media_type="application/json")
            assert case.call_and_validate(checks=_checks(*CHECKED)).status_code == 200


def test_a_photo_is_a_documented_answer(server: Server, demo_dir: Path) -> None:
    digest = next((demo_dir / "photos").glob("*.jpg")).stem
    case = _schema(server)["/photos/{digest}"]["get"].Case(path_parameters={"digest": digest})
    assert case.call_and_validate(checks=_checks(*CHECKED)).status_code == 200


def test_answers_without_a_register_are_documented_ones(data_dir: Path) -> None:
    digits = next(code for number, code in _codes(data_dir) if number == SHOWN)
    with serving(data_dir, LIANGZHENG_MAX_STATUS_AGE="0.1") as server:
        schema = _schema(server)
        (data_dir / "register.sqlite").write_bytes(b"\0" * 100_000)
        for name in ("register.sqlite-wal", "register.sqlite-shm"):
            (data_dir / name).unlink(missing_ok=True)
        cases = [
            schema["/health/ready"]["get"].Case(),
            schema["/{digits}"]["get"].Case(path_parameters={"digits": digits}),
            schema["/check"]["post"].Case(body={"codes": [digits]}, media_type="application/json"),
        ]
        deadline = time.monotonic() + 20
        while server.get("/health/ready").status != 503:
            assert time.monotonic() < deadline
            time.sleep(0.05)  # its knowledge ages
        for case in cases:
            reply = case.call()
            assert reply.status_code == 503
            case.validate_response(reply, checks=_checks(*CHECKED[1:]))  # 503 is the documented answer here


def test_all_routes_are_documented_and_nothing_else(office: Office, server: Server) -> None:
    follower = Follower(DirectFeed(office.database.path), roots=office.roots, max_age=10)
    node = Node(follower, base_url="https://v.example", capacity=0)
    app = create_app(lambda: node, DirectoryStore(office.database.path.parent))
    routes = {re.sub(r":\w+}", "}", route.path) for route in app.routes if isinstance(route, Route)}
    assert routes - {"/{text}"} == set(DOCUMENT["paths"]) - {"/{digits}"}
    assert server.get("/openapi.json").json == orjson.loads(orjson.dumps(DOCUMENT))


@pytest.mark.parametrize("closed", [Verdict, Reason, Act, Against, Open])
def test_every_member_of_a_closed_list_is_in_the_document(closed: type[StrEnum]) -> None:
    assert f'"enum":{orjson.dumps(list(closed)).decode()}' in orjson.dumps(DOCUMENT).decode()


def test_the_examples_of_the_documents_fit_the_description() -> None:
    answer = DOCUMENT["paths"]["/{digits}"]["get"]["responses"]["200"]["content"]["application/json"]
    check = DOCUMENT["paths"]["/check"]["post"]
    together = check["responses"]["200"]["content"]["application/json"]["schema"]["properties"]["together"]
    asked = check["requestBody"]["content"]["application/json"]
    text = (Path(__file__).parents[2] / "docs" / "integrators.md").read_text()
    examples = [orjson.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]
    assert len(examples) == 2
    for schema, example in (
        (answer["schema"], examples[0]),
        (together, examples[1]["together"]),
        (asked["schema"], asked["example"]),
    ):
        jsonschema_rs.Draft202012Validator(schema).validate(example)
