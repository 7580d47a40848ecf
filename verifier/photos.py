"""The photo store: photos by content, in a directory or in an S3 bucket.

A photo is named by the digest that its code carries signed. What is read is checked against its name, so a
photo can be taken away, but never exchanged.
"""

import asyncio
import hashlib
import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Final, Protocol

from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store

from keys.files import remove_file, write_whole
from verifier.certificate.errors import LiangzhengError
from verifier.certificate.model import PHOTO_DIGEST_BYTES

LARGEST_BYTES: Final = 1 << 20
"""Of a photo in the store. One of 295 x 413 pixels has some 20,000, and of pure noise 150,000."""
DEADLINE_SECONDS: Final = 5.0
_REQUEST: Final = timedelta(seconds=2)
"""The longest that one request to S3 takes; with the retries, which start within the rest, 5 s in all."""
_RETRIES: Final = 2
_BUCKET_URL: Final = re.compile(
    r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?P<prefix>(/[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}){0,8})/?"
)


class PhotoStoreError(LiangzhengError):
    """The store cannot be asked: nothing is known of the photo. The message holds nothing of the cause's."""


class PhotoStore(Protocol):
    """Photos by digest.

    All methods may be called from several threads and processes at once. A call on a directory takes as
    long as its file system; one on a bucket ends within `DEADLINE_SECONDS`, two retries of failed
    connections and 5xx answers included. Whoever asks again after a PhotoStoreError does no harm.
    """

    def keep(self, photo: bytes) -> bytes:
        """Keep a photo. When this returns, it survives power loss; when it raises, it may be kept or not.

        Args:
            photo: the JPEG file, as it will be served; at most `LARGEST_BYTES`.

        Returns:
            The first 12 bytes of its SHA-256.

        Raises:
            PhotoStoreError: it is too large, or cannot be kept.
        """

    def read(self, digest: bytes) -> bytes | None:
        """Give a photo, after it was checked against its digest; None where there is none that fits.

        Raises:
            PhotoStoreError: the store cannot be asked.
        """

    async def fetch(self, digest: bytes) -> bytes | None:
        """Do as `read` does, without holding up the event loop.

        Raises:
            PhotoStoreError: the store cannot be asked, or not in time.
        """

    def remove(self, digest: bytes) -> None:
        """Remove a photo for good; one that is not there is removed already.

        Several certificates may show the same photo: whether it is still needed, the register knows.

        Raises:
            PhotoStoreError: it may be there still.
        """


def is_location(location: str) -> bool:
    """Tell whether a store can be opened from this: a directory's path, or `s3://bucket/prefix`."""
    return "://" not in location or _BUCKET_URL.fullmatch(location) is not None


def open_store(location: str) -> PhotoStore:
    """Open a photo store; nothing is asked of it yet.

    Args:
        location: a directory, which need not be there yet, or `s3://bucket/prefix`. Endpoint, region and
            credentials of S3 come from the environment (`AWS_ENDPOINT_URL`, `AWS_REGION`, …).

    Raises:
        PhotoStoreError: it is neither, or the environment's settings for S3 have no sense.
    """
    if "://" not in location:
        return DirectoryStore(Path(location))
    found = _BUCKET_URL.fullmatch(location)
    if found is None:
        raise PhotoStoreError("the photo store is neither a directory nor s3://bucket/prefix")
    return BucketStore(found["bucket"], found["prefix"].strip("/"))


class DirectoryStore:
    """Photos as files, written whole and synced.

    Not by obstore's LocalStore: it gives a file its name before its bytes are safe, since it never syncs.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def keep(self, photo: bytes) -> bytes:
        """Keep a photo, durably."""
        digest = _digest_of(photo)
        try:
            write_whole(self._path(digest), photo)
        except OSError as error:
            raise _unusable(error) from error
        return digest

    def read(self, digest: bytes) -> bytes | None:
        """Give a photo."""
        try:
            with self._path(digest).open("rb") as file:
                return _checked(file.read(LARGEST_BYTES + 1), digest)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unusable(error) from error

    async def fetch(self, digest: bytes) -> bytes | None:
        """Give a photo: the directory may be a slow network's."""
        return await asyncio.to_thread(self.read, digest)

    def remove(self, digest: bytes) -> None:
        """Remove a photo."""
        try:
            remove_file(self._path(digest))
        except OSError as error:
            raise _unusable(error) from error

    def _path(self, digest: bytes) -> Path:
        return self._directory / _name(digest)


