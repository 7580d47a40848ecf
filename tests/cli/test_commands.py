"""The commands as their users meet them: results, exit codes, one clear line for an error."""

import re
import subprocess
from pathlib import Path

import orjson
import pytest

from tests.running import LIANGZHENG, environment, liangzheng, succeed

SHOWN = "31000099001"


@pytest.mark.parametrize(
    "command",
    ["demo", "serve", "keys", "keys create", "keys list", "keys trust", "clients", "clients create",
     "clients list", "clients withdraw", "clients calls", "import", "export", "issue", "suspend",
     "reinstate", "withdraw", "cancel", "lose", "replace", "review", "take-back", "destroy", "show", "code",
     "card", "check", "due", "webhooks", "webhooks add", "webhooks list", "webhooks remove",
     "webhooks deliver", "audit"],
)  # fmt: skip
def test_every_command_explains_itself(demo_dir: Path, command: str) -> None:
    assert "Usage: liangzheng" in succeed(demo_dir, *command.split(), "--help")


def test_no_command_at_all_shows_the_list(demo_dir: Path) -> None:
    assert "suspend" in succeed(demo_dir)


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (("nothing",), 2, "No such command"),
        (("show",), 2, "Missing argument"),
        (("show", "--nothing", SHOWN), 2, "No such option"),
        (("suspend", SHOWN, "--until", "soon"), 2, "give a date"),
        (("serve", "nothing"), 2, "nothing"),
        (("show", "99999999999"), 1, "no certificate 99999999999"),
        (("show", SHOWN, "--issuer", "150000"), 1, "no certificate 31000099001 of issuer 150000"),
        (("suspend", "05505230001"), 1, "IM-2023 knows no suspension"),
        (("suspend", SHOWN, "--until", "2020-01-01"), 1, "must lie in the future"),
        (("suspend", SHOWN, "--until", "2099-01-01"), 1, "at most 3 months.*XJ-2022 Art 18"),
        (("suspend", SHOWN, "--reason", "mood"), 1, "knows no reason 'mood'"),
        (("reinstate", SHOWN), 1, "not suspended"),
        (("cancel", SHOWN, "--reason", "expired"), 1, "has not expired"),
        (("withdraw", "31000099104"), 1, "already cancelled"),
        (("issue", "123", "--issuer", "650000"), 1, "must be 11 digits"),
        (("issue", "31000097001", "--issuer", "650000"), 1, "holder: is missing"),
        (("issue", SHOWN, "--issuer", "650000", "--holder", "某", "--agency", "某", "--category", "某",
          "--area", "某"), 1, "already in the register"),
        (("keys", "create", "nothing"), 2, "purposes are"),
        (("keys", "create", "certificate"), 1, "belongs to an issuer"),
        (("keys", "create", "root"), 1, "exists already"),
        (("check", "123"), 1, ""),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said_in_one_line(
    demo_dir: Path, arguments: tuple[str, ...], status: int, says: str
) -> None:
    done = liangzheng(demo_dir, *arguments)
    assert done.returncode == status
    assert len(done.stderr.splitlines()) == (1 if says else 0)
    assert re.search(says, done.stderr)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("MAX_STATUS_AGE", "hunter2"),
        ("BASE_URL", "ftp://hunter2"),
        ("NOTHING", "hunter2"),
        ("CODE_CACHE", "-1"),
    ],
)
def test_a_bad_setting_is_named_and_its_value_is_not_repeated(
    demo_dir: Path, setting: str, value: str
) -> None:
    done = liangzheng(demo_dir, "audit", **{f"LIANGZHENG_{setting}": value})
    assert done.returncode == 1
    assert setting in done.stderr
    assert value not in done.stderr


def test_without_a_register_the_error_says_what_to_do(tmp_path: Path) -> None:
    for command in (["audit"], ["show", SHOWN], ["serve", "scan"], ["check", "123"]):
        done = liangzheng(tmp_path / "none", *command)
        assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
        assert "liangzheng demo" in done.stderr
    assert not (tmp_path / "none").exists()


