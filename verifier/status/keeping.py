"""The trust list of a verifier that has no register: fetched, held against the one it had, and kept on disk.

What was kept is the mark that no list may fall behind, in this process or a later one.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import cbor2

from keys.files import write_whole
from keys.roots import Roots, TrustError
from keys.trust import LARGEST_LIST_BYTES, SignedLists, TrustList
from verifier.fetching import FetchError, fetch, is_url

_FORMS: Final = {"trust": "/trust", "directory": "/trust/directory", "endorsements": "/trust/roots"}
"""Where a scanning node has each document; `keys export` writes the same ones as files."""
_FILES: Final = {"trust": "trust.cose", "directory": "directory.cose", "endorsements": "roots.cbor"}
_KEPT: Final = "trust-lists.cbor"


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
