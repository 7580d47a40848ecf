"""A verifier without a register asks a status list: what it takes, and that nothing else is ever "valid"."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders import NOW, STATUS, XINJIANG, certificate, signed, trust_list
from tests.status.site import Site, running
from verifier.certificate.code import to_text
from verifier.certificate.model import StatusReference
from verifier.certificate.verdicts import Reason
from verifier.scanning.check import Finding, authenticate, check_by_list
from verifier.status.keeping import MOST_OFFLINE_SECONDS, StatusKeeper
from verifier.status.token_status_list import StatusList, StatusListError, StatusType, blank, sign, write

CODE = certificate(valid_until=NOW + 30 * 86_400)
PLACE = CODE.status
ADDRESS = "https://v.example.gov.cn"
TRUST = trust_list()
HOURS = 3_600


def token(
    status: int = StatusType.VALID,
    *,
    number: int = 0,
    issued: int = NOW,
    entries: int = 1 << 17,
    **changes: object,
) -> bytes:
    array = blank(entries)
    if PLACE.index < entries:
        write(array, PLACE.index, status)
    uri = TRUST.status_lists.uri.replace("{list}", str(number))
    of = StatusList(uri, issued, issued + 24 * HOURS, 12 * HOURS, 2, bytes(array))
    return sign(of._replace(**changes), STATUS)[0]  # type: ignore[arg-type]  # as the test says


@pytest.fixture
def site() -> Iterator[Site]:
    with running() as serving:
        yield serving


@pytest.fixture
def notes() -> list[str]:
    return []


@pytest.fixture
def keeper(tmp_path: Path, notes: list[str]) -> StatusKeeper:
    return StatusKeeper(tmp_path, TRUST, notes.append)


def verdict(status: StatusType | None, *, code: object = CODE, now: int = NOW) -> Finding:
    assert isinstance(code, type(CODE))
    text = to_text(signed(code), ADDRESS)
    authentic = authenticate(text, trust=TRUST, base_url=ADDRESS, now=now)
    return check_by_list(authentic, trust=TRUST, status=status, now=now)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (StatusType.VALID, Reason.VALID),
        (StatusType.SUSPENDED, Reason.SUSPENDED),
        (StatusType.INVALID, Reason.VOID),
        (None, Reason.STATUS_STALE),
    ],
)
def test_suspended_is_not_void_and_nothing_is_not_valid(status: StatusType | None, reason: Reason) -> None:
    found = verdict(status)
    assert found.reason is reason
    assert found.certificate == CODE


def test_the_certificates_own_dates_go_before_what_a_list_says() -> None:
    over = CODE.valid_until
    assert verdict(StatusType.VALID, now=over).reason is Reason.EXPIRED
    assert verdict(StatusType.SUSPENDED, now=over).reason is Reason.EXPIRED
    assert verdict(None, now=over).reason is Reason.EXPIRED  # that needs no list
    assert verdict(StatusType.INVALID, now=over).reason is Reason.VOID
    early = CODE.valid_from - 1
    assert verdict(StatusType.SUSPENDED, now=early).reason is Reason.NOT_YET_VALID
    assert verdict(None, now=early).reason is Reason.STATUS_STALE


def test_nothing_of_a_code_outside_its_keys_scope_is_shown_whatever_a_list_says() -> None:
    forged = to_text(signed(certificate(issuer="150000")), ADDRESS)
    authentic = authenticate(forged, trust=TRUST, base_url=ADDRESS, now=NOW)
    found = check_by_list(authentic, trust=TRUST, status=StatusType.VALID, now=NOW)
    assert (found.reason, found.certificate) == (Reason.WRONG_ISSUER, None)


def test_a_list_from_a_file_is_asked(keeper: StatusKeeper, tmp_path: Path) -> None:
    file = tmp_path / "list"
    for status in StatusType:
        file.write_bytes(token(status))
        os.utime(file, (NOW, NOW))
        assert keeper.status(PLACE, str(file), NOW) is status


def test_a_list_of_a_service_is_fetched_where_it_always_is_and_again_only_if_it_changed(
    keeper: StatusKeeper, site: Site
) -> None:
    site.files["/status/0"] = token(StatusType.SUSPENDED)
    for _ in range(2):
        assert keeper.status(PLACE, site.url, NOW) is StatusType.SUSPENDED
    assert site.asked == [("/status/0", 200), ("/status/0", 304)]
    site.files["/lists/0.cwt"] = token(StatusType.INVALID)
    assert keeper.status(PLACE, site.url + "/lists/0.cwt", NOW) is StatusType.INVALID


@pytest.mark.parametrize(
    ("served", "why"),
    [
        (b"", "no status key"),
        (token()[:-1], "no status key"),
        (token(number=1), "another one"),
        (token(entries=64), "has no index"),
        (token(3), "only its application"),
        (token(issued=NOW - 24 * HOURS), "expired"),
        (token(issued=NOW + 61), "from the future"),
        (token(issued=NOW - MOST_OFFLINE_SECONDS - 1, expires=NOW + 9), "older than"),
        (sign(StatusList(ADDRESS, NOW, NOW + 9, 9, 2, b"\0" * 9), XINJIANG)[0], "no status key"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_list_that_says_nothing_to_rely_on_is_an_error_and_never_valid(
    keeper: StatusKeeper, site: Site, tmp_path: Path, served: bytes, why: str
) -> None:
    site.files["/status/0"] = served
    with pytest.raises(StatusListError, match=why):
        keeper.status(PLACE, site.url, NOW)
    (tmp_path / "list").write_bytes(served)
    os.utime(tmp_path / "list", (NOW, NOW))
    with pytest.raises(StatusListError, match=why):
        keeper.status(PLACE, str(tmp_path / "list"), NOW)


@pytest.mark.parametrize("status", [404, 500, 301, 204])
def test_a_list_that_cannot_be_fetched_is_an_error_and_never_not_revoked(
    keeper: StatusKeeper, site: Site, status: int
) -> None:
    site.status = status
    with pytest.raises(StatusListError, match=f"answers {status}"):
        keeper.status(PLACE, site.url, NOW)
    with pytest.raises(StatusListError, match="ConnectError"):
        keeper.status(PLACE, "http://127.0.0.1:9", NOW)
    with pytest.raises(StatusListError, match="No such file"):
        keeper.status(PLACE, "/nowhere/list", NOW)


def test_what_was_fetched_is_used_without_a_network_until_its_ttl_and_not_for_ever(
    keeper: StatusKeeper, site: Site, notes: list[str]
) -> None:
    site.files["/status/0"] = token(StatusType.SUSPENDED)
    keeper.status(PLACE, site.url, NOW)
    site.status = 503
    assert keeper.status(PLACE, site.url, NOW + 12 * HOURS) is StatusType.SUSPENDED
    assert "answers 503; the status list of" in notes[-1]
    with pytest.raises(StatusListError, match="its ttl"):
        keeper.status(PLACE, site.url, NOW + 12 * HOURS + 1)
    with pytest.raises(StatusListError, match="expired"):
        keeper.status(PLACE, site.url, NOW + 24 * HOURS)


def test_asking_again_makes_a_list_fresh_though_it_did_not_change(keeper: StatusKeeper, site: Site) -> None:
    site.files["/status/0"] = token()
    keeper.status(PLACE, site.url, NOW)
    keeper.status(PLACE, site.url, NOW + 11 * HOURS)  # 304
    site.status = 503
    assert keeper.status(PLACE, site.url, NOW + 23 * HOURS - 1) is StatusType.VALID


def test_an_older_list_is_not_taken_for_a_newer_one(
    keeper: StatusKeeper, site: Site, notes: list[str]
) -> None:
    """A replayed list, still within its times, would take a withdrawal back."""
    site.files["/status/0"] = token(StatusType.INVALID, issued=NOW)
    keeper.status(PLACE, site.url, NOW)
    site.files["/status/0"] = token(StatusType.VALID, issued=NOW - HOURS)
    for _ in range(2):
        assert keeper.status(PLACE, site.url, NOW + 1) is StatusType.INVALID
        assert "older than the one that was kept" in notes[-1]


def test_what_was_kept_and_is_spoilt_counts_for_nothing(
    keeper: StatusKeeper, site: Site, tmp_path: Path
) -> None:
    site.files["/status/0"] = token(StatusType.INVALID)
    keeper.status(PLACE, site.url, NOW)
    site.status = 503
    for content in (b"", b"\x80", b"\x83\x40\x60\x00"):
        (tmp_path / "status-0.cbor").write_bytes(content)
        with pytest.raises(StatusListError, match="answers 503"):
            keeper.status(PLACE, site.url, NOW)


def test_each_list_is_kept_by_itself(keeper: StatusKeeper, site: Site) -> None:
    site.files = {"/status/0": token(), "/status/1": token(StatusType.INVALID, number=1)}
    assert keeper.status(PLACE, site.url, NOW) is StatusType.VALID
    assert keeper.status(StatusReference(1, PLACE.index), site.url, NOW) is StatusType.INVALID
    site.status = 503
    assert keeper.status(PLACE, site.url, NOW) is StatusType.VALID