def test_events_of_a_certificate_are_shown_in_their_order(data_dir: Path) -> None:
    succeed(data_dir, "suspend", SHOWN, "--reason", "procedure")
    succeed(data_dir, "reinstate", SHOWN)
    succeed(data_dir, "lose", SHOWN, "--reason", "lost")
    shown = orjson.loads(succeed(data_dir, "show", SHOWN, "--json"))
    assert [event["event"] for event in shown["events"]] == ["issued", "suspended", "reinstated", "lost"]
    assert (shown["verdict"], shown["reason"]) == ("revoked", "lost")


def test_show_gives_nothing_that_is_not_public(demo_dir: Path) -> None:
    shown = succeed(demo_dir, "show", "05505230001", "--json") + succeed(demo_dir, "show", "05505230001")
    for private in ("990000197106030058", "ZG2022000001", "行政检查"):
        assert private not in shown


def test_text_is_the_url_alone_on_one_line(demo_dir: Path) -> None:
    text = succeed(demo_dir, "code", SHOWN, "--text", LIANGZHENG_BASE_URL="https://v.example.gov.cn")
    assert re.fullmatch(r"HTTPS://V\.EXAMPLE\.GOV\.CN/[0-9]{300,1024}\n", text)


def test_check_works_offline_from_argument_and_stdin(demo_dir: Path) -> None:
    text = succeed(demo_dir, "code", SHOWN, "--text")
    assert "valid (valid)" in succeed(demo_dir, "check", text.strip())
    answer = orjson.loads(succeed(demo_dir, "check", "-", "--json", stdin=text))
    assert (answer["verdict"], answer["certificate"]["number"], answer["status"]) == ("valid", SHOWN, None)
    assert answer["checked_offline"] is True


def test_offline_a_withdrawn_certificate_looks_valid_and_the_command_says_what_it_did_not_ask(
    demo_dir: Path,
) -> None:
    text = succeed(demo_dir, "code", "05505239901", "--text").strip()
    done = liangzheng(demo_dir, "check", text)
    assert done.returncode == 0
    assert "cannot be told offline" in done.stdout
    assert "holds now" not in done.stdout


def test_a_code_of_another_host_is_called_out(demo_dir: Path) -> None:
    digits = succeed(demo_dir, "code", SHOWN, "--text").strip().rsplit("/", 1)[1]
    done = liangzheng(demo_dir, "check", f"https://evil.example/{digits}", "--json")
    answer = orjson.loads(done.stdout)
    assert (done.returncode, answer["verdict"], answer["reason"]) == (1, "not_a_certificate", "foreign_host")
    assert answer["certificate"] is None


def test_private_keys_are_for_their_owner_alone(demo_dir: Path) -> None:
    secrets = [*(demo_dir / "keys").glob("*.pem"), demo_dir / "keys" / "passphrase"]
    assert len(secrets) == 5
    assert {path.stat().st_mode & 0o777 for path in secrets} == {0o600}
    assert all(b"ENCRYPTED PRIVATE KEY" in path.read_bytes() for path in secrets[:-1])


def test_a_passphrase_that_others_may_read_is_refused(data_dir: Path) -> None:
    (data_dir / "keys" / "passphrase").chmod(0o644)
    assert "others may read it" in liangzheng(data_dir, "lose", SHOWN).stderr


