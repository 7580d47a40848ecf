"""The page in a real browser, at phone width, without JavaScript."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.browsing import Scheme, chromium, phone
from tests.running import Server, succeed

PAGES = {
    "31000099001": "有效",
    "31000099101": "暂扣",
    "05505239901": "已失效",
    "31000099106": "已过期",
    "31000099107": "尚未生效",
    "31000099108": "有效",
    "not ours": "不是",
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def paths(demo_dir: Path) -> dict[str, str]:
    codes = {
        number: "/" + succeed(demo_dir, "code", number, "--text").strip().rsplit("/", 1)[1]
        for number in PAGES
        if number.isdigit()
    }
    return codes | {"not ours": "/12345"}


@pytest.mark.parametrize("shows", PAGES)
@pytest.mark.parametrize("width", [320, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_verdict_is_what_meets_the_eye(
    server: Server, browser: Browser, paths: dict[str, str], shows: str, width: int, scheme: Scheme
) -> None:
    with phone(browser, width=width, scheme=scheme) as context:
        page = context.new_page()
        asked: list[str] = []
        errors: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: errors.append(message.text))
        page.goto(f"http://127.0.0.1:{server.port}{paths[shows]}", wait_until="load")
        heading = page.get_by_role("heading", level=1)
        assert PAGES[shows] in "".join(heading.inner_text().split())
        box = heading.bounding_box()
        assert box is not None
        assert box["y"] < 200
        assert box["x"] + box["width"] <= width
        body = page.locator("body").bounding_box()
        assert body is not None
        assert body["width"] <= width  # nothing to scroll sideways
        assert all(url.startswith(f"http://127.0.0.1:{server.port}/") for url in asked)
        assert [error for error in errors if "404" not in error] == []


def test_the_photo_is_seen_beside_the_name(server: Server, browser: Browser, paths: dict[str, str]) -> None:
    with phone(browser) as context:
        page = context.new_page()
        with page.expect_response("**/photos/*") as loaded:
            page.goto(f"http://127.0.0.1:{server.port}{paths['31000099001']}")
        assert loaded.value.ok
        photo = page.locator("img").bounding_box()
        assert photo is not None
        assert photo["width"] >= 120
        assert photo["height"] > photo["width"]
        assert page.get_by_text("郝友轮").first.is_visible()
