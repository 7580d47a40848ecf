"""Keys in a hardware token, by PKCS#11: made there, used there, and never outside.

A token that was taken out is reached again, once it is back, by the next signature: the library is
initialised anew, since it learns of tokens only then.
"""

import queue
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import quote, unquote_to_bytes

from cryptography.hazmat.primitives.asymmetric import ec

from keys.files import read_private
from keys.signers import ANSWER_SECONDS, Made, RemoteSigner, SignerError
from verifier.certificate import cose

T = TypeVar("T")
SCHEME: Final = "pkcs11:"
_LONGEST_LABEL_BYTES: Final = 32
_LONGEST_LOCATION: Final = 400
_ID_BYTES: Final = 16
_POINT_BYTES: Final = 65


def location_of(token: str, key_id: bytes) -> str:
    """Name a key by a PKCS#11 URI (RFC 7512): the token's label, and the key's CKA_ID."""
    return f"{SCHEME}token={quote(token, safe='')};id={''.join(f'%{byte:02x}' for byte in key_id)}"


def parse_location(location: str) -> tuple[str, bytes]:
    """Read what `location_of` wrote; of all that RFC 7512 allows, just this.

    Raises:
        SignerError: out of form.
    """
    path = location.removeprefix(SCHEME)
    token, _, key_id = path.partition(";")
    try:
        label = unquote_to_bytes(token.removeprefix("token=")).decode()
    except ValueError as error:
        raise SignerError("the key's location is out of form") from error
    found = label, unquote_to_bytes(key_id.removeprefix("id="))
    if len(location) > _LONGEST_LOCATION or location_of(*found) != location or not all(found):
        raise SignerError("the key's location is out of form")
    return found


