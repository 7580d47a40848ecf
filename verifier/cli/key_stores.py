"""The places for keys other than files, as the settings describe them."""

from pathlib import Path

from keys.command import CommandStore
from keys.pkcs11 import TokenStore
from keys.ring import RingError
from keys.signers import KeyStore
from verifier.settings import PREFIX, Settings


def open_key_store(scheme: str, settings: Settings) -> KeyStore:
    """Open the place that a scheme names.

    Raises:
        RingError: there is none of that name, or it is not set up.
    """
    match scheme:
        case "pkcs11":
            if settings.pkcs11_module == Path() or settings.pkcs11_pin_file == Path():
                raise RingError(f"set {PREFIX}PKCS11_MODULE and {PREFIX}PKCS11_PIN_FILE (docs/signers.md)")
            return TokenStore(module=settings.pkcs11_module, pin_file=settings.pkcs11_pin_file)
        case "command":
            if not settings.sign_command:
                raise RingError(f"set {PREFIX}SIGN_COMMAND (docs/signers.md)")
            return CommandStore(settings.sign_command_arguments)
        case _:
            raise RingError(f"no place for keys is called {scheme!r}: say file, pkcs11:TOKEN or command")
