"""Writes the test vectors of the code format, one JSON each: `python -m tests.vectors.generate [--check]`.

The worked example of docs/code-format.md is written with them.

Everything follows from fixed keys, times and texts, and signing is deterministic (RFC 6979): two runs write
the same bytes. With `--check`, nothing is written; files that differ are named, and the exit status is 1.
"""

import itertools
import json
import sys
from pathlib import Path
from typing import Any, Final

from tests.vectors import attacks, document, forms, issued, status_lists
from tests.vectors.case import Case, trust_json

DIRECTORY: Final = Path(__file__).parent / "v1"
STATUS_LISTS: Final = Path(__file__).parent / "status-lists-v1"


def cases() -> list[Case]:
    """Give all vectors."""
    return list(
        itertools.chain(
            issued.forms(), issued.lives(), issued.knowledge(), issued.spellings(),
            attacks.texts(), attacks.hosts(), attacks.frames(), attacks.headers(), attacks.signatures(),
            forms.dates(), forms.texts(), forms.facts(), forms.maps(),
        )
    )  # fmt: skip  # from the genuine to the malformed


def files() -> dict[str, bytes]:
    """Give the content of every file, by name."""
    contents = {f"{case.name}.json": _json(case.to_json()) for case in cases()}
    return contents | {"trust.json": _json(trust_json())}


def list_files() -> dict[str, bytes]:
    """Give the content of every file of the check by a status list, by name."""
    return {f"{case.name}.json": _json(case.to_json()) for case in status_lists.cases()}


def differing(directory: Path = DIRECTORY, expected: dict[str, bytes] | None = None) -> list[str]:
    """Name the files that are missing, differ, or should not be there."""
    expected = files() if expected is None else expected
    present = {path.name: path.read_bytes() for path in directory.iterdir()} if directory.exists() else {}
    return sorted(
        name for name in expected.keys() | present.keys() if expected.get(name) != present.get(name)
    )


def example() -> str:
    """Give docs/code-format.md with its example written anew."""
    return document.with_example(document.DOCUMENT.read_text(encoding="utf-8"), cases()[0])


def main(arguments: list[str]) -> int:
    """Write the vectors, or compare them."""
    if arguments == ["--check"]:
        names = [*differing(), *differing(STATUS_LISTS, list_files())]
        if example() != document.DOCUMENT.read_text(encoding="utf-8"):
            names.append(document.DOCUMENT.name)
        for name in names:
            sys.stderr.write(f"{name} differs from a fresh generation\n")
        return 1 if names else 0
    if arguments:
        sys.stderr.write("usage: python -m tests.vectors.generate [--check]\n")
        return 2
    for directory, contents in ((DIRECTORY, files()), (STATUS_LISTS, list_files())):
        directory.mkdir(exist_ok=True)
        for name, content in contents.items():
            (directory / name).write_bytes(content)
    document.DOCUMENT.write_text(example(), encoding="utf-8")
    return 0


def _json(content: dict[str, Any]) -> bytes:
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
