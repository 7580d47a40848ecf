"""Keys behind a program: a real one, and all the ways in which it may misbehave."""

import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from keys.command import CommandStore
from keys.signers import SignerError
from verifier.certificate import cose

KMS = Path(__file__).with_name("kms.py")
DATA = b"what is signed"
Stores = Callable[..., CommandStore]


@pytest.fixture
def store_of(tmp_path: Path) -> Iterator[Stores]:
    made: list[CommandStore] = []

    def store(fault: str = "", *, seconds: float = 20) -> CommandStore:
        made.append(CommandStore((sys.executable, str(KMS), str(tmp_path), fault), seconds=seconds))
        return made[-1]

    yield store
    for each in made:
        each.close()


def test_a_key_is_made_by_the_program_and_signs_there(store_of: Stores) -> None:
    store = store_of()
    made = store.create("certificate-650000-1a2b3c4d")
    assert made.location == "command:certificate-650000-1a2b3c4d"
    signer = store_of().open(made.location, made.public)
    for number in range(20):
        data = DATA + bytes((number,))
        cose.verify(signer.public, data, signer.sign(data))


def test_a_program_that_signs_with_another_key_gives_nothing_out(store_of: Stores) -> None:
    store_of().create("a")
    made = store_of().create("b")
    with pytest.raises(SignerError, match="does not hold"):
        store_of("other key").open(made.location, made.public).sign(DATA)


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ("die", "ended, or says too much"),
        ("chatter", "ended, or says too much"),
        ("nonsense", "an answer out of form"),
        ("zero", "gave no signature"),
    ],
)
def test_a_program_that_misbehaves_is_an_error_and_the_next_call_begins_anew(
    store_of: Stores, fault: str, why: str
) -> None:
    made = store_of().create("key")
    store = store_of(fault)
    signer = store.open(made.location, made.public)
    for _ in range(2):
        with pytest.raises(SignerError, match=why):
            signer.sign(DATA)


def test_a_program_that_hangs_is_ended(store_of: Stores) -> None:
    made = store_of().create("key")
    store = store_of("hang", seconds=0.5)
    with pytest.raises(SignerError, match=r"no answer in 0\.5 seconds"):
        store.open(made.location, made.public).sign(DATA)
    assert store._process is None


def test_a_program_that_ended_between_two_calls_is_started_anew(store_of: Stores) -> None:
    made = store_of().create("key")
    store = store_of("once")
    signer = store.open(made.location, made.public)
    signer.sign(DATA)
    assert store._process is not None
    store._process.kill()
    store._process.wait()
    cose.verify(signer.public, DATA, signer.sign(DATA))


def test_a_program_that_says_no_is_quoted_in_one_line(store_of: Stores) -> None:
    made = store_of().create("key")
    with pytest.raises(SignerError, match="the signing program says: there is no key gone"):
        store_of().open("command:gone", made.public).sign(DATA)


def test_a_program_that_is_not_there_is_an_error_of_ours() -> None:
    with pytest.raises(SignerError, match="cannot be run"):
        CommandStore(("/nowhere/kms",)).create("key")


@pytest.mark.parametrize("name", ["", "a b", "a\nsign key 00", "../key", "-x", "é", "x" * 65])
def test_a_name_that_would_be_another_question_is_refused(store_of: Stores, name: str) -> None:
    made = store_of().create("key")
    with pytest.raises(SignerError):
        store_of().create(name)
    with pytest.raises(SignerError):
        store_of().open(f"command:{name}", made.public)


def test_many_threads_may_sign_at_once(store_of: Stores) -> None:
    store = store_of()
    made = store.create("key")
    signer = store.open(made.location, made.public)
    signed: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: signed.extend(signer.sign(DATA) for _ in range(20))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(signed) == 80


def test_our_own_settings_do_not_go_to_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIANGZHENG_PASSPHRASE_FILE", "/secret")
    monkeypatch.setenv("KMS_REGION", "north")
    script = tmp_path / "show"
    script.write_text(f"#!/bin/sh\nenv > {tmp_path}/environment\nread line\necho error no\n")
    script.chmod(0o700)
    store = CommandStore((str(script),))
    with pytest.raises(SignerError, match="says: no"):
        store.create("key")
    store.close()
    shown = (tmp_path / "environment").read_text()
    assert "KMS_REGION=north" in shown
    assert "LIANGZHENG_" not in shown
