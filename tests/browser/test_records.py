"""The records in a real browser: on a phone and a desk, in the dark and on paper, without JavaScript."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser

from tests.browser.browsing import Scheme, chromium, phone
from tests.running import LIANGZHENG, Server, environment, free_port

AGENCY = "新疆维吾尔自治区机关事务管理局"
PAGES = {
    "/officers": "行政执法人员名录",
    f"/officers?issuer=650000&agency={quote(AGENCY)}": AGENCY,
    f"/officers?issuer=150000&officer={quote('王')}": "人员查找",
    "/notices": "证件公告",
    "/look-up": "按编号和姓名查询",
    "/officers?limit=0": "无法完成",
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def records(demo_dir: Path) -> Iterator[Server]:
    port = free_port()
    command = [str(LIANGZHENG), "serve", "records", "--port", str(port)]
    with Server(command, environment(demo_dir), port) as server:
        yield server


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (390, "dark"), (1_280, "light")])
def test_a_page_fits_and_asks_nobody_else(
    records: Server, browser: Browser, path: str, width: int, scheme: Scheme
) -> None:
    with phone(browser, width=width, scheme=scheme) as context:
        page = context.new_page()
        asked: list[str] = []
        errors: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: errors.append(message.text))
        page.goto(f"http://127.0.0.1:{records.port}{path}", wait_until="load")
        assert PAGES[path] in page.get_by_role("heading", level=1).inner_text()
        for element in ("body", "main", "header"):
            box = page.locator(element).bounding_box()
            assert box is not None
            assert box["x"] + box["width"] <= width  # nothing to scroll sideways
        assert all(url.startswith(f"http://127.0.0.1:{records.port}/") for url in asked)
        assert [error for error in errors if "400" not in error] == []


def test_the_forms_work_under_the_pages_policy(records: Server, browser: Browser) -> None:
    with phone(browser) as context:
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{records.port}/look-up")
        page.get_by_label("执法证编号").fill("31000099101")
        page.get_by_label("持证人姓名").fill("赵 清和")
        page.get_by_role("button").click()
        assert "暂扣" in page.locator(".result.suspended").inner_text()
        assert page.get_by_text("没有核验二维码签名").is_visible()
        assert "赵" not in page.url
        page.get_by_role("link", name="人员名录").click()
        page.get_by_label("执法机关名称").fill("机关事务")
        page.get_by_role("button").click()
        page.get_by_role("link", name=AGENCY).click()
        page.get_by_label("姓名或执法证编号的开头").fill("郝")
        page.get_by_role("button").click()
        assert page.get_by_role("rowheader", name="郝友轮").is_visible()


def test_paper_has_the_records_and_no_forms(records: Server, browser: Browser) -> None:
    with phone(browser) as context:
        page = context.new_page()
        page.emulate_media(media="print")
        page.goto(f"http://127.0.0.1:{records.port}/officers?issuer=650000&agency={quote(AGENCY)}")
        assert page.get_by_role("rowheader", name="郝友轮").is_visible()
        assert not page.locator("form").first.is_visible()
        assert not page.locator("nav").is_visible()
