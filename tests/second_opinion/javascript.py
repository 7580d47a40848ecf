"""Runs the JavaScript verifier on vectors: one process for all of them."""

import json
import subprocess
from pathlib import Path
from typing import Any, Final

DIRECTORY: Final = Path(__file__).parent
COMMAND: Final = DIRECTORY / "verify.mjs"
_ANSWERS: Final = DIRECTORY / "answers.mjs"


def answers_to_files(paths: list[Path]) -> dict[str, Any]:
    """Give its answers to vector files: {name: {"online": {"verdict", "reason"}, "offline": …}}."""
    return _run([str(path) for path in paths], None)


def answers_to(vectors: list[dict[str, Any]]) -> dict[str, Any]:
    """Give its answers to vectors that are in no file; `trust.file` is a whole path."""
    return _run(["-"], json.dumps(vectors))


def _run(arguments: list[str], stdin: str | None) -> dict[str, Any]:
    done = subprocess.run(
        ["node", _ANSWERS, *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.stderr == ""
    answers: dict[str, Any] = json.loads(done.stdout)
    return answers
