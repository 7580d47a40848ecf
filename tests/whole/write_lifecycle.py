"""`make lifecycle`: walk the stories, and write the tables of docs/lifecycle.md from what came of them."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.whole.test_life import DOCUMENT

MARK = "<!-- from here on written by `make lifecycle` -->\n"


def main() -> None:
    """Run the walk, and put its tables below the mark."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "tests/whole/test_life.py", "-k", "story_goes"],
            env=os.environ | {"WRITE_LIFECYCLE": folder},
            check=True,
        )
        tables = [path.read_text() for path in sorted(Path(folder).iterdir())]
    head = DOCUMENT.read_text().split(MARK)[0]
    DOCUMENT.write_text(head + MARK + "\n" + "\n".join(tables))


if __name__ == "__main__":
    main()
