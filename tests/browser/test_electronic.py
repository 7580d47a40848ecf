"""The electronic certificate in a real browser: read off the phone's display by a scanner."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser

from tests.browser.browsing import Scheme, chromium, phone
from tests.issuing.printing import card, decoded, largest_card, restricted_card
from verifier.certificate import code
from verifier.certificate.jurisdictions import jurisdictions
from verifier.certificate.model import Kind, Powers
from verifier.issuing import electronic
from verifier.issuing.cards import Card

CERTIFICATES = {
    "typical": card(powers=Powers.TOWNSHIP),
    "restricted": restricted_card(),
    "largest": largest_card(),
    "long": card(holder="Abcdefghijkl" * 10, kind=Kind.MINISTRY, jpeg=None),
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.mark.parametrize("of", CERTIFICATES.values(), ids=CERTIFICATES)
@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (390, "dark"), (320, "light")])
def test_the_code_on_the_display_is_read_and_nothing_is_asked_for(
    browser: Browser, tmp_path: Path, of: Card, width: int, scheme: Scheme
) -> None:
    file = tmp_path / "certificate.html"
    file.write_bytes(electronic.page(of, equal_in_force=jurisdictions()["IM-2023"].equal_in_force))
    with phone(browser, width=width, scheme=scheme) as context:
        page = context.new_page()
        asked: list[str] = []
        errors: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: errors.append(message.text))
        page.goto(file.as_uri(), wait_until="load")
        picture = Image.open(io.BytesIO(page.screenshot(full_page=True)))
        assert decoded(picture) == [code.to_text(of.code, of.base_url)]
        assert errors == []
        assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
        assert picture.width == 2 * width  # nothing to scroll sideways
        symbol = page.get_by_role("img", name="二维码").bounding_box()
        assert symbol is not None
        assert symbol["width"] >= 0.9 * width
        photo = page.locator("img").first
        if of.photo:
            box = photo.bounding_box()
            assert box is not None
            assert box["height"] / box["width"] == pytest.approx(413 / 295, rel=0.02)
