"""Files that must never be half-written: secrets, which only their owner may read, and others."""

import os
import secrets
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from verifier.certificate.errors import LiangzhengError

PRIVATE_MODE: Final = 0o600
_LONGEST_PASSPHRASE: Final = 1_023  # OpenSSL's bound
_PUBLIC_MODE: Final = 0o644


class KeyFileError(LiangzhengError, OSError):
    """A secret file cannot be used. The message names the file, never what is in it."""


class PassphraseFile:
    """What private keys are encrypted with, in a file that only its owner may read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, *, create: bool = False) -> bytes:
        """Read it.

        Args:
            create: where there is none, make one at random.

        Raises:
            KeyFileError: missing, readable by others, or out of bounds.
        """
        if create and not self._path.exists():
            write_private(self._path, secrets.token_urlsafe(32).encode() + b"\n")
        passphrase = read_private(self._path).strip()
        if not 1 <= len(passphrase) <= _LONGEST_PASSPHRASE:
            raise KeyFileError(f"{self._path}: must hold 1 to {_LONGEST_PASSPHRASE} bytes")
        return passphrase


def read_private(path: Path) -> bytes:
    """Read a secret file.

    Raises:
        KeyFileError: it cannot be read, or others may read it too.
    """
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        content = path.read_bytes()
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}") from error
    if mode & 0o077:
        raise KeyFileError(f"{path}: others may read it; chmod 600 it")
    return content


def write_private(path: Path, content: bytes) -> None:
    """Write a secret file that did not exist, whole or not at all, durably.

    Raises:
        KeyFileError: it exists already, or cannot be written.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = _write_partial(path, content, PRIVATE_MODE)
        try:
            os.link(partial, path)  # fails where the file exists, unlike a rename
        finally:
            partial.unlink()
        _sync_directory(path.parent)
    except FileExistsError as error:
        raise KeyFileError(f"{path}: exists already") from error
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}") from error


def write_whole(path: Path, content: bytes) -> None:
    """Write or replace a file that is no secret, whole or not at all, durably.

    Raises:
        OSError: it cannot be written.
    """
    _make_directory(path.parent)
    _write_partial(path, content, _PUBLIC_MODE).replace(path)
    _sync_directory(path.parent)


@contextmanager
def writing_whole(path: Path, *, private: bool) -> Iterator[BinaryIO]:
    """Write or replace a file piece by piece; it is there when the block has ended well, and not before.

    Args:
        path: the file.
        private: only its owner may read it.

    Raises:
        OSError: it cannot be written.
    """
    partial = _partial(path)
    mode = PRIVATE_MODE if private else _PUBLIC_MODE
    # Anew: a file left by a killed process keeps whatever mode it had.
    partial.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode), "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    _sync_directory(path.parent)


def remove_file(path: Path) -> None:
    """Remove a file, durably; one that is not there is removed already.

    Raises:
        OSError: it cannot be removed.
    """
    try:
        path.unlink()
    except FileNotFoundError:
        return
    _sync_directory(path.parent)


def _write_partial(path: Path, content: bytes, mode: int) -> Path:
    partial = _partial(path)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        partial.unlink()
        raise
    return partial


def _partial(path: Path) -> Path:
    # Of one process and one thread alone, since several may write the same file at once.
    return path.with_name(f".{path.name}.{os.getpid()}.{threading.get_native_id()}")


def _make_directory(directory: Path) -> None:
    missing = [each for each in (directory, *directory.parents) if not each.exists()]
    directory.mkdir(parents=True, exist_ok=True)
    for each in missing:
        _sync_directory(each.parent)


def _sync_directory(directory: Path) -> None:
    """Make the name durable too: a synced file without a name is lost all the same."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
