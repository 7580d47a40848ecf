"""docs/signers.md: its commands, with a real token and a real program."""

import re
import subprocess
import sys
from pathlib import Path

from tests.keys.softhsm import SoftHsm
from tests.running import LIANGZHENG, environment, liangzheng, serving, succeed
from verifier.certificate.code import to_bytes

ROOT = Path(__file__).parent.parent.parent
BLOCKS = re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / "signers.md").read_text(), re.DOTALL)
NUMBER = "31000077001"
FACTS = ("--holder", "马晓东", "--agency", "某局", "--category", "应急管理", "--area", "全疆")


def test_keys_in_a_token_and_behind_a_program_sign_what_scans_take(
    data_dir: Path, hsm: SoftHsm, tmp_path: Path
) -> None:
    program = f"{sys.executable} {ROOT}/tests/keys/kms.py {tmp_path}"
    settings = hsm.environment | {"LIANGZHENG_SIGN_COMMAND": program}
    env = environment(data_dir, **settings)
    env["PATH"] = f"{LIANGZHENG.parent}:{env['PATH']}"
    assert len(BLOCKS) == 2
    for block in BLOCKS:
        subprocess.run(["/bin/sh", "-ec", block], env=env, check=True, capture_output=True, timeout=60)
    listed = succeed(data_dir, "keys", "list", **settings)
    assert listed.count("in pkcs11:liangzheng") == 2
    assert listed.count("in command") == 1
    succeed(data_dir, "keys", "trust", **settings)
    succeed(
        data_dir, "issue", NUMBER, "--issuer", "650000", *FACTS, **settings
    )  # the head by the program's key
    code = succeed(data_dir, "code", NUMBER, "--text").strip()
    token_key = next(line for line in listed.splitlines() if "certificate" in line and "pkcs11" in line)
    assert to_bytes(code.rpartition("/")[2])[8:12].hex() == token_key.split()[0]
    with serving(data_dir) as server:  # which knows neither token nor program
        assert server.get("/" + code.rpartition("/")[2]).json["verdict"] == "valid"


def test_a_place_that_is_not_set_up_or_is_gone_is_one_clear_line_and_nothing_is_written(
    data_dir: Path, tmp_path: Path
) -> None:
    program = f"{sys.executable} {ROOT}/tests/keys/kms.py {tmp_path}"
    for place, setting in (("pkcs11:x", "PKCS11_MODULE"), ("command", "SIGN_COMMAND"), ("cloud", "'cloud'")):
        done = liangzheng(data_dir, "keys", "create", "status", "--in", place)
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        assert setting in done.stderr
    there = {"LIANGZHENG_SIGN_COMMAND": program}
    succeed(data_dir, "keys", "create", "status", "--in", "command", **there)
    succeed(data_dir, "keys", "trust", **there)
    gone = {"LIANGZHENG_SIGN_COMMAND": "/nowhere/kms"}
    done = liangzheng(data_dir, "suspend", "31000099001", **gone)
    assert (done.returncode, done.stderr) == (1, "liangzheng: the signing program cannot be run, or ended\n")
    assert "valid" in succeed(data_dir, "show", "31000099001")
    succeed(data_dir, "suspend", "31000099001", **there)
