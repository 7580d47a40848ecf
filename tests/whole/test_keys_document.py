"""docs/keys.md, from its first command to its last: two machines, one stick, and scans all the while."""

import re
import subprocess
from pathlib import Path

import orjson

from tests.running import LIANGZHENG, environment, liangzheng, succeed
from verifier.certificate.code import to_bytes

ROOT = Path(__file__).parent.parent.parent
DOCUMENT = (ROOT / "docs" / "keys.md").read_text()
BLOCKS = re.findall(r"```sh\n# (at the office|on the offline machine)\n(.*?)```", DOCUMENT, re.DOTALL)
AGENCY = "某局"


class Machines:
    """The office and the offline machine; both see the stick."""

    def __init__(self, tmp_path: Path) -> None:
        self.directories = {
            "at the office": tmp_path / "office",
            "on the offline machine": tmp_path / "vault",
        }
        self.office = self.directories["at the office"]
        self.office.mkdir()
        self.stick = tmp_path / "stick"
        self.stick.mkdir()
        self.signed_by = ""
        listed = re.search(r"```toml\n(.*?)```", (ROOT / "docs/operations.md").read_text(), re.DOTALL)
        assert listed
        (self.stick / "authorities.toml").write_text(listed[1])

    def run(self, where: str, block: str) -> None:
        env = environment(self.directories[where])
        if "$KID" in block:
            env["KID"] = self.active() if "retire" in block else self.signed_by
        env["PATH"] = f"{LIANGZHENG.parent}:{env['PATH']}"
        done = subprocess.run(
            ["/bin/sh", "-ec", block],
            env=env,
            cwd=self.stick,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{where}: {block}\n{done.stderr}"

    def active(self) -> str:
        keys = orjson.loads(succeed(self.office, "keys", "list", "--json"))
        return next(str(key["kid"]) for key in keys if key["issuer"] and key["state"] == "active")

    def states(self) -> list[tuple[str, str]]:
        keys = orjson.loads(succeed(self.office, "keys", "list", "--json"))
        return [(key["purpose"], key["state"]) for key in keys]


def test_every_block_of_the_document_says_where_it_is_run() -> None:
    assert len(BLOCKS) == DOCUMENT.count("```sh") > 12


def test_the_document_works_from_its_first_command_to_its_last(tmp_path: Path) -> None:
    machines = Machines(tmp_path)
    roster = ROOT / "verifier/issuing/samples/officer-list.csv"
    codes: list[str] = []
    for at, (where, block) in enumerate(BLOCKS):
        machines.run(where, block)
        if at == 3:  # the first list is published
            issue = ("import", str(roster), "--issuer", "650000", "--agency", AGENCY, "--json")
            assert orjson.loads(succeed(machines.office, *issue))["accepted"] > 10
            number = "31000099001"
            codes.append(succeed(machines.office, "code", number, "--text").strip())
            machines.signed_by = to_bytes(codes[0].rpartition("/")[2])[8:12].hex()
        if "keys resign" in block:
            codes.append(succeed(machines.office, "code", number, "--text").strip())
            old, new = (liangzheng(machines.office, "check", code, "--json") for code in codes)
            assert orjson.loads(old.stdout)["reason"] == "key_compromised"
            assert orjson.loads(new.stdout)["reason"] == "valid"
    assert codes[0] != codes[1]
    assert machines.states().count(("certificate", "compromised")) == 1
    assert machines.states().count(("certificate", "active")) == 1
    assert {file.name for file in (machines.stick / "public").iterdir()} == {
        "trust.cose", "directory.cose", "roots.cbor", "trust.json", "jwks.json", "keys.cose",
    }  # fmt: skip
    assert "15 certificates" in succeed(machines.office, "audit")
    assert orjson.loads((machines.stick / "public/trust.json").read_bytes())["version"] == 4
