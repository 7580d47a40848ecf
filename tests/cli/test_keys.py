"""`liangzheng keys`, as an operator uses it where the root lies with the other keys."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import cbor2
import orjson
import pytest

from keys.custody import lists_from_bytes, lists_to_bytes
from tests.running import liangzheng, serving, succeed
from verifier.certificate import cose
from verifier.certificate.code import to_bytes
from verifier.cli.office import Office
from verifier.settings import Settings
from verifier.status.log import claims_digest

NUMBER = "31000099001"


def keys(data_dir: Path) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = orjson.loads(succeed(data_dir, "keys", "list", "--json"))
    return listed


def active(data_dir: Path, issuer: str | None = "650000") -> str:
    (kid,) = [key["kid"] for key in keys(data_dir) if (key.get("issuer"), key["state"]) == (issuer, "active")]
    return str(kid)


def code(data_dir: Path) -> str:
    return succeed(data_dir, "code", NUMBER, "--text").strip()


def kid_of(text: str) -> str:
    return to_bytes(text.rpartition("/")[2])[8:12].hex()


def fail(data_dir: Path, *arguments: str, stdin: str | None = None) -> str:
    done = liangzheng(data_dir, *arguments, stdin=stdin)
    assert done.returncode == 1, (arguments, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_stolen_key_is_declared_published_and_its_codes_signed_anew_in_one_command(data_dir: Path) -> None:
    stolen, old_print = active(data_dir), code(data_dir)
    with serving(data_dir) as server:
        would = succeed(data_dir, "keys", "compromise", stolen, "--dry-run")
        assert "live codes are signed with it" in would
        assert active(data_dir) == stolen
        done = succeed(data_dir, "keys", "compromise", stolen, "--resign")
        assert "codes signed anew" in done
        new_print = code(data_dir)
        assert kid_of(new_print) == active(data_dir) != stolen
        for text in (old_print, new_print):  # online both hold: the register knows their claims
            assert server.get("/" + text.rpartition("/")[2]).json["verdict"] == "valid"
    offline = [
        orjson.loads(liangzheng(data_dir, "check", text, "--json").stdout) for text in (old_print, new_print)
    ]
    assert [answer["reason"] for answer in offline] == ["key_compromised", "valid"]
    assert offline[0]["certificate"] is None
    succeed(data_dir, "audit")
    assert "already" in fail(data_dir, "keys", "compromise", stolen)


def test_without_resigning_the_command_says_how_many_wait(data_dir: Path) -> None:
    stolen = active(data_dir)
    done = liangzheng(data_dir, "keys", "compromise", stolen)  # not a terminal: it does not ask
    assert done.returncode == 0
    assert f"live codes are signed with it: `liangzheng keys resign {stolen}`" in done.stderr
    before = succeed(data_dir, "keys", "resign", stolen, "--dry-run").split()[0]
    assert succeed(data_dir, "keys", "resign", stolen).split()[0] == before
    assert succeed(data_dir, "keys", "resign", stolen).split()[0] == "0"


def test_nothing_is_signed_anew_with_a_key_that_verifiers_do_not_know_yet(data_dir: Path) -> None:
    old = active(data_dir)
    assert "the one that signs" in fail(data_dir, "keys", "resign", old)
    assert kid_of(code(data_dir)) == old


def test_a_thief_of_the_key_who_can_write_to_the_register_gets_nothing_signed_anew(data_dir: Path) -> None:
    """What the log does not know is not signed over, though signature, facts and digest column agree."""
    stolen, text = active(data_dir), code(data_dir)
    office = Office(Settings(data_dir=data_dir))
    thief = office.certificate_signer("650000")
    office.database.close()
    payload = cose.parse_code(to_bytes(text.rpartition("/")[2])).payload
    forged = payload.replace("全疆".encode(), "喀什".encode())
    assert forged != payload
    with closing(sqlite3.connect(data_dir / "register.sqlite")) as register, register:
        changed = register.execute(
            "UPDATE code SET signed = ?, digest = ? WHERE digest = ?",
            (cose.sign_code(forged, thief), claims_digest(forged), claims_digest(payload)),
        )
        assert changed.rowcount == 1
    done = liangzheng(data_dir, "keys", "compromise", stolen, "--resign")
    assert done.returncode == 1
    assert "differs from the log: run `liangzheng audit`" in done.stderr


def test_a_stolen_status_key_is_replaced_and_scans_go_on(data_dir: Path) -> None:
    text = code(data_dir)
    with serving(data_dir) as server:
        succeed(data_dir, "keys", "compromise", active(data_dir, None))
        assert server.get("/" + text.rpartition("/")[2]).json["verdict"] == "valid"
        succeed(data_dir, "suspend", NUMBER)
        assert server.get("/" + text.rpartition("/")[2]).json["verdict"] == "suspended"


def test_a_successor_waits_for_its_time_and_the_key_before_it_signs(data_dir: Path) -> None:
    old = active(data_dir)
    said = succeed(data_dir, "keys", "rotate", "certificate", "--issuer", "650000")
    assert f"takes over from {old} at" in said
    succeed(data_dir, "keys", "trust")
    assert active(data_dir) == old
    assert "has a successor already" in fail(data_dir, "keys", "rotate", "certificate", "--issuer", "650000")
    (waiting,) = [key for key in keys(data_dir) if key["state"] == "next"]
    assert waiting["signs_from"] > waiting["since"]
    succeed(data_dir, "keys", "retire", old)  # lost before its time: the successor takes over at once
    assert active(data_dir) == waiting["kid"]


def test_rotation_at_once_takes_effect_with_the_publication(data_dir: Path) -> None:
    old = active(data_dir)
    succeed(data_dir, "keys", "rotate", "certificate", "--issuer", "650000", "--now")
    facts = ("--holder", "马晓东", "--agency", "某局", "--category", "应急管理", "--area", "全疆")
    succeed(data_dir, "issue", "31000077001", "--issuer", "650000", *facts)
    assert kid_of(succeed(data_dir, "code", "31000077001", "--text").strip()) == old
    succeed(data_dir, "keys", "trust")
    assert active(data_dir) != old
    assert kid_of(code(data_dir)) == old
    assert orjson.loads(succeed(data_dir, "check", code(data_dir), "--json"))["reason"] == "valid"


def test_retiring_the_last_key_says_what_is_missing(data_dir: Path) -> None:
    done = liangzheng(data_dir, "keys", "retire", active(data_dir))
    assert done.returncode == 0
    assert "no other active certificate key of issuer 650000 is left" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("rotate", "anything"),
        ("rotate", "certificate", "--issuer", "65 0000"),
        ("rotate", "status", "--from", "2027-01-01", "--now"),
        ("rotate", "status", "--from", "2020-01-01"),
        ("trust", "--version", "3"),
        ("sign",),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_told_apart(data_dir: Path, arguments: tuple[str, ...]) -> None:
    assert liangzheng(data_dir, "keys", *arguments).returncode == 2


def test_unknown_kids_are_refused_in_one_line(data_dir: Path) -> None:
    for command in ("retire", "compromise", "resign"):
        for kid in ("00000000", "no kid", "../ring"):
            assert fail(data_dir, "keys", command, kid).count("\n") == 1


def test_the_root_asks_before_it_signs(data_dir: Path, tmp_path: Path) -> None:
    request, signed = tmp_path / "request.cbor", tmp_path / "signed.cbor"
    succeed(data_dir, "keys", "trust", "--prepare", str(request))
    for answer in ("n\n", ""):
        assert "stopped" in fail(data_dir, "keys", "sign", str(request), str(signed), stdin=answer)
        assert not signed.exists()
    shown = succeed(data_dir, "keys", "sign", str(request), str(signed), stdin="y\n")
    assert "trust list 2," in shown
    for key in keys(data_dir):
        assert key["kid"] in shown
    assert "published trust list 2" in succeed(data_dir, "keys", "trust", "--publish", str(signed))
    assert "published already" in fail(data_dir, "keys", "trust", "--publish", str(signed))


def test_lists_that_were_changed_on_their_way_are_not_published(data_dir: Path, tmp_path: Path) -> None:
    request, signed = tmp_path / "request.cbor", tmp_path / "signed.cbor"
    succeed(data_dir, "keys", "trust", "--prepare", str(request))
    succeed(data_dir, "keys", "sign", str(request), str(signed), "--yes")
    lists = lists_from_bytes(signed.read_bytes())
    other = bytearray(lists.trust)
    other[len(other) // 2] ^= 1
    for content in (
        lists_to_bytes(lists._replace(trust=bytes(other))),
        lists_to_bytes(lists._replace(directory=lists.trust)),
        cbor2.dumps({"trust": lists.trust}),
        b"",
        bytes(50 << 20),
    ):
        signed.write_bytes(content)
        fail(data_dir, "keys", "trust", "--publish", str(signed))
    assert orjson.loads(succeed(data_dir, "check", code(data_dir), "--json"))["reason"] == "valid"


def test_a_county_lists_no_key_for_what_it_may_not_issue(data_dir: Path, tmp_path: Path) -> None:
    county = tmp_path / "county.toml"
    contact = '{ body = "司法局", phone = "0991-0000000", url = "" }'
    facts = 'code = "653101"\nname = "喀什市司法局"\narea = "653101"\nlevel = "county"'
    county.write_text(f"[[issuers]]\n{facts}\ncomplaint = {contact}\n")
    succeed(data_dir, "keys", "create", "certificate", "--issuer", "653101")
    done = liangzheng(data_dir, "keys", "trust", str(county))
    assert done.returncode == 0
    assert "is not listed for enforcement, ministry: issuer 653101 may not issue it" in done.stderr
    succeed(data_dir, "keys", "export", str(tmp_path / "public"))
    listed = orjson.loads((tmp_path / "public/trust.json").read_bytes())["keys"]
    assert [key["kinds"] for key in listed if key["issuer"] == "653101"] == [["supervision"]]
