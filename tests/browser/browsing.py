"""Debian's Chromium, driven by Playwright, as a phone."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from playwright.sync_api import Browser, BrowserContext, sync_playwright

MACOS = "/Applications/Chromium.app/Contents/MacOS/Chromium"
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip

Scheme = Literal["light", "dark"]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run the browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium") or MACOS, args=QUIET)
        yield browser
        browser.close()


@contextmanager
def phone(browser: Browser, *, width: int = 390, scheme: Scheme = "light") -> Iterator[BrowserContext]:
    """Open a phone's window, without JavaScript."""
    context = browser.new_context(
        viewport={"width": width, "height": 844},
        device_scale_factor=2,
        color_scheme=scheme,
        java_script_enabled=False,
        locale="zh-CN",
    )
    yield context
    context.close()
