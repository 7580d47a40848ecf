"""The root's private half: it hands over, survives kills, and never signs two lists of one version."""

import os
import stat
from pathlib import Path

import pytest

from keys import custody as module
from keys.custody import CustodyError, RootCustody, Unsigned, lists_from_bytes, lists_to_bytes
from keys.files import KeyFileError, PassphraseFile
from keys.roots import Roots, TrustError
from keys.trust import StatusLists, TrustList, encode_directory, encode_trust
from tests.builders import ISSUERS, KEYS, NOW


def custody_in(directory: Path) -> RootCustody:
    return RootCustody(
        directory, passphrase=PassphraseFile(directory / "passphrase"), root_file=directory / "root.pub.pem"
    )


@pytest.fixture
def custody(tmp_path: Path) -> RootCustody:
    made = custody_in(tmp_path)
    made.create()
    return made


def request(version: int = 1, ends: int = NOW + 1) -> Unsigned:
    shared = {"version": version, "issued": NOW, "ends": ends}
    return Unsigned(
        encode_trust(
            **shared, issuers=ISSUERS, keys=KEYS, status_lists=StatusLists(uri="https://v.example/", size=1)
        ),
        encode_directory(**shared, agencies=[]),
    )


def pinned(directory: Path) -> Roots:
    return Roots.from_pem((directory / "root.pub.pem").read_bytes())


def test_what_it_signs_is_taken_by_who_pinned_it(custody: RootCustody, tmp_path: Path) -> None:
    assert TrustList.open(custody.sign(request()), pinned(tmp_path)).version == 1


def test_what_no_verifier_would_take_is_not_signed(custody: RootCustody) -> None:
    for bad in (Unsigned(b"", b""), request()._replace(directory=request(2).directory), request(ends=NOW)):
        with pytest.raises(TrustError):
            custody.sign(bad)


def test_there_is_one_first_root(custody: RootCustody) -> None:
    before = custody.signer().kid
    with pytest.raises(KeyFileError, match="exists already"):
        custody.create()
    assert custody.signer().kid == before


def test_where_there_is_no_root_the_command_is_named(tmp_path: Path) -> None:
    with pytest.raises(CustodyError, match="keys create root"):
        custody_in(tmp_path).signer()


def test_a_root_hands_over_and_who_pinned_the_old_one_follows(custody: RootCustody, tmp_path: Path) -> None:
    old = pinned(tmp_path)
    new = custody.hand_over(NOW)
    assert custody.signer().kid == new.kid != old.pinned[0].kid
    assert TrustList.open(custody.sign(request()), old).signed_by.root.kid == new.kid
    assert [root.kid for root in pinned(tmp_path).pinned] == [new.kid, old.pinned[0].kid]
    third = custody.hand_over(NOW + 1)
    assert TrustList.open(custody.sign(request()), old).signed_by.way[-1] == third.kid


@pytest.mark.parametrize("step", ["write_whole", "endorse"])
def test_a_kill_while_it_hands_over_leaves_the_old_root_in_force(
    custody: RootCustody, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    before = custody.signer().kid

    def die(*_arguments: object, **_named: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(module, step, die)
        with pytest.raises(KeyboardInterrupt):
            custody.hand_over(NOW)
    assert custody_in(tmp_path).signer().kid == before
    assert TrustList.open(custody_in(tmp_path).sign(request()), pinned(tmp_path)).version == 1
    assert custody_in(tmp_path).hand_over(NOW).kid != before


def test_a_kill_before_the_new_root_is_pinned_leaves_a_list_that_the_old_pin_takes(
    custody: RootCustody, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_former: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(custody, "export", die)
    with pytest.raises(KeyboardInterrupt):
        custody.hand_over(NOW)
    again = custody_in(tmp_path)
    assert TrustList.open(again.sign(request()), pinned(tmp_path)).signed_by.root.kid == again.signer().kid


def test_a_root_never_signs_two_lists_of_one_version(custody: RootCustody, tmp_path: Path) -> None:
    first = custody.sign_once(request(3))
    assert custody_in(tmp_path).sign_once(request(3)) == first  # the stick was lost: the same again
    for forked in (request(3, ends=NOW + 2), request(2)):
        with pytest.raises(CustodyError, match="signed trust list 3 before"):
            custody_in(tmp_path).sign_once(forked)
    custody.hand_over(NOW)
    with pytest.raises(CustodyError, match="signed trust list 3 before"):
        custody.sign_once(request(3, ends=NOW + 2))
    assert custody.sign_once(request(4))


def test_its_files_are_its_owners_alone(custody: RootCustody, tmp_path: Path) -> None:
    os.umask(0o022)
    custody.hand_over(NOW)
    for file in tmp_path.glob("*.pem"):
        if file.name != "root.pub.pem":
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name


def test_requests_and_lists_come_back_as_they_were_written(custody: RootCustody) -> None:
    lists = custody.sign(request())
    assert Unsigned.from_bytes(request().to_bytes()) == request()
    assert lists_from_bytes(lists_to_bytes(lists)) == lists


@pytest.mark.parametrize("content", [b"", b"\xa0", b"\x80", b"\xa1\x65trust\x00", b"\xff", bytes(40 << 20)])
def test_a_file_that_holds_no_lists_is_refused(content: bytes) -> None:
    for read in (Unsigned.from_bytes, lists_from_bytes):
        with pytest.raises(TrustError, match=r"holds no lists|larger than any"):
            read(content)
