"""One document from a URL: bounded in size and time, and only if it changed. Nothing in it is trusted yet."""

import time
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import httpx2 as httpx

from verifier.certificate.errors import LiangzhengError

_SECONDS: Final = 10.0
"""For each step of the exchange: to connect, to send, and between two pieces of the answer."""
_TOTAL_SECONDS: Final = 60.0
_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class FetchError(LiangzhengError, OSError):
    """The document cannot be had now. Says nothing about what would be in it."""


class Fetched(NamedTuple):
    """What a server gave."""

    body: bytes | None
    """None: it is still what the ETag names."""
    etag: str | None


def is_url(source: str) -> bool:
    """Tell a URL from a path."""
    return source.startswith(("https://", "http://"))


def fetch(url: str, *, largest: int, accept: str = "*/*", etag: str | None = None) -> Fetched:
    """Get a document. Fails closed: whatever is not plainly it raises.

    Args:
        url: https; plain http for this computer alone.
        largest: bytes that are read at most.
        accept: the media type that is wanted.
        etag: of the document that is known already.

    Raises:
        FetchError: it cannot be had, is larger, or the server gives something else.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in _LOCAL:
        raise FetchError(f"{url}: only https is fetched from other computers")
    headers = {"accept": accept, "accept-encoding": "identity"}
    if etag is not None:
        headers["if-none-match"] = etag
    try:
        with (
            httpx.Client(timeout=_SECONDS, follow_redirects=False) as client,
            client.stream("GET", url, headers=headers) as response,
        ):
            if response.status_code == httpx.codes.NOT_MODIFIED and etag is not None:
                return Fetched(None, etag)
            if response.status_code != httpx.codes.OK:
                raise FetchError(f"{url}: the server answers {response.status_code}")
            return Fetched(_bounded(url, response, largest), response.headers.get("etag"))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise FetchError(f"{url}: {type(error).__name__}") from error


def _bounded(url: str, response: httpx.Response, largest: int) -> bytes:
    body, deadline = bytearray(), time.monotonic() + _TOTAL_SECONDS
    for part in response.iter_raw():
        body += part
        if len(body) > largest:
            raise FetchError(f"{url}: larger than {largest} bytes")
        if time.monotonic() > deadline:
            raise FetchError(f"{url}: not had in {_TOTAL_SECONDS:.0f} seconds")
    return bytes(body)
