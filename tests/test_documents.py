"""What the documents say is what the program does."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import orjson
import pytest

from tests.running import LIANGZHENG, Server, environment, free_port, succeed
from verifier.certificate.jurisdictions import jurisdiction_of
from verifier.cli.main import COMMANDS
from verifier.register import authorities
from verifier.settings import PREFIX, Settings

ROOT = Path(__file__).parent.parent
_SUBCOMMANDS = "create|list|trust|rotate|retire|compromise|resign|sign|export|add|remove|deliver"
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


def test_every_setting_is_in_the_readme_and_nothing_else_is() -> None:
    table = (ROOT / "README.md").read_text()
    documented = re.findall(rf"^\| `({PREFIX}[A-Z0-9_]+)` \|", table, re.MULTILINE)
    assert documented == [PREFIX + name.upper() for name in Settings.model_fields]


def test_every_command_is_in_both_readmes() -> None:
    commands = list(COMMANDS)
    for name in ("README.md", "README.zh-CN.md"):
        text = (ROOT / name).read_text()
        assert [command for command in commands if f"`{command}" not in text] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_to_files_that_are_there(document: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", document.read_text()):
        assert link.startswith("https://") or (document.parent / link).exists(), link


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_in_documents_take_the_options_that_are_shown(document: Path, demo_dir: Path) -> None:
    for block in re.findall(r"```sh\n(.*?)```", document.read_text(), re.DOTALL):
        for line in block.splitlines():
            match = re.match(rf"(?:\.venv/bin/)?liangzheng ([a-z]+(?: (?:{_SUBCOMMANDS}))?)", line)
            if match:
                usage = succeed(demo_dir, *match[1].split(), "--help")
                for option in re.findall(r"--[a-z-]+", line.split("#")[0]):
                    assert option in usage, line


def test_the_readme_commands_work_on_the_demo(data_dir: Path, tmp_path: Path) -> None:
    block = re.search(r"terminal:\n\n```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert block
    for line in block[1].splitlines():
        arguments = line.split("#")[0].split()[1:]
        arguments = [str(tmp_path / each) if each == "card.png" else each for each in arguments]
        succeed(data_dir, *arguments)
    assert (tmp_path / "card.png").read_bytes().startswith(b"\x89PNG")


def test_the_example_of_an_answer_has_the_members_of_a_real_one(server: Server, demo_dir: Path) -> None:
    block = re.search(r"```json\n(.*?)```", (ROOT / "docs" / "integrators.md").read_text(), re.DOTALL)
    assert block
    example = orjson.loads(block[1])
    text = succeed(demo_dir, "code", "31000099101", "--text").strip()
    answer = server.get("/" + text.rsplit("/", 1)[1]).json
    assert list(example) == list(answer)
    for member in ("verdict", "reason", "message", "complaint", "presentation"):
        assert example[member] == answer[member]
    assert list(example["certificate"]) == list(answer["certificate"])
    assert list(example["status"]) == list(answer["status"])


def test_the_example_of_authorities_is_taken() -> None:
    block = re.search(r"```toml\n(.*?)```", (ROOT / "docs" / "operations.md").read_text(), re.DOTALL)
    assert block
    listed = authorities.parse(block[1].encode())
    assert (listed.issuers[0].code, listed.agencies[0].complaint.phone) == ("650000", "0991-0000001")


def test_from_nothing_to_the_first_certificate_as_the_document_says(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    steps = re.search(r"say it in full\):\n\n```sh\n(.*?)```", text, re.DOTALL)
    listed = re.search(r"```toml\n(.*?)```", text, re.DOTALL)
    assert steps
    assert listed
    (tmp_path / "authorities.toml").write_text(listed[1])
    (tmp_path / "roster.xlsx").write_bytes((ROOT / "verifier/issuing/samples/officer-list.csv").read_bytes())
    for line in steps[1].splitlines():
        arguments = line.split("#")[0].split()
        if arguments[0] == "liangzheng" and arguments[1] != "serve":
            arguments = [str(tmp_path / each) if "." in each else each for each in arguments[1:]]
            succeed(tmp_path / "data", *arguments)
    assert "15 certificates" in succeed(tmp_path / "data", "audit")


def test_the_command_and_the_health_check_of_the_container_work_as_processes(data_dir: Path) -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    command, check = (
        orjson.loads(found)
        for found in re.findall(r"^(?:CMD|HEALTHCHECK .* CMD) (\[.*\])$", dockerfile, re.MULTILINE)[::-1]
    )
    port = free_port()
    command = [str(LIANGZHENG), *(str(port) if each == "8000" else each for each in command[1:])]
    command[command.index("0.0.0.0")] = "127.0.0.1"  # the container's own network, not ours
    with Server(command, environment(data_dir), port):
        probe = [sys.executable, "-c", check[2].replace("8000", str(port))]
        assert subprocess.run(probe, check=False).returncode == 0
    assert subprocess.run(probe, check=False, stderr=subprocess.DEVNULL).returncode == 1


def test_the_dockerfile_is_clean() -> None:
    linter = Path(sys.executable).with_name("hadolint")
    done = subprocess.run(
        [linter, "--no-color", ROOT / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_versions_are_locked_with_hashes_and_without_an_address() -> None:
    for name in ("requirements.txt", "requirements-dev.txt", "requirements-second-opinion.txt"):
        text = (ROOT / name).read_text()
        assert "://" not in text
        assert "--index" not in text
        packages = re.findall(r"^[a-z0-9].*$", text, re.MULTILINE)
        assert packages
        assert all("==" in package and package.endswith("\\") for package in packages)


def test_the_table_of_reasons_is_that_of_the_rules() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    rows = re.findall(r"^\| `(suspend|withdraw|cancel|lose)` \| (.*) \| (.*) \|$", text, re.MULTILINE)
    commands = {"suspend": "suspended", "withdraw": "withdrawn", "cancel": "cancelled", "lose": "lost"}
    assert [row[0] for row in rows] == list(commands)
    for command, inner_mongolia, xinjiang in rows:
        for area, cell in (("15", inner_mongolia), ("65", xinjiang)):
            known = jurisdiction_of(area).events.get(commands[command])
            assert re.findall(r"`([a-z_]+)`", cell) == list(known.reasons if known else ())


def test_every_rule_of_the_document_names_tests_that_are_there() -> None:
    text = (ROOT / "docs" / "rules.md").read_text()
    named = re.findall(r"`(tests/[a-z_/]+\.py)(?:::(\w+))?`", text)
    assert len(named) > 40
    for path, function in named:
        assert f"def {function or 'test_'}" in (ROOT / path).read_text(), (path, function)


@pytest.mark.parametrize(
    "rule",
    [
        *(f"IM-2023 Art {article}" for article in (7, 9, 11, 14, 15, 17, 18, 19, 21, 22, 23, 24, 25)),
        *(f"XJ-2022 Art {article}" for article in (4, 13, 14, 15, 16, 17, 18, 21)),
        *(f"XJ-EM-2020 Art {article}" for article in (8, 14, 15, 16, 17, 20)),
        *("NM-2022 2(2)", "NM-2022 2(3), 3(2)", "NM-2022 annexes 1 to 3", "NM-2022 part 2"),
        *("XJ-GGJ-2022 2(8)", "XJ-GGJ-2022 annex 2", "XJ-GGJ-2022 part 2(5)"),
    ],
)
def test_every_rule_that_we_serve_is_in_the_document(rule: str) -> None:
    assert rule in (ROOT / "docs" / "rules.md").read_text()


def test_no_file_of_rules_is_without_a_source() -> None:
    for file in (ROOT / "verifier/certificate/rules").glob("*.toml"):
        rules = tomllib.loads(file.read_text())
        for event in rules["events"].values():
            assert event["rule"], file.name
            assert all(reason["rule"] for reason in event.get("reasons", {}).values()), file.name