class BucketStore:
    """Photos as objects of an S3 bucket, which are durable once the bucket has confirmed them."""

    def __init__(self, bucket: str, prefix: str) -> None:
        try:
            self._store = S3Store(
                bucket,
                prefix=prefix or None,
                client_options={
                    "connect_timeout": _REQUEST,
                    "timeout": _REQUEST,
                    # Options that are given here hide those of the environment.
                    "allow_http": os.environ.get("AWS_ALLOW_HTTP", "").lower() in {"true", "1"},
                },
                retry_config={
                    "max_retries": _RETRIES,
                    "retry_timeout": timedelta(seconds=DEADLINE_SECONDS) - _REQUEST,
                    "backoff": {"max_backoff": timedelta(seconds=0.5)},
                },
            )
        except _FAILURES as error:
            raise _unanswered(error) from None  # the cause may quote the environment

    def keep(self, photo: bytes) -> bytes:
        """Keep a photo. Kept twice it is the same object, so a retry after a lost answer is safe."""
        digest = _digest_of(photo)
        try:
            self._store.put(
                _name(digest), photo, attributes={"Content-Type": "image/jpeg"}, use_multipart=False
            )
        except _FAILURES as error:
            raise _unanswered(error) from None
        return digest

    def read(self, digest: bytes) -> bytes | None:
        """Give a photo."""
        try:
            found = self._store.get(_name(digest))
            if found.meta["size"] > LARGEST_BYTES:
                return None
            return _checked(bytes(found.bytes()), digest)
        except _FAILURES as error:
            if _is_absence(error):
                return None
            raise _unanswered(error) from None

    async def fetch(self, digest: bytes) -> bytes | None:
        """Give a photo."""
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                found = await self._store.get_async(_name(digest))
                if found.meta["size"] > LARGEST_BYTES:
                    return None
                return _checked(bytes(await found.bytes_async()), digest)
        except _FAILURES as error:
            if _is_absence(error):
                return None
            raise _unanswered(error) from None

    def remove(self, digest: bytes) -> None:
        """Remove a photo."""
        try:
            self._store.delete(_name(digest))
        except _FAILURES as error:
            if not _is_absence(error):
                raise _unanswered(error) from None


_FAILURES: Final = (BaseError, OSError, ValueError)
"""What obstore raises, by its documentation."""


def _name(digest: bytes) -> str:
    assert len(digest) == PHOTO_DIGEST_BYTES
    return f"{digest.hex()}.jpg"


def _digest_of(photo: bytes) -> bytes:
    if len(photo) > LARGEST_BYTES:
        raise PhotoStoreError(f"a photo in the store has at most {LARGEST_BYTES} bytes")
    return hashlib.sha256(photo).digest()[:PHOTO_DIGEST_BYTES]


def _checked(photo: bytes, digest: bytes) -> bytes | None:
    return photo if len(photo) <= LARGEST_BYTES and _digest_of(photo) == digest else None


def _unusable(error: OSError) -> PhotoStoreError:
    return PhotoStoreError(f"the photo directory cannot be used: {error.strerror}")


def _is_absence(error: Exception) -> bool:
    """Tell a missing photo from a missing bucket; both are a 404 of S3."""
    return isinstance(error, FileNotFoundError) and "NoSuchBucket" not in str(error)


def _unanswered(error: Exception) -> PhotoStoreError:
    """Say what went wrong, without the cause's own words: S3 repeats access keys in its refusals."""
    match error:
        case PermissionDeniedError() | UnauthenticatedError():
            return PhotoStoreError("the photo bucket refuses our credentials")
        case FileNotFoundError():
            return PhotoStoreError("the photo bucket does not exist")
        case TimeoutError():
            return PhotoStoreError("the photo bucket did not answer in time")
        case _:
            return PhotoStoreError("the photo bucket cannot be reached; are the AWS_… variables right?")
