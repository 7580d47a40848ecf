"""What a verifier keeps that has no register: the trust list, and status lists, fetched or from files.

What was kept is the mark that nothing may fall behind, in this process or a later one.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import cbor2

from keys.files import write_whole
from keys.roots import Roots, TrustError
from keys.trust import LARGEST_LIST_BYTES, SignedLists, TrustList
from verifier.certificate.dates import iso
from verifier.certificate.model import StatusReference
from verifier.fetching import FetchError, fetch, is_url
from verifier.status.token_status_list import (
    CWT_TYPE,
    LARGEST_TOKEN_BYTES,
    StatusList,
    StatusListError,
    StatusType,
    open_token,
    uri_of,
)

_FORMS: Final = {"trust": "/trust", "directory": "/trust/directory", "endorsements": "/trust/roots"}
"""Where a scanning node has each document; `keys export` writes the same ones as files."""
_FILES: Final = {"trust": "trust.cose", "directory": "directory.cose", "endorsements": "roots.cbor"}
_KEPT: Final = "trust-lists.cbor"
_STATUSES: Final = frozenset(StatusType)
MOST_OFFLINE_SECONDS: Final = 86_400
"""How old a status list may be at most, whatever it says of itself."""


class TrustKeeper:
    """Keeps the newest lists in a directory.

    Args:
        directory: where they are kept.
        roots: the pinned root keys.
        say: told why what was kept before is used.
    """

    def __init__(self, directory: Path, roots: Roots, say: Callable[[str], None]) -> None:
        self._file = directory / _KEPT
        self._roots = roots
        self._say = say

    def current(self, source: str, now: float) -> TrustList:
        """Give the lists of a source, or those that were kept where it cannot be had or must not be taken.

        Args:
            source: a scanning node's address, or a directory that `keys export` wrote.
            now: the time.

        Raises:
            TrustError: there are none that may be relied on.
        """
        kept, tags = self._kept()
        try:
            if is_url(source):
                lists, tags = _fetched(source.rstrip("/"), kept.lists if kept else None, tags)
            else:
                lists, tags = _read(Path(source)), {}
            return self._take(lists, kept, tags, now)
        except (FetchError, TrustError) as error:
            if kept is None:
                raise TrustError(str(error)) from error
            self._say(f"{error}; trust list {kept.version} is used, which was kept before")
            return kept

    def _take(
        self, lists: SignedLists, kept: TrustList | None, tags: dict[str, str], now: float
    ) -> TrustList:
        offered = TrustList.open(lists, self._roots)
        if offered.ends <= now:
            raise TrustError("the trust list has expired")
        if kept is not None:
            offered.require_successor_of(kept)
        write_whole(self._file, cbor2.dumps([lists._asdict(), tags]))
        return offered

    def _kept(self) -> tuple[TrustList | None, dict[str, str]]:
        try:
            lists, tags = cbor2.loads(self._file.read_bytes())
            return TrustList.open(SignedLists(**lists), self._roots), dict(tags)
        except FileNotFoundError:
            return None, {}
        except (cbor2.CBORError, ValueError, TypeError) as error:
            # Also where another root is pinned by now. Not passed over: it is the mark against older lists.
            raise TrustError(
                f"{self._file} does not hold under the pinned root; remove it to begin anew"
            ) from error


def _fetched(
    address: str, kept: SignedLists | None, tags: dict[str, str]
) -> tuple[SignedLists, dict[str, str]]:
    """Fetch what changed of the three documents."""
    documents: dict[str, bytes] = kept._asdict() if kept else {}
    new_tags: dict[str, str] = {}
    for name, path in _FORMS.items():
        known = tags.get(name) if name in documents else None
        got = fetch(address + path, largest=LARGEST_LIST_BYTES, etag=known)
        if got.body is not None:
            documents[name] = got.body
        if got.etag is not None:
            new_tags[name] = got.etag
    return SignedLists(**documents), new_tags


def _read(directory: Path) -> SignedLists:
    documents: dict[str, bytes] = {}
    for name, file in _FILES.items():
        try:
            with (directory / file).open("rb") as opened:
                documents[name] = opened.read(LARGEST_LIST_BYTES + 1)
        except OSError as error:
            raise FetchError(f"{directory / file}: {error.strerror}") from error
    return SignedLists(**documents)


class StatusKeeper:
    """Keeps the newest of each status list in a directory.

    Args:
        directory: where they are kept.
        trust: the trust list in force.
        say: told why what was kept before is used.
    """

    def __init__(self, directory: Path, trust: TrustList, say: Callable[[str], None]) -> None:
        self._directory = directory
        self._trust = trust
        self._say = say

    def status(self, of: StatusReference, source: str, now: float) -> StatusType:
        """Look up what the list of a code says of it.

        Args:
            of: where the code stands.
            source: a file with the list; or the address of the list, or of a service that has it.
            now: the time.

        Raises:
            StatusListError: no list that is to be relied on says anything of it. That is not "valid".
        """
        listed, resolved = self._from_url(of, source, now) if is_url(source) else self._from_file(of, source)
        listed.require_current(now, resolved=resolved, most_seconds=MOST_OFFLINE_SECONDS)
        status = listed.status(of.index)
        if status not in _STATUSES:
            raise StatusListError("the status list says what only its application knows")
        return StatusType(status)

    def _from_file(self, of: StatusReference, source: str) -> tuple[StatusList, float]:
        try:
            with Path(source).open("rb") as file:
                token = file.read(LARGEST_TOKEN_BYTES + 1)
            return self._open(of, token), Path(source).stat().st_mtime
        except OSError as error:
            raise StatusListError(f"{source}: {error.strerror}") from error

    def _from_url(self, of: StatusReference, source: str, now: float) -> tuple[StatusList, float]:
        kept = self._kept(of)
        address, etag = _address_of(source, of), kept.etag if kept else None
        try:
            got = fetch(address, largest=LARGEST_TOKEN_BYTES, accept=CWT_TYPE, etag=etag)
            token = kept.token if got.body is None and kept else got.body or b""
            listed = self._successor(of, token, kept)
        except (FetchError, StatusListError) as error:
            if kept is None:
                raise StatusListError(str(error)) from error
            self._say(f"{error}; the status list of {iso(int(kept.resolved))} is used, which was kept before")
            return kept.listed, kept.resolved
        write_whole(self._file(of), cbor2.dumps([token, got.etag, now]))
        return listed, now

    def _successor(self, of: StatusReference, token: bytes, kept: "_Kept | None") -> StatusList:
        listed = self._open(of, token)
        if kept is not None and listed.issued < kept.listed.issued:
            raise StatusListError("the status list is older than the one that was kept")
        return listed

    def _kept(self, of: StatusReference) -> "_Kept | None":
        """Give what was kept; a list that holds no more is as good as none."""
        try:
            token, etag, resolved = cbor2.loads(self._file(of).read_bytes())
            return _Kept(token, self._open(of, token), etag, resolved)
        except (OSError, cbor2.CBORError, ValueError, TypeError):
            return None

    def _open(self, of: StatusReference, token: bytes) -> StatusList:
        return open_token(token, self._trust, uri=uri_of(self._trust, of.list))

    def _file(self, of: StatusReference) -> Path:
        return self._directory / f"status-{of.list}.cbor"


class _Kept(NamedTuple):
    token: bytes
    listed: StatusList
    etag: str | None
    resolved: float


def _address_of(source: str, of: StatusReference) -> str:
    """Give the address of a list: the one that was said, or the usual one of a service."""
    return source if urlsplit(source).path.strip("/") else f"{source.rstrip('/')}/status/{of.list}"
