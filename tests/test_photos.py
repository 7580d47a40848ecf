"""The photo store: the same promises in a directory and in a bucket on a real S3 server."""

import asyncio
import errno
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bucket import KEY_ID, SECRET, Bucket, running_bucket
from tests.running import free_port
from verifier.photos import (
    DEADLINE_SECONDS,
    LARGEST_BYTES,
    PhotoStore,
    PhotoStoreError,
    is_location,
    open_store,
)

PHOTO = b"\xff\xd8 a photo \xff\xd9"
DIGEST = hashlib.sha256(PHOTO).digest()[:12]
NAME = f"{DIGEST.hex()}.jpg"
UNKNOWN = bytes(12)


@pytest.fixture(scope="module")
def bucket() -> Iterator[Bucket]:
    with running_bucket() as running:
        yield running


@pytest.fixture(params=["directory", "bucket"])
def store(
    request: pytest.FixtureRequest, tmp_path: Path, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> PhotoStore:
    if request.param == "directory":
        return open_store(str(tmp_path / "new" / "photos"))
    return in_bucket(bucket, monkeypatch, f"{bucket.url}/{tmp_path.name}")


def in_bucket(bucket: Bucket, monkeypatch: pytest.MonkeyPatch, url: str) -> PhotoStore:
    for name, value in bucket.environment.items():
        monkeypatch.setenv(name, value)
    return open_store(url)


def fetched(store: PhotoStore, digest: bytes) -> bytes | None:
    return asyncio.run(store.fetch(digest))


def test_a_kept_photo_is_read_by_the_start_of_its_hash(store: PhotoStore) -> None:
    assert store.keep(PHOTO) == DIGEST
    assert store.keep(PHOTO) == DIGEST
    assert store.read(DIGEST) == fetched(store, DIGEST) == PHOTO


def test_an_unknown_photo_is_none(store: PhotoStore) -> None:
    assert store.read(UNKNOWN) is None
    assert fetched(store, UNKNOWN) is None


def test_a_removed_photo_is_gone_and_may_be_removed_again(store: PhotoStore) -> None:
    store.keep(PHOTO)
    store.remove(DIGEST)
    store.remove(DIGEST)
    assert store.read(DIGEST) is None


def test_the_largest_photo_is_kept_and_one_over_is_refused(store: PhotoStore) -> None:
    largest = bytes(LARGEST_BYTES)
    digest = store.keep(largest)
    assert store.read(digest) == fetched(store, digest) == largest
    with pytest.raises(PhotoStoreError, match="at most 1048576 bytes"):
        store.keep(largest + b"x")


@pytest.mark.parametrize("content", [b"", PHOTO + b"x", b"another", bytes(LARGEST_BYTES + 1)])
def test_an_exchanged_photo_is_not_read_and_keeping_mends_it(
    tmp_path: Path, bucket: Bucket, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    (tmp_path / NAME).write_bytes(content)
    bucket.put(f"portraits/{NAME}", content)
    for store in (open_store(str(tmp_path)), in_bucket(bucket, monkeypatch, bucket.url)):
        assert store.read(DIGEST) is None
        assert fetched(store, DIGEST) is None
        store.keep(PHOTO)
        assert store.read(DIGEST) == PHOTO


def test_a_photo_is_a_file_or_a_jpeg_object_named_by_its_digest(
    tmp_path: Path, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_store(str(tmp_path)).keep(PHOTO)
    assert [path.name for path in tmp_path.iterdir()] == [NAME]
    in_bucket(bucket, monkeypatch, bucket.url).keep(PHOTO)
    assert bucket.get(f"portraits/{NAME}") == (PHOTO, "image/jpeg")


def test_many_threads_keep_the_same_photo(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    photo = os.urandom(200_000)
    with ThreadPoolExecutor(8) as pool:
        digests = set(pool.map(lambda _: store.keep(photo), range(80)))
    (digest,) = digests
    assert store.read(digest) == photo
    assert len(list(tmp_path.iterdir())) == 1


def test_what_is_kept_is_synced_with_its_name_and_its_new_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = []
    sync = os.fsync

    def noted(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    open_store(str(tmp_path / "new" / "photos")).keep(PHOTO)
    partial = synced.pop(-2)
    assert partial.name.startswith(f".{NAME}.")
    assert set(synced[:-1]) == {tmp_path, tmp_path / "new"}
    assert synced[-1] == tmp_path / "new" / "photos"


def test_nothing_is_left_of_a_photo_that_did_not_fit_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(PhotoStoreError, match="the photo directory cannot be used: No space left"):
        open_store(str(tmp_path)).keep(PHOTO)
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_is_none_is_an_error_and_no_absence(tmp_path: Path) -> None:
    (tmp_path / "photos").write_bytes(b"")
    store = open_store(str(tmp_path / "photos"))
    for attempt in attempts(store)[1:]:
        with pytest.raises(PhotoStoreError, match="the photo directory cannot be used: Not a directory"):
            attempt()
    with pytest.raises(PhotoStoreError, match="the photo directory cannot be used: "):
        store.keep(PHOTO)


def attempts(store: PhotoStore) -> list[Callable[[], object]]:
    return [
        lambda: store.keep(PHOTO),
        lambda: store.read(UNKNOWN),
        lambda: store.remove(UNKNOWN),
        lambda: fetched(store, UNKNOWN),
    ]


def refused(store: PhotoStore, message: str) -> None:
    """Try each method: each fails with one clear error, in time, and without a word of what is secret."""
    for attempt in attempts(store):
        began = time.monotonic()
        with pytest.raises(PhotoStoreError, match=message) as caught:
            attempt()
        assert time.monotonic() - began < DEADLINE_SECONDS + 1
        assert SECRET not in str(caught.value)
        assert KEY_ID not in str(caught.value)


def test_a_bucket_that_does_not_exist_is_an_error_and_no_absence(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = in_bucket(bucket, monkeypatch, "s3://elsewhere")
    for attempt in attempts(store):
        with pytest.raises(PhotoStoreError, match="the photo bucket does not exist"):
            attempt()


def test_a_server_that_is_gone_is_an_error(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = {**bucket.environment, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{free_port()}"}
    for name, value in gone.items():
        monkeypatch.setenv(name, value)
    refused(open_store(bucket.url), "the photo bucket cannot be reached")


def test_a_server_that_hangs_is_an_error_in_time(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    store = in_bucket(bucket, monkeypatch, bucket.url)
    with bucket.hanging():
        refused(store, "the photo bucket (cannot be reached|did not answer in time)")


def test_the_event_loop_goes_on_while_the_bucket_hangs(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = in_bucket(bucket, monkeypatch, bucket.url)

    async def turns_while_waiting() -> int:
        asking, turns = asyncio.create_task(store.fetch(DIGEST)), 0
        while not asking.done():
            await asyncio.sleep(0.01)
            turns += 1
        with pytest.raises(PhotoStoreError):
            await asking
        return turns

    with bucket.hanging():
        assert asyncio.run(turns_while_waiting()) > 20


def test_refused_credentials_are_an_error_that_does_not_repeat_them(monkeypatch: pytest.MonkeyPatch) -> None:
    with running_bucket(checks_credentials=True) as strict:
        refused(in_bucket(strict, monkeypatch, strict.url), "the photo bucket refuses our credentials")


@pytest.mark.parametrize(
    "location", ["s3://bucket", "s3://bucket/", "s3://bucket/a/b_c-d", "photos", "/srv/photos", "./s3:/x", ""]
)
def test_places_that_a_store_can_be_in(location: str) -> None:
    assert is_location(location)
    open_store(location)


@pytest.mark.parametrize(
    "location",
    ["s3://", "s3://b", "s3:///prefix", f"s3://{KEY_ID}:{SECRET}@bucket/x", "s3://bucket/../x", "s3://bucket//x",
     "s3://bucket/x?region=y", "s3://bucket/x#y", "s3://bucket/ x", "s3://BUCKET", "https://bucket.example/x",
     "file:///srv", "gs://bucket", "memory:///", "s3://bucket/x\n", "s3://bucket/%2e%2e", "s3://bucket/照片"],
)  # fmt: skip
def test_places_that_no_store_can_be_in(location: str) -> None:
    assert not is_location(location)
    with pytest.raises(PhotoStoreError, match="neither a directory nor s3://bucket/prefix") as caught:
        open_store(location)
    assert SECRET not in str(caught.value)


@given(st.binary(max_size=2_000), st.binary(max_size=2_000))
def test_only_what_was_kept_is_read(
    tmp_path_factory: pytest.TempPathFactory, kept: bytes, written: bytes
) -> None:
    directory = tmp_path_factory.mktemp("photos")
    store = open_store(str(directory))
    digest = store.keep(kept)
    (directory / f"{digest.hex()}.jpg").write_bytes(written)
    assert store.read(digest) == (kept if written == kept else None)