def test_a_trust_list_of_another_root_is_refused(data_dir: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    succeed(other, "demo", "--no-serve")
    (data_dir / "root.pub.pem").write_bytes((other / "root.pub.pem").read_bytes())
    done = liangzheng(data_dir, "audit")
    assert (done.returncode, "pinned root" in done.stderr) == (1, True)


def test_publishing_gives_the_next_version(data_dir: Path) -> None:
    assert "published trust list 2" in succeed(data_dir, "keys", "trust")
    assert "published trust list 3" in succeed(data_dir, "keys", "trust")
    succeed(data_dir, "audit")


def test_authorities_and_agencies_come_from_a_file(data_dir: Path, tmp_path: Path) -> None:
    listed = tmp_path / "authorities.toml"
    listed.write_text(
        '[[issuers]]\ncode = "650100"\nname = "乌鲁木齐市司法局"\narea = "650100"\nlevel = "prefecture"\n'
        'complaint = { body = "执法监督处", phone = "0991-0000009" }\n'
    )
    succeed(data_dir, "keys", "create", "certificate", "--issuer", "650100", "--kind", "enforcement")
    assert "5 issuers, 4 keys" in succeed(data_dir, "keys", "trust", str(listed))
    issue = (
        "--issuer",
        "650100",
        "--holder",
        "马晓东",
        "--agency",
        "某局",
        "--category",
        "应急管理",
        "--area",
        "全市",
    )
    assert "issued" in succeed(data_dir, "issue", "31000097001", *issue)
    done = liangzheng(data_dir, "issue", "31000097002", *issue, "--kind", "supervision")
    assert (done.returncode, "no active certificate key" in done.stderr) == (1, True)


def test_a_directory_out_of_form_says_where(data_dir: Path, tmp_path: Path) -> None:
    listed = tmp_path / "authorities.toml"
    listed.write_text('[[issuers]]\ncode = "650100"\n')
    assert "issuers.0.name" in liangzheng(data_dir, "keys", "trust", str(listed)).stderr


def test_a_key_of_an_unknown_issuer_is_left_out_and_named(data_dir: Path) -> None:
    succeed(data_dir, "keys", "create", "certificate", "--issuer", "999999")
    done = liangzheng(data_dir, "keys", "trust")
    assert (done.returncode, "3 keys" in done.stdout) == (0, True)
    assert "of issuer 999999, which the register does not know" in done.stderr
    succeed(data_dir, "audit")


def test_an_area_without_rules_is_refused_at_once(data_dir: Path, tmp_path: Path) -> None:
    listed = tmp_path / "authorities.toml"
    listed.write_text(
        '[[issuers]]\ncode = "310000"\nname = "上海"\narea = "310000"\ncomplaint = { body = "处" }\n'
    )
    assert "no rules for areas 31" in liangzheng(data_dir, "keys", "trust", str(listed)).stderr


def test_what_is_hardly_meant_is_remarked_on(data_dir: Path) -> None:
    done = liangzheng(
        data_dir, "issue", "31000097001", "--issuer", "650000", "--holder", "马晓东", "--agency", "不存在局",
        "--category", "应急管理", "--area", "全疆", "--from", "2010-01-01",
    )  # fmt: skip
    assert done.returncode == 0
    assert "has expired already" in done.stderr
    assert "不存在局 is in no directory" in done.stderr


@pytest.mark.parametrize(
    "content",
    [b"\xff\xfe", b"a = " + b"[" * 20_000, b"a = " + b"9" * 5_000, b"[[issuers]]\ncode = 1\n", b"\x00"],
    ids=["not UTF-8", "nested", "long number", "wrong type", "zero"],
)
def test_a_hostile_directory_is_refused_in_one_line(data_dir: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "authorities.toml").write_bytes(content)
    done = liangzheng(data_dir, "keys", "trust", str(tmp_path / "authorities.toml"))
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "url",
    [
        "sqlite+aiosqlite:///x",
        "sqlite+nope:///x",
        "sqlite://host//x",
        "sqlite:///x?timeout=abc",
        "postgresql://h/d",
    ],
)
def test_another_database_is_refused_in_one_line(demo_dir: Path, url: str) -> None:
    done = liangzheng(demo_dir, "audit", LIANGZHENG_DATABASE_URL=url)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "SQLite file" in done.stderr


@pytest.mark.parametrize("date", ["9999-01-01", "0001-01-01", "1969-12-31", "2200-01-01"])
def test_a_date_without_sense_is_wrong_usage(demo_dir: Path, date: str) -> None:
    done = liangzheng(demo_dir, "issue", "31000097001", "--issuer", "650000", "--from", date)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)


def test_an_argument_that_is_no_text_is_wrong_usage(demo_dir: Path) -> None:
    done = subprocess.run(
        [LIANGZHENG, "show", b"\xff"], env=environment(demo_dir), capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (2, b"liangzheng: an argument is not UTF-8\n")


def test_the_register_is_for_its_owner_alone(demo_dir: Path) -> None:
    assert (demo_dir / "register.sqlite").stat().st_mode & 0o077 == 0


def test_the_actor_is_the_account_and_not_what_the_environment_says(data_dir: Path) -> None:
    succeed(
        data_dir, "suspend", SHOWN, LOGNAME="\x1b[31mnobody", USER="nobody", LNAME="nobody", USERNAME="nobody"
    )
    assert "nobody" not in succeed(data_dir, "show", SHOWN)
