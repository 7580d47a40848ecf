"""Signers: what they sign holds, and what they keep stays theirs."""

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from keys import signers
from keys.files import KeyFileError, write_private, write_whole
from keys.signers import LocalSigner
from tests.builders import XINJIANG, scalar
from verifier.certificate import cose

PASSPHRASE = b"a passphrase of the tests"


def pem(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey, *, encrypted: bool = True) -> bytes:
    encryption = BestAvailableEncryption(PASSPHRASE) if encrypted else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


@given(st.binary(max_size=100))
def test_a_signature_holds_is_normalised_and_comes_out_the_same(data: bytes) -> None:
    signature = XINJIANG.sign(data)
    cose.verify(XINJIANG.public, data, signature)
    assert int.from_bytes(signature[32:], "big") <= cose.P256_ORDER // 2
    assert XINJIANG.sign(data) == signature


def test_the_signature_is_that_of_rfc_6979() -> None:
    """RFC 6979 A.2.5, SHA-256, message "sample"; the s there is above n/2."""
    private = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
    r = 0xEFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716
    s = 0xF7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8
    signer = LocalSigner(ec.derive_private_key(private, ec.SECP256R1()))
    assert signer.sign(b"sample") == r.to_bytes(32, "big") + (cose.P256_ORDER - s).to_bytes(32, "big")


def test_a_signer_shows_its_name_and_nothing_else() -> None:
    shown = f"{XINJIANG!r} {XINJIANG}"
    assert XINJIANG.kid.hex() in shown
    assert f"{scalar('650000'):x}" not in shown
    assert str(scalar("650000")) not in shown


def test_a_key_that_was_made_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "issuer.pem"
    made = signers.create(path, PASSPHRASE)
    loaded = signers.load(path, PASSPHRASE)
    assert loaded.kid == made.kid
    cose.verify(made.public, b"data", loaded.sign(b"data"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert b"ENCRYPTED" in path.read_bytes()
    assert list(path.parent.iterdir()) == [path]


def test_two_keys_are_never_the_same(tmp_path: Path) -> None:
    first, second = (signers.create(tmp_path / name, PASSPHRASE) for name in ("a.pem", "b.pem"))
    assert first.kid != second.kid


def test_a_key_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "issuer.pem"
    kept = signers.create(path, PASSPHRASE)
    with pytest.raises(KeyFileError, match="exists already"):
        signers.create(path, PASSPHRASE)
    assert signers.load(path, PASSPHRASE).kid == kept.kid
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_key_that_others_may_read_is_not_used(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "issuer.pem"
    signers.create(path, PASSPHRASE)
    path.chmod(mode)
    with pytest.raises(KeyFileError, match="others may read"):
        signers.load(path, PASSPHRASE)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no key",
        pem(ec.generate_private_key(ec.SECP256R1()), encrypted=False),
        pem(ec.generate_private_key(ec.SECP384R1())),
        pem(ed25519.Ed25519PrivateKey.generate()),
    ],
    ids=["empty", "garbage", "unencrypted", "p-384", "ed25519"],
)
def test_what_is_no_encrypted_key_on_p256_is_not_used(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "issuer.pem"
    write_private(path, content)
    with pytest.raises(KeyFileError, match=r"issuer\.pem: "):
        signers.load(path, PASSPHRASE)


def test_a_wrong_passphrase_is_named_without_being_repeated(tmp_path: Path) -> None:
    path = tmp_path / "issuer.pem"
    signers.create(path, PASSPHRASE)
    with pytest.raises(KeyFileError, match="wrong passphrase") as caught:
        signers.load(path, b"hunter2 hunter2")
    assert "hunter2" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match=r"none\.pem: No such file"):
        signers.load(tmp_path / "none.pem", PASSPHRASE)


def test_a_public_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "root.pub.pem"
    for content in (b"old", b"new"):
        write_whole(path, content)
        assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]
