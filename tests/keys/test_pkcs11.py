"""Keys in a real token: made there, never outside, and reached again when the token is back."""

import threading
from pathlib import Path

import pkcs11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.files import KeyFileError, PassphraseFile
from keys.pkcs11 import TokenStore, _Worker, location_of, parse_location
from keys.ring import KeyRing, where_is
from keys.signers import SignerError
from keys.trust import Purpose
from tests.keys.softhsm import PIN, SoftHsm, module
from verifier.certificate import cose

DATA = b"what is signed"
NOW = 1_800_000_000


@pytest.fixture
def token(hsm: SoftHsm, request: pytest.FixtureRequest) -> str:
    label = f"t{abs(hash(request.node.nodeid)):x}"
    hsm.make_token(label)
    return label


def test_a_key_is_made_in_the_token_and_signs_there(hsm: SoftHsm, token: str) -> None:
    made = hsm.store().create(token)
    signer = hsm.store().open(made.location, made.public)
    for number in range(20):
        data = DATA + bytes((number,))
        cose.verify(signer.public, data, signer.sign(data))  # refuses a large s, too
    assert signer.kid == cose.kid_of(made.public)


def test_the_private_key_does_not_leave_the_token(hsm: SoftHsm, token: str) -> None:
    made = hsm.store().create(token)
    _, key_id = parse_location(made.location)
    library = pkcs11.lib(str(module()))
    library.reinitialize()
    with library.get_token(token_label=token).open(user_pin=PIN) as session:
        key = session.get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY, id=key_id)
        assert key[pkcs11.Attribute.SENSITIVE]
        assert not key[pkcs11.Attribute.EXTRACTABLE]
        with pytest.raises(pkcs11.AttributeSensitive):
            _ = key[pkcs11.Attribute.VALUE]


def test_two_keys_of_one_token_are_told_apart(hsm: SoftHsm, token: str) -> None:
    store = hsm.store()
    first, second = (store.open(*store.create(token)) for _ in range(2))
    assert first.kid != second.kid
    for signer in (first, second, first):
        cose.verify(signer.public, DATA, signer.sign(DATA))


def test_a_signature_by_another_key_of_the_token_never_gets_out(hsm: SoftHsm, token: str) -> None:
    store = hsm.store()
    first, second = store.create(token), store.create(token)
    mixed_up = store.open(first.location, second.public)
    with pytest.raises(SignerError, match="does not hold"):
        mixed_up.sign(DATA)


def test_a_token_that_is_taken_out_and_put_back_signs_again_without_a_restart(
    hsm: SoftHsm, token: str
) -> None:
    store = hsm.store()
    signer = store.open(*store.create(token))
    signer.sign(DATA)
    for _ in range(2):
        with hsm.without(token), pytest.raises(SignerError, match=f"token {token}: there is no such token"):
            signer.sign(DATA)
        cose.verify(signer.public, DATA, signer.sign(DATA))


def test_a_token_that_was_out_at_the_start_is_found_later(hsm: SoftHsm, token: str) -> None:
    made = hsm.store().create(token)
    signer = hsm.store().open(made.location, made.public)
    with hsm.without(token), pytest.raises(SignerError, match="no such token"):
        signer.sign(DATA)
    signer.sign(DATA)


def test_the_wrong_pin_is_tried_once_and_never_shown(hsm: SoftHsm, token: str, tmp_path: Path) -> None:
    made = hsm.store().create(token)
    library = pkcs11.lib(str(module()))
    library.reinitialize()  # nobody is logged in
    wrong = tmp_path / "pin"
    wrong.write_text("000000")
    wrong.chmod(0o600)
    signer = TokenStore(module=module(), pin_file=wrong).open(made.location, made.public)
    with pytest.raises(SignerError, match="the PIN is wrong") as refused:
        signer.sign(DATA)
    assert "000000" not in str(refused.value)
    assert refused.value.__cause__ is None
    cose.verify(made.public, DATA, hsm.store().open(made.location, made.public).sign(DATA))


@pytest.mark.usefixtures("hsm")
def test_a_pin_that_others_may_read_is_not_used(token: str, tmp_path: Path) -> None:
    (tmp_path / "pin").write_text(PIN)
    (tmp_path / "pin").chmod(0o644)
    with pytest.raises(KeyFileError, match="others may read it"):
        TokenStore(module=module(), pin_file=tmp_path / "pin").create(token)


