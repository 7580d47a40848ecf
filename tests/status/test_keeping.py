"""A verifier without a register: what it fetches, what it keeps, and what must never take its place."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from keys.roots import NO_ENDORSEMENTS, Roots, TrustError
from keys.trust import LARGEST_LIST_BYTES, SignedLists
from tests.builders import NOW, PINNED, ROOT, signed_lists, signed_trust, signer
from tests.status.site import Site, running
from verifier.fetching import FetchError, fetch
from verifier.status.keeping import TrustKeeper

YEAR = 365 * 86_400


def publish(site: Site, lists: SignedLists) -> None:
    site.files = {
        "/trust": lists.trust, "/trust/directory": lists.directory, "/trust/roots": lists.endorsements,
    }  # fmt: skip


@pytest.fixture
def site() -> Iterator[Site]:
    with running() as serving:
        publish(serving, signed_lists())
        yield serving


@pytest.fixture
def notes() -> list[str]:
    return []


@pytest.fixture
def keeper(tmp_path: Path, notes: list[str]) -> TrustKeeper:
    return TrustKeeper(tmp_path, PINNED, notes.append)


def test_the_lists_of_a_service_are_taken_and_asked_for_again_only_if_they_changed(
    site: Site, keeper: TrustKeeper
) -> None:
    assert keeper.current(site.url, NOW).version == 1
    assert keeper.current(site.url, NOW).version == 1
    assert [status for _, status in site.asked] == [200] * 3 + [304] * 3
    publish(site, signed_lists(version=2))
    assert keeper.current(site.url, NOW).version == 2


def test_what_was_kept_is_used_while_the_service_is_away_and_that_is_said(
    site: Site, keeper: TrustKeeper, notes: list[str]
) -> None:
    keeper.current(site.url, NOW)
    for status in (500, 404, 301, 204):
        site.status = status
        assert keeper.current(site.url, NOW).version == 1
        assert f"answers {status}" in notes[-1]
        assert "trust list 1 is used" in notes[-1]


def test_before_the_first_list_nothing_is_trusted(site: Site, keeper: TrustKeeper) -> None:
    site.status = 503
    with pytest.raises(TrustError, match="answers 503"):
        keeper.current(site.url, NOW)


FORGED = signed_lists(version=3)._replace(trust=signed_trust(version=3, by=signer("thief")))


@pytest.mark.parametrize(
    ("offered", "why"),
    [
        (signed_lists(version=1), "is older than 2"),
        (SignedLists(b"", b""), "signed"),
        (FORGED, "signed"),
        (signed_lists(version=3, issued=NOW - 9, ends=NOW - 1), "expired"),
        (signed_lists(version=2, ends=NOW + YEAR + 1), "two trust lists have the version 2"),
        (SignedLists(bytes(LARGEST_LIST_BYTES + 1), b""), "larger than"),
        (signed_lists(version=3)._replace(endorsements=b"\x00"), "out of form"),
    ],
    ids=["older", "empty", "another root", "expired", "forked", "too large", "endorsements"],
)
def test_a_list_that_must_not_be_taken_changes_nothing(
    site: Site, keeper: TrustKeeper, notes: list[str], offered: SignedLists, why: str
) -> None:
    publish(site, signed_lists(version=2))
    keeper.current(site.url, NOW)
    publish(site, offered)
    for _ in range(2):  # nor the second time: nothing of it was kept
        assert keeper.current(site.url, NOW).version == 2
        assert why in notes[-1]
    publish(site, signed_lists(version=4))
    assert keeper.current(site.url, NOW).version == 4


def test_an_older_list_is_refused_after_a_restart_too(
    site: Site, keeper: TrustKeeper, tmp_path: Path, notes: list[str]
) -> None:
    publish(site, signed_lists(version=2))
    keeper.current(site.url, NOW)
    publish(site, signed_lists(version=1))
    assert TrustKeeper(tmp_path, PINNED, notes.append).current(site.url, NOW).version == 2


def test_a_spoilt_mark_is_not_passed_over(site: Site, keeper: TrustKeeper, tmp_path: Path) -> None:
    keeper.current(site.url, NOW)
    for content in (b"", b"\x00", (tmp_path / "trust-lists.cbor").read_bytes()[:-3]):
        (tmp_path / "trust-lists.cbor").write_bytes(content)
        with pytest.raises(TrustError, match="remove it to begin anew"):
            keeper.current(site.url, NOW)


def test_a_mark_of_another_root_is_not_passed_over(site: Site, keeper: TrustKeeper, tmp_path: Path) -> None:
    keeper.current(site.url, NOW)
    other = TrustKeeper(tmp_path, Roots.of(signer("thief").public), lambda _: None)
    with pytest.raises(TrustError, match="does not hold under the pinned root"):
        other.current(site.url, NOW)


def test_exported_files_are_as_good_as_a_service(keeper: TrustKeeper, tmp_path: Path) -> None:
    lists = signed_lists()
    public = tmp_path / "public"
    public.mkdir()
    with pytest.raises(TrustError, match="No such file"):
        keeper.current(str(public), NOW)
    for name, content in (
        ("trust.cose", lists.trust), ("directory.cose", lists.directory), ("roots.cbor", NO_ENDORSEMENTS),
    ):  # fmt: skip
        (public / name).write_bytes(content)
    assert keeper.current(str(public), NOW).signed_by.root.kid == ROOT.kid


def test_nothing_is_fetched_from_elsewhere_without_tls() -> None:
    for url in ("http://v.example.gov.cn/trust", "http://127.0.0.1.example/", "ftp://127.0.0.1/"):
        with pytest.raises(FetchError, match=r"only https|UnsupportedProtocol"):
            fetch(url, largest=1)


def test_a_server_that_cannot_be_reached_is_our_error() -> None:
    with pytest.raises(FetchError, match="ConnectError"):
        fetch("http://127.0.0.1:9/", largest=1)


def test_more_than_was_asked_for_is_not_read(site: Site) -> None:
    site.files["/many"] = bytes(5_000_000)
    with pytest.raises(FetchError, match="larger than 1000 bytes"):
        fetch(site.url + "/many", largest=1_000)
    assert fetch(site.url + "/many", largest=5_000_000).body == bytes(5_000_000)