class TokenStore:
    """The tokens that a PKCS#11 library reaches.

    Args:
        module: the library, e.g. the one that the token's maker gives.
        pin_file: the user PIN of the tokens, in a file that only its owner may read.
    """

    def __init__(self, *, module: Path, pin_file: Path) -> None:
        self._module = module
        self._pin_file = pin_file
        self._lock = threading.Lock()
        self._worker = _Worker()
        self._sessions: dict[str, Any] = {}
        self._keys: dict[tuple[str, bytes], Any] = {}
        self._anew = False

    def create(self, name: str) -> Made:
        """Make a key pair in the token of that label; the private half is sensitive and not extractable.

        Raises:
            SignerError: it cannot be made there.
        """
        if not 1 <= len(name.encode()) <= _LONGEST_LABEL_BYTES:
            raise SignerError(f"a token's label has 1 to {_LONGEST_LABEL_BYTES} bytes")
        return self._ask(name, lambda: self._make(name))

    def open(self, location: str, public: ec.EllipticCurvePublicKey) -> RemoteSigner:
        """Give the signer of a key.

        Raises:
            SignerError: the location is out of form.
        """
        return RemoteSigner(public, partial(self.sign, *parse_location(location)))

    def sign(self, token: str, key_id: bytes, digest: bytes) -> tuple[int, int]:
        """Have a key sign a digest; give r and s as the token gave them.

        Raises:
            SignerError: it cannot.
        """
        from pkcs11 import Mechanism  # noqa: PLC0415 # only who has a token needs the library

        signature = self._ask(
            token, lambda: bytes(self._key(token, key_id).sign(digest, mechanism=Mechanism.ECDSA))
        )
        if len(signature) != cose.SIGNATURE_BYTES:
            raise SignerError(f"token {token} gave no signature")
        return int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")

    def _ask(self, token: str, work: Callable[[], T]) -> T:
        """Do something with a token, once more from the start where that fails."""
        with self._lock:
            return self._worker.run(lambda: self._trying(token, work))

    def _trying(self, token: str, work: Callable[[], T]) -> T:
        from pkcs11 import PinIncorrect, PinLocked, PKCS11Error  # noqa: PLC0415 # as above

        for is_last in (False, True):
            try:
                return work()
            except PKCS11Error as error:
                self._forget()
                # Never twice with a wrong PIN: a token locks itself after some tries.
                if is_last or isinstance(error, PinIncorrect | PinLocked):
                    raise SignerError(f"token {token}: {_plain(error)}") from None
        raise AssertionError

    def _forget(self) -> None:
        self._sessions.clear()
        self._keys.clear()
        self._anew = True

    def _session(self, token: str) -> Any:
        import pkcs11  # noqa: PLC0415 # as above

        if token not in self._sessions:
            if not self._module.is_file():
                raise SignerError(f"there is no PKCS#11 library at {self._module}")
            library = pkcs11.lib(str(self._module))
            if self._anew:
                library.reinitialize()
            self._anew = False
            found = library.get_token(token_label=token)
            try:
                self._sessions[token] = found.open(rw=True, user_pin=self._pin())
            except pkcs11.UserAlreadyLoggedIn:  # by another part of this process
                self._sessions[token] = found.open(rw=True)
        return self._sessions[token]

    def _pin(self) -> str:
        try:
            return read_private(self._pin_file).decode().strip()
        except UnicodeDecodeError:
            raise SignerError(f"{self._pin_file}: a PIN is text in UTF-8") from None

    def _key(self, token: str, key_id: bytes) -> Any:
        from pkcs11 import KeyType, ObjectClass  # noqa: PLC0415 # as above

        if (token, key_id) not in self._keys:
            self._keys[token, key_id] = self._session(token).get_key(
                object_class=ObjectClass.PRIVATE_KEY, key_type=KeyType.EC, id=key_id
            )
        return self._keys[token, key_id]

    def _make(self, token: str) -> Made:
        from pkcs11 import Attribute, KeyType  # noqa: PLC0415 # as above
        from pkcs11.util.ec import encode_named_curve_parameters  # noqa: PLC0415 # as above

        key_id = secrets.token_bytes(_ID_BYTES)
        curve = {Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}
        parameters = self._session(token).create_domain_parameters(KeyType.EC, curve, local=True)
        public, _ = parameters.generate_keypair(
            store=True,
            id=key_id,
            label="liangzheng",
            private_template={
                Attribute.SENSITIVE: True,
                Attribute.EXTRACTABLE: False,
                Attribute.SIGN: True,
            },
        )
        point = bytes(public[Attribute.EC_POINT])[-_POINT_BYTES:]  # in an OCTET STRING, or without one
        try:
            key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        except ValueError as error:
            raise SignerError(f"token {token} made a key that is not on P-256") from error
        return Made(location_of(token, key_id), key)


class _Worker:
    """The one thread that talks to tokens: a session is not for two, and one that hangs holds up this alone.

    Nothing can end a call that is inside the library. So it is left there, and until it comes back whoever
    wants to sign is refused at once.
    """

    def __init__(self, seconds: float = ANSWER_SECONDS) -> None:
        self._seconds = seconds
        self._waiting: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._last: Future[Any] | None = None

    def run(self, work: Callable[[], T]) -> T:
        """Do something, within seconds.

        Raises:
            SignerError: it takes longer, or something before it still does.
        """
        if self._last is not None and not self._last.done():
            raise SignerError("the token does not answer")
        if self._thread is None:
            self._thread = threading.Thread(target=self._go, name="pkcs11", daemon=True)
            self._thread.start()
        self._last = future = Future[T]()
        self._waiting.put((work, future))
        try:
            return future.result(self._seconds)
        except TimeoutError:
            if future.done():  # it was the work's own
                raise
            raise SignerError(f"the token gave no answer in {self._seconds:g} seconds") from None

    def _go(self) -> None:
        while True:
            work, future = self._waiting.get()
            try:
                future.set_result(work())
            except BaseException as error:  # noqa: BLE001 # handed to whoever asked
                future.set_exception(error)


_PLAIN: Final = {
    "PinIncorrect": "the PIN is wrong",
    "PinLocked": "the PIN is locked",
    "NoSuchToken": "there is no such token",
    "NoSuchKey": "there is no such key in it",
    "TokenNotPresent": "the token is not there",
}


def _plain(error: Exception) -> str:
    name = type(error).__name__
    return _PLAIN.get(name, f"it cannot be used ({name})")