def test_a_library_that_is_not_there_is_named(tmp_path: Path) -> None:
    store = TokenStore(module=tmp_path / "none.so", pin_file=tmp_path / "pin")
    with pytest.raises(SignerError, match=r"no PKCS#11 library at .*none\.so"):
        store.create("any")


def test_a_token_and_a_key_that_are_not_there_are_told(hsm: SoftHsm, token: str) -> None:
    with pytest.raises(SignerError, match="token nowhere: there is no such token"):
        hsm.store().create("nowhere")
    made = hsm.store().create(token)
    with pytest.raises(SignerError, match="no such key in it"):
        hsm.store().open(location_of(token, bytes(16)), made.public).sign(DATA)


def test_many_threads_may_sign_at_once(hsm: SoftHsm, token: str) -> None:
    store = hsm.store()
    signer = store.open(*store.create(token))
    signed: list[bytes] = []

    def sign() -> None:
        signed.extend(signer.sign(DATA) for _ in range(25))

    threads = [threading.Thread(target=sign) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(signed) == 100
    for signature in signed:
        cose.verify(signer.public, DATA, signature)


def test_a_token_that_hangs_holds_up_nobody_for_long_and_is_asked_again_when_it_is_back() -> None:
    worker, release = _Worker(seconds=0.3), threading.Event()
    with pytest.raises(SignerError, match=r"no answer in 0\.3 seconds"):
        worker.run(release.wait)
    for _ in range(3):
        with pytest.raises(SignerError, match="does not answer"):
            worker.run(lambda: 1)
    hanging = worker._last
    assert hanging is not None
    release.set()
    hanging.result(30)
    assert worker.run(lambda: 2) == 2


def test_nothing_secret_is_in_a_signer_or_a_ring(hsm: SoftHsm, token: str, tmp_path: Path) -> None:
    ring = KeyRing(tmp_path, passphrase=PassphraseFile(tmp_path / "passphrase"), stores=lambda _: hsm.store())
    entry = ring.create(Purpose.STATUS, now=NOW, where=f"pkcs11:{token}")
    signer = ring.signer(Purpose.STATUS, now=NOW, known={entry.kid})
    for text in (repr(signer), repr(hsm.store()), (tmp_path / "ring.json").read_text()):
        assert PIN not in text
    assert not list(tmp_path.glob("*.pem"))


def test_a_successor_is_made_in_the_token_of_the_key_before_it(
    hsm: SoftHsm, token: str, tmp_path: Path
) -> None:
    ring = KeyRing(tmp_path, passphrase=PassphraseFile(tmp_path / "passphrase"), stores=lambda _: hsm.store())
    old = ring.create(Purpose.CERTIFICATE, issuer="650000", now=NOW, where=f"pkcs11:{token}")
    ((_, new),) = ring.rotate(Purpose.CERTIFICATE, "650000", now=NOW, signs_from=NOW + 1, known={old.kid})
    assert where_is(new) == f"pkcs11:{token}"
    known = {old.kid, new.kid}
    for now, kid in ((NOW, old.kid), (NOW + 1, new.kid)):
        signer = ring.signer(Purpose.CERTIFICATE, "650000", now=now, known=known)
        assert signer.kid.hex() == kid
        cose.verify(signer.public, DATA, signer.sign(DATA))


@given(
    token=st.text(min_size=1, max_size=32).filter(lambda text: len(text.encode(errors="replace")) <= 32),
    key_id=st.binary(min_size=1, max_size=32),
)
def test_a_location_is_read_as_it_was_written(token: str, key_id: bytes) -> None:
    try:
        token.encode()
    except UnicodeEncodeError:
        return
    assert parse_location(location_of(token, key_id)) == (token, key_id)


@given(st.text(max_size=60))
def test_any_other_location_is_refused(text: str) -> None:
    for location in (text, f"pkcs11:{text}", f"pkcs11:token={text};id=%0a", f"pkcs11:token=a;id={text}"):
        try:
            token, key_id = parse_location(location)
        except SignerError:
            continue
        assert location_of(token, key_id) == location
