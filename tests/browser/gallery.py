"""Takes the pictures of the documents: `python -m tests.browser.gallery FOLDER`, on a demo of its own."""

import sys
import tempfile
from pathlib import Path

import zxingcpp
from PIL import Image

from tests.browser.browsing import chromium, phone
from tests.running import LIANGZHENG, Server, environment, free_port, succeed
from verifier.issuing.samples.exhibits import EXHIBITS


def main(folder: Path) -> None:
    """Take a picture of each state, light and dark."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as directory:
        data_dir, port = Path(directory) / "data", free_port()
        succeed(data_dir, "demo", "--no-serve", "--port", str(port))
        command = [str(LIANGZHENG), "serve", "scan", "--port", str(port)]
        shows = ["valid", *(exhibit.shows for exhibit in EXHIBITS), "forged", "unregistered", "differs"]
        with Server(command, environment(data_dir), port), chromium() as browser:
            for name in shows:
                with Image.open(data_dir / "demo" / f"{name}.png") as picture:
                    (found,) = zxingcpp.read_barcodes(picture)
                for scheme in ("light", "dark"):
                    with phone(browser, scheme="dark" if scheme == "dark" else "light") as context:
                        page = context.new_page()
                        page.goto(found.text.lower(), wait_until="networkidle")
                        page.screenshot(path=folder / f"{name}-{scheme}.png", full_page=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
