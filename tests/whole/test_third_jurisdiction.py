"""Another region is added by a file alone: the program is copied, a file is put into it, and nothing else."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
GANSU = """
key = "GS-2030"
name = { zh = "甘肃省行政执法证件管理办法", en = "Gansu, measures" }
area = "62"
region = { zh = "甘肃", en = "Gansu" }
in_force = true
number = { pattern = "GS[0-9]{6}", form = { zh = "GS 和 6 位数字", en = "GS and 6 digits" } }
validity = { years = 4, rule = "GS-2030 Art 9" }
renewal = { months = 2, rule = "GS-2030 Art 9" }
suspension = { months = 6, rule = "GS-2030 Art 12" }
loss = { notice_days = 15, reissue_after_days = 15, rule = "GS-2030 Art 11" }
proposals = { order = ["region"], rule = "GS-2030 Art 4" }
serves = { region = ["region", "prefecture", "county"], rule = "GS-2030 Art 4" }

[issuing]
enforcement = { by = ["region"], rule = "GS-2030 Art 4" }
supervision = { by = ["region"], rule = "GS-2030 Art 4" }
ministry = { by = ["region"], rule = "GS-2030 Art 4" }

[events]
issued = { by = ["issuer"], rule = "GS-2030 Art 4" }
suspended = { by = ["issuer"], rule = "GS-2030 Art 12" }
reinstated = { by = ["issuer"], rule = "GS-2030 Art 12" }
withdrawn = { by = ["issuer"], rule = "GS-2030 Art 13" }

[events.cancelled]
by = ["issuer"]
rule = "GS-2030 Art 14"
reasons.left = { words = { zh = "离岗", en = "left" }, rule = "GS-2030 Art 14" }
"""
AUTHORITIES = """
[[issuers]]
code = "620000"
name = "甘肃省司法厅"
area = "620000"
complaint = { body = "甘肃省司法厅" }
"""


def test_a_third_jurisdiction_is_a_file_and_nothing_else(tmp_path: Path) -> None:
    for package in ("keys", "verifier"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "verifier/certificate/rules/gansu.toml").write_text(GANSU)
    (tmp_path / "authorities.toml").write_text(AUTHORITIES)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LIANGZHENG_")}
    environment = clean | {"PYTHONPATH": str(tmp_path), "LIANGZHENG_DATA_DIR": str(tmp_path / "data")}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", "from verifier.cli.main import main; main()", *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
        )

    def succeed(*arguments: str) -> str:
        done = run(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    for purpose in (("root",), ("status",), ("certificate", "--issuer", "620000")):
        succeed("keys", "create", *purpose)
    succeed("keys", "trust", "authorities.toml")
    facts = ("--holder", "马晓东", "--agency", "某局", "--category", "应急管理", "--area", "甘肃省")
    wrong = run("issue", "31000036001", "--issuer", "620000", *facts)
    assert "GS and 6 digits" in wrong.stderr
    assert "2030-01-01" in succeed("issue", "GS000001", "--issuer", "620000", *facts, "--from", "2026-01-01")
    refused = run("suspend", "GS000001", "--until", "2029-01-01")
    assert "at most 6 months" in refused.stderr
    assert "GS-2030 Art 12" in refused.stderr
    succeed("suspend", "GS000001")
    assert "knows no review" in run("review", "ask", "GS000001").stderr
    succeed("cancel", "GS000001", "--reason", "left")
    assert "cancelled" in succeed("show", "GS000001")
    assert "clean" in succeed("audit")
