"""docs/code-format.md says what the code does: example, bounds, reasons and verdicts."""

import json
import re
from dataclasses import fields

from tests.vectors import document, generate
from verifier.certificate.bounds import BOUNDS
from verifier.certificate.verdicts import Reason, Verdict

TEXT = document.DOCUMENT.read_text(encoding="utf-8")
PACKED = re.sub(r"\s+", "", re.sub(r" # .*", "", TEXT))


def section(title: str) -> str:
    return TEXT.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_the_example_is_the_vector_stage_by_stage() -> None:
    vector = json.loads((generate.DIRECTORY / "enforcement.json").read_text(encoding="utf-8"))
    stages = vector["stages"]
    for stage in ("claims", "protected", "sig_structure", "signature", "code", "text"):
        assert stages[stage] in PACKED, stage
    assert vector["key"]["private"] in PACKED
    assert vector["register"]["digest"] in PACKED


def test_the_example_is_what_a_fresh_generation_writes() -> None:
    assert generate.example() == TEXT
    assert generate.main(["--check"]) == 0


def test_every_bound_is_in_the_table() -> None:
    numbers = {int(found.replace(",", "")) for found in re.findall(r"[0-9][0-9,]*", section("Bounds"))}
    assert {getattr(BOUNDS, field.name) for field in fields(BOUNDS)} <= numbers
    assert f"0..{BOUNDS.seconds - 1} " in TEXT
    assert f"list: 0..{BOUNDS.status_lists - 1}, index: 0..{BOUNDS.status_list_entries - 1}" in TEXT


def test_every_reason_is_in_the_table_with_its_verdict() -> None:
    rows = re.findall(r"\| `(\w+)` \| `(\w+)` \|", section("Checks"))
    assert sorted(rows) == sorted((reason.value, reason.verdict.value) for reason in Reason)


def test_every_verdict_is_in_the_table() -> None:
    assert re.findall(r"^\| `(\w+)`", section("Verdicts"), re.MULTILINE) == [
        verdict.value for verdict in Verdict
    ]
