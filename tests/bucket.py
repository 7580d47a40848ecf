"""A real S3 server in a process of its own, with one bucket."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from obstore.store import S3Store

from tests.running import free_port

_MOTO = Path(sys.executable).with_name("moto_server")
SECRET = "not-a-real-secret-0123456789"
KEY_ID = "AKIANOTAREALKEYID000"


class Bucket:
    """A bucket, and whatever may happen to its server."""

    def __init__(self, port: int, process: subprocess.Popen[bytes]) -> None:
        self._endpoint = f"http://127.0.0.1:{port}"
        self._process = process
        self.url = "s3://photos/portraits"
        self.environment = {
            "AWS_ENDPOINT_URL": self._endpoint,
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET,
        }

    def make(self) -> None:
        """Make the bucket."""
        request = urllib.request.Request(f"{self._endpoint}/photos/", method="PUT")
        with urllib.request.urlopen(request, timeout=30):
            pass

    def put(self, key: str, content: bytes) -> None:
        """Put an object there, behind the photo store's back."""
        self._client().put(key, content, use_multipart=False)

    def get(self, key: str) -> tuple[bytes, str]:
        """Give an object and its type."""
        found = self._client().get(key)
        return bytes(found.bytes()), found.attributes["Content-Type"]

    def _client(self) -> S3Store:
        return S3Store(
            "photos",
            endpoint=self._endpoint,
            region="us-east-1",
            access_key_id=KEY_ID,
            secret_access_key=SECRET,
            client_options={"allow_http": True},
        )

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Take connections, and answer none."""
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def end(self) -> None:
        """End the server."""
        self._process.terminate()
        self._process.wait(timeout=30)


@contextmanager
def running_bucket(*, checks_credentials: bool = False) -> Iterator[Bucket]:
    """Run a server; one that checks credentials knows none once the bucket is made."""
    port = free_port()
    extra = {"INITIAL_NO_AUTH_ACTION_COUNT": "1"} if checks_credentials else {}
    process = subprocess.Popen(
        [str(_MOTO), "-H", "127.0.0.1", "-p", str(port)],
        env=os.environ | extra,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    bucket = Bucket(port, process)
    try:
        _make(bucket)
        yield bucket
    finally:
        bucket.end()


def _make(bucket: Bucket) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            bucket.make()
        except urllib.error.HTTPError:
            raise
        except OSError:
            time.sleep(0.05)  # it does not listen yet
        else:
            return
    raise AssertionError("the S3 server was not ready in time")
