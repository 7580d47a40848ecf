"""A verifier that was written in JavaScript from docs/code-format.md alone agrees with ours."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from keys import trust
from keys.roots import TrustError
from keys.signers import LocalSigner
from keys.trust import SignedLists, TrustList
from tests import builders
from tests.running import serving, succeed
from tests.second_opinion.javascript import COMMAND, answers_to_files
from tests.vectors import generate
from tests.vectors.test_vectors import FILES, read
from verifier.certificate import code, cose

LISTS = sorted(generate.STATUS_LISTS.glob("*.json"))
EXPORTED = {
    "trust": "trust.cose",
    "directory": "directory.cose",
    "root": "root.pub.pem",
    "roots": "roots.cbor",
    "status-list": "list.cwt",
}


@pytest.fixture(scope="module")
def answers() -> dict[str, Any]:
    return answers_to_files(FILES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_gives_each_vector_the_same_answer(path: Path, answers: dict[str, Any]) -> None:
    vector = read(path)
    online = vector["expected"]
    assert answers[path.stem] == {"online": online, "offline": vector.get("offline", online)}


@pytest.fixture(scope="module")
def by_list() -> dict[str, Any]:
    return answers_to_files(LISTS)


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.stem)
def test_it_gives_each_vector_of_a_status_list_the_same_answer(path: Path, by_list: dict[str, Any]) -> None:
    vector = read(path)
    assert by_list[vector["name"]] == vector["expected"]


def test_its_command_goes_from_an_old_root_to_a_status_list(data_dir: Path, tmp_path: Path) -> None:
    """As docs/integrators.md has it: from the exported files alone, and the root that was pinned before."""
    pinned = (data_dir / "root.pub.pem").read_bytes()
    text = succeed(data_dir, "code", "31000099001", "--text").strip()
    succeed(data_dir, "keys", "rotate", "root")
    succeed(data_dir, "keys", "trust")
    public = tmp_path / "public"
    succeed(data_dir, "keys", "export", str(public))
    (public / "root.pub.pem").write_bytes(pinned)
    options = [f"--{name}={public / file}" for name, file in EXPORTED.items()]
    found = []
    for command in ("reinstate", "suspend", "withdraw"):
        if command != "reinstate":
            succeed(data_dir, command, "31000099001")
        with serving(data_dir) as server:
            (public / "list.cwt").write_bytes(server.get("/status/0", "application/statuslist+cwt").body)
        done = subprocess.run(
            ["node", COMMAND, *options, f"--address={text.rpartition('/')[0]}", text],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        found.append(json.loads(done.stdout)["reason"])
    assert found == ["valid", "suspended", "void"]
    done = subprocess.run(  # the old root alone does not lead to the new one
        ["node", COMMAND, *options[:3], f"--address={text.rpartition('/')[0]}", text],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")


def run(
    folder: Path, lists: SignedLists, text: str, root: LocalSigner = builders.ROOT
) -> tuple[int, str, str]:
    """Run the command as an integrator would: exit status, what it printed, what it complained of."""
    pem = root.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    files = {"trust": lists.trust, "directory": lists.directory, "root": pem}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    options = [f"--{name}={folder / name}" for name in files]
    done = subprocess.run(
        ["node", COMMAND, *options, f"--address={builders.BASE_URL}", text],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def lasting(**changes: Any) -> SignedLists:
    """Give lists that hold today, whenever that is: the command asks the clock."""
    return builders.signed_lists(ends=4_000_000_000, **changes)


TEXT = code.to_text(
    builders.signed(builders.certificate(valid_from=0, valid_until=4_000_000_000)), builders.BASE_URL
)


def test_its_command_answers_with_certificate_and_complaint(tmp_path: Path) -> None:
    status, printed, complained = run(tmp_path, lasting(), TEXT)
    assert (status, complained) == (0, "")
    answer = json.loads(printed)
    assert (answer["verdict"], answer["reason"], answer["offline"]) == ("valid", "valid", True)
    assert answer["certificate"]["holder"] == "阿依古丽·买买提"
    assert answer["certificate"]["issuer"] == {"code": "650000", "name": "发证机关650000"}
    assert answer["complaint"] == builders.COMPLAINT.shown


def test_its_command_shows_nothing_of_a_forged_code(tmp_path: Path) -> None:
    status, printed, _ = run(tmp_path, lasting(), TEXT[:-1] + str(9 - int(TEXT[-1])))
    assert status == 0
    answer = json.loads(printed)
    assert (answer["verdict"], answer["reason"]) == ("forged", "bad_signature")
    assert (answer["certificate"], answer["complaint"]) == (None, None)


def altered(change: Callable[[dict[str, Any]], object], *, canonical: bool = True) -> SignedLists:
    """Give lists whose trust list the root itself signed with a change that ours never make."""
    lists = lasting()
    content = cbor2.loads(cbor2.loads(lists.trust).value[2])
    change(content)
    if not canonical:
        content = dict(reversed(content.items()))
    payload = cbor2.dumps(content, canonical=canonical)
    signed = cose.sign_document(payload, typ=trust.TRUST_TYPE, signer=builders.ROOT)
    return SignedLists(signed, lists.directory)


def flipped(at: int) -> SignedLists:
    lists = lasting()
    changed = bytearray(lists.trust)
    changed[at] ^= 1
    return SignedLists(bytes(changed), lists.directory)


REFUSED: dict[str, Callable[[], SignedLists]] = {
    "by-another-root": lambda: lasting(by=builders.signer("another root")),
    "a-byte-of-the-header": lambda: flipped(20),
    "a-byte-of-the-payload": lambda: flipped(400),
    "a-byte-of-the-signature": lambda: flipped(-1),
    "a-byte-behind-the-end": lambda: lasting()._replace(trust=lasting().trust + b"\0"),
    "directory-for-trust-list": lambda: lasting()._replace(trust=lasting().directory),
    "directory-of-another-version": lambda: lasting()._replace(directory=lasting(version=2).directory),
    "no-keys": lambda: altered(lambda content: content["keys"].clear()),
    "no-issuers": lambda: altered(lambda content: content["issuers"].clear()),
    "two-equal-kids": lambda: altered(lambda content: content["keys"].append(content["keys"][0])),
    "two-issuers-of-one-code": lambda: altered(
        lambda content: content["issuers"].append(content["issuers"][0] | {"name": "another"})
    ),
    "the-root-as-a-key": lambda: altered(
        lambda content: content["keys"][0].update(cose_key=cose.encode_key(builders.ROOT.public))
    ),
    "a-key-of-no-issuer": lambda: altered(lambda content: content["keys"][0].update(issuer="999999")),
    "a-status-key-of-an-issuer": lambda: altered(lambda content: content["keys"][0].update(purpose="status")),
    "a-point-that-is-none": lambda: altered(
        lambda content: content["keys"][0]["cose_key"].update({-2: b"1" * 32})
    ),
    "another-algorithm": lambda: altered(lambda content: content["keys"][0].update(alg=-8)),
    "an-unknown-state": lambda: altered(lambda content: content["keys"][0].update(state="lost")),
    "an-unknown-kind": lambda: altered(lambda content: content["keys"][0].update(kinds=[3])),
    "an-unknown-member": lambda: altered(lambda content: content.update(more=1)),
    "an-unknown-member-of-a-key": lambda: altered(lambda content: content["keys"][0].update(more=1)),
    "ends-before-it-begins": lambda: altered(lambda content: content.update(issued=4_000_000_000)),
    "members-out-of-order": lambda: altered(lambda _: None, canonical=False),
    "a-key-that-does-not-say-its-state": lambda: altered(lambda content: content["keys"][0].pop("state")),
    "a-key-that-does-not-say-its-kinds": lambda: altered(lambda content: content["keys"][0].pop("kinds")),
    "an-issuer-without-its-level": lambda: altered(lambda content: content["issuers"][0].pop("level")),
    "a-contact-without-a-url": lambda: altered(
        lambda content: content["issuers"][0]["complaint"].pop("url")
    ),
    "version-zero": lambda: altered(lambda content: content.update(version=0)),
    "long-words": lambda: altered(lambda content: content["issuers"][0].update(name="名" * 121)),
    "an-address-that-is-a-script": lambda: altered(
        lambda content: content["issuers"][0]["complaint"].update(url="javascript:alert(1)")
    ),
}  # fmt: skip


@pytest.mark.parametrize("lists", REFUSED.values(), ids=REFUSED.keys())
def test_both_refuse_a_trust_list(lists: Callable[[], SignedLists], tmp_path: Path) -> None:
    with pytest.raises(TrustError):
        TrustList.open(lists(), builders.PINNED)
    status, printed, complained = run(tmp_path, lists(), TEXT)
    assert (status, printed, complained.count("\n")) == (1, "", 1)


def test_an_ended_trust_list_is_refused_when_it_comes(tmp_path: Path) -> None:
    status, printed, complained = run(tmp_path, builders.signed_lists(issued=0, ends=1_000_000_000), TEXT)
    assert (status, printed) == (1, "")
    assert "has ended" in complained
