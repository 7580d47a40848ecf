"""`GET /changes` and `GET /due`: what the register tells, over HTTP, to whom it may."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

import httpx2 as httpx
import pytest
from starlette.applications import Starlette

from tests.districts import application, enter, put_in_force
from tests.office import BASE_URL, DAY, NOW, happen
from verifier.certificate.lifecycle import Event
from verifier.cli.issuing import issuing_app
from verifier.cli.office import Office
from verifier.issuing.api.changes import ShownChanges
from verifier.issuing.api.due import ShownDeadlines
from verifier.register import clients


class Api:
    """The app, asked in this process."""

    def __init__(self, app: Starlette) -> None:
        self._app = app

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url=BASE_URL) as client:
                return await client.get(path, headers=headers)

        return asyncio.run(ask())


@pytest.fixture
def api(office: Office) -> Iterator[Api]:
    """An API on the third day, with a client of Naiman Banner's justice department."""
    enter(office)
    put_in_force(office, application("32000000001", "奈曼旗应急管理局"), issuer="150000")
    put_in_force(office, application("32000000002", "库伦旗应急管理局"), issuer="150000")
    for number in ("32000000001", "32000000002"):
        happen(office, Event.LOST, number)
    app = issuing_app(office, lambda: NOW + 10 * DAY)
    yield Api(app)
    app.state.desk.writer.close()


def header(office: Office, *actions: str, authority: str = "150525") -> dict[str, str]:
    with office.database.writing() as connection:
        _, token = clients.create(
            connection, name="test", authority=authority, agency=None, actions=actions,
            expires=NOW + 365 * DAY, now=NOW,
        )  # fmt: skip
    return {"authorization": f"Bearer {token}"}


def get(api: Api, path: str, headers: dict[str, str]) -> Any:
    answer = api.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_client_reads_the_changes_of_its_area_page_by_page(office: Office, api: Api) -> None:
    headers, after, read = header(office, "changes"), 0, []
    while True:
        page = get(api, f"/changes?after={after}&limit=1", headers)
        ShownChanges.model_validate(page)
        read += page["changes"]
        after = page["next"]
        if not page["more"]:
            break
    assert [(each["number"], each["event"]) for each in read] == [
        ("32000000001", "issued"), ("32000000001", "lost"),
    ]  # fmt: skip


def test_a_client_is_told_what_is_due_in_its_area(office: Office, api: Api) -> None:
    content = get(api, "/due?kind=loss_notice&within=365", header(office, "due"))
    ShownDeadlines.model_validate(content)
    (found,) = content["deadlines"]
    assert (found["number"], found["rule"], found["overdue"]) == ("32000000001", "IM-2023 Art 19", False)
    everywhere = header(office, "due", authority="150000")
    first = get(api, "/due?limit=1", everywhere)
    rest = get(api, f"/due?after={first['next']}", everywhere)
    assert [each["number"] for each in first["deadlines"] + rest["deadlines"]] == [
        "32000000001",
        "32000000002",
    ]


@pytest.mark.parametrize("path", ["/changes", "/due"])
def test_a_token_for_something_else_is_told_nothing(office: Office, api: Api, path: str) -> None:
    assert api.get(path).status_code == 401
    assert api.get(path, headers=header(office, "read", "issue")).status_code == 403


@pytest.mark.parametrize(
    "query",
    ["/changes?limit=0", "/changes?limit=1001", "/changes?after=-1", "/changes?after=9223372036854775808",
     "/changes?after=x", "/due?limit=1001", "/due?after=1", "/due?after=1.2.٣", "/due?kind=holiday",
     "/due?within=36501", "/due?issuer=%27", "/due?" + "kind=review&" * 9],
)  # fmt: skip
def test_what_is_out_of_bounds_is_refused(office: Office, api: Api, query: str) -> None:
    answer = api.get(query, headers=header(office, "changes", "due"))
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_largest_that_is_allowed_is_answered(office: Office, api: Api) -> None:
    headers = header(office, "changes", "due")
    last = (1 << 63) - 1
    assert get(api, f"/changes?limit=1000&after={last}", headers) == {
        "changes": [],
        "next": last,
        "more": False,
    }
    get(api, "/due?limit=1000&within=36500&after=999999999999999.99.999999999999999999", headers)


def test_what_is_told_is_in_openapi_with_examples(api: Api) -> None:
    paths = api.get("/openapi.json").json()["paths"]
    for path in ("/changes", "/due"):
        assert {"200", "401", "403", "422"} <= set(paths[path]["get"]["responses"])
