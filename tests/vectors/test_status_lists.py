"""Every vector of the check by a status list, as another implementation would use it: from its file alone."""

import os
from pathlib import Path
from typing import Any

import pytest

from tests.vectors import generate
from tests.vectors.test_vectors import VERDICTS, read, trust
from verifier.certificate.verdicts import Reason
from verifier.scanning.check import RefusedError, authenticate, check_by_list
from verifier.status.keeping import StatusKeeper
from verifier.status.token_status_list import StatusListError, StatusType

FILES = sorted(generate.STATUS_LISTS.glob("*.json"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_vector_gets_its_answer(path: Path, tmp_path: Path) -> None:
    vector = read(path)
    listed = tmp_path / "list"
    listed.write_bytes(bytes.fromhex(vector["token"]))
    os.utime(listed, (vector["fetched"], vector["fetched"]))
    keeper = StatusKeeper(tmp_path, trust(), lambda _: None)
    reason = outcome(vector, keeper, str(listed))
    assert reason == vector["expected"]["reason"]
    assert VERDICTS[reason.value] == vector["expected"]["verdict"]


def outcome(vector: dict[str, Any], keeper: StatusKeeper, source: str) -> Reason:
    now, status = vector["now"], None
    try:
        authentic = authenticate(vector["digits"], trust=trust(), base_url=vector["base_url"], now=now)
        status = keeper.status(authentic.certificate.status, source, now)
    except RefusedError as refused:
        return refused.reason
    except StatusListError:
        status = None
    return check_by_list(authentic, trust=trust(), status=status, now=now).reason


def test_nothing_is_valid_without_a_list_that_says_so() -> None:
    valid = {path.stem for path in FILES if read(path)["expected"]["verdict"] == "valid"}
    assert valid == {
        "valid", "valid-jwt", "last-second", "ttl-last-second", "own-bound", "future-60-seconds",
    }  # fmt: skip


def test_each_status_and_each_answer_that_a_list_alone_gives_has_a_vector() -> None:
    reasons = {read(path)["expected"]["reason"] for path in FILES}
    assert {Reason.VALID, Reason.VOID, Reason.SUSPENDED, Reason.STATUS_STALE} <= reasons
    assert len(StatusType) == 3
