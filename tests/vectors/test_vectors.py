"""Every vector, as another implementation would use it: from its file alone."""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from keys.roots import Roots
from keys.trust import SignedLists, TrustList
from tests.vectors import generate
from tests.vectors.case import KEYS
from verifier.certificate import code, cose
from verifier.certificate.lifecycle import ReasonClass, State
from verifier.certificate.verdicts import Reason, Verdict
from verifier.scanning.check import LookUp, RefusedError, authenticate, check
from verifier.status.log import CHAIN_START, Entry, Head, chain_over, open_head, sign_head
from verifier.status.replica import Replica

VERDICTS = {reason.value: reason.verdict for reason in Reason}
FILES = sorted(path for path in generate.DIRECTORY.glob("*.json") if path.name != "trust.json")


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


@cache
def trust() -> TrustList:
    shared = read(generate.DIRECTORY / "trust.json")
    x, y = (int(shared["root"][coordinate], 16) for coordinate in "xy")
    root = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    lists = SignedLists(bytes.fromhex(shared["trust"]), bytes.fromhex(shared["directory"]))
    return TrustList.open(lists, Roots.of(root))


def look_up(register: dict[str, Any] | None) -> LookUp:
    """Bring the register's entry into a replica by the production path: covered by a signed head."""
    entries = []
    if register:
        entry = Entry(
            1,
            register["list"],
            register["index"],
            State[register["state"].upper()],
            register["since"],
            register["until"] or 0,
            ReasonClass[register["reason"].upper()],
            bytes.fromhex(register["digest"]),
        )
        entries.append(entry)
    chain, sequence = chain_over(CHAIN_START, 0, entries)
    head = Head(b"vectors", sequence, chain, 1, hashlib.sha256(trust().signed).digest(), 0)
    replica = Replica()
    replica.apply(entries, open_head(sign_head(head, KEYS["status"]), trust()))
    return replica.look_up


def outcome(vector: dict[str, Any], asked: LookUp | None) -> Reason:
    now = vector["now"]
    try:
        text, base_url = vector["stages"]["text"], vector["base_url"]
        authentic = authenticate(text, trust=trust(), base_url=base_url, now=now)
    except RefusedError as refused:
        return refused.reason
    return check(authentic, trust=trust(), look_up=asked, fresh=vector["fresh"], now=now).reason


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_vector_gets_its_answer(path: Path) -> None:
    vector = read(path)
    online, offline = vector["expected"], vector.get("offline", vector["expected"])
    assert outcome(vector, look_up(vector["register"])) == online["reason"]
    assert outcome(vector, None) == offline["reason"]
    for expected in (online, offline):
        assert VERDICTS[expected["reason"]] == expected["verdict"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_stages_of_each_vector_follow_from_one_another(path: Path) -> None:
    vector = read(path)
    stages = vector["stages"]
    if stages["claims"] is None:
        assert vector["expected"]["verdict"] == Verdict.NOT_A_CERTIFICATE
        return
    claims, protected, structure = (
        bytes.fromhex(stages[stage]) for stage in ("claims", "protected", "sig_structure")
    )
    assert cbor2.loads(structure) == ["Signature1", protected, b"", claims]
    assert int(stages["digits"]) == int(stages["code"], 16)
    if vector["register"]:
        digest = hashlib.sha256(claims).hexdigest()[:24]
        assert (vector["register"]["digest"] == digest) is ("differs" not in path.stem)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_signatures_hold_exactly_where_nothing_else_is_wrong(path: Path) -> None:
    vector = read(path)
    if vector["key"] is None or vector["expected"]["reason"] in {Reason.BAD_SIGNATURE, Reason.MALFORMED}:
        return
    stages = vector["stages"]
    signature = bytes.fromhex(stages["signature"])
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    key = ec.derive_private_key(int(vector["key"]["private"], 16), ec.SECP256R1()).public_key()
    assert cose.kid_of(key).hex() == vector["key"]["kid"]
    assert s <= cose.P256_ORDER // 2
    key.verify(encode_dss_signature(r, s), bytes.fromhex(stages["sig_structure"]), ec.ECDSA(SHA256()))


def test_the_files_are_what_a_fresh_generation_writes() -> None:
    assert generate.differing() == []


def test_two_generations_write_the_same_bytes() -> None:
    assert generate.files() == generate.files()


def test_a_changed_missing_or_additional_file_is_named(tmp_path: Path) -> None:
    for name, content in generate.files().items():
        (tmp_path / name).write_bytes(content)
    assert generate.differing(tmp_path) == []
    (tmp_path / "valid.json").write_text("{}")
    (tmp_path / "enforcement.json").write_text("{}")
    (tmp_path / "lost.json").unlink()
    assert generate.differing(tmp_path) == ["enforcement.json", "lost.json", "valid.json"]


def test_wrong_usage_writes_nothing() -> None:
    assert generate.main(["--wirte"]) == 2


def test_no_two_vectors_have_a_name_in_common() -> None:
    names = [case.name for case in generate.cases()]
    assert len(set(names)) == len(names)


def test_every_reason_has_a_vector() -> None:
    reached = {read(path).get(side, {}).get("reason") for path in FILES for side in ("expected", "offline")}
    assert set(Reason) <= reached | {Reason.VOID}  # by a status list alone: test_status_lists.py


def test_the_largest_vector_is_as_large_as_a_code_can_be() -> None:
    stages = read(generate.DIRECTORY / "code-424-bytes.json")["stages"]
    assert len(stages["code"]) == 2 * 424
    assert len(code.to_bytes(stages["digits"])) == 424
