"""A change is in force everywhere with the very next scan."""

from pathlib import Path

from tests.running import serving, succeed

NUMBER = "31000099001"


def test_a_suspension_is_seen_by_the_very_next_scan_of_every_worker(data_dir: Path) -> None:
    digits = succeed(data_dir, "code", NUMBER, "--text").strip().rsplit("/", 1)[1]
    with serving(data_dir, workers=2) as server:
        for event, verdict in (("suspend", "suspended"), ("reinstate", "valid"), ("suspend", "suspended")):
            succeed(data_dir, event, NUMBER)
            # Each request is a connection of its own; the kernel spreads them over both workers.
            verdicts = [server.get(f"/{digits}").json["verdict"] for _ in range(40)]
            assert set(verdicts) == {verdict}


def test_a_certificate_made_a_moment_ago_is_never_called_forged(data_dir: Path) -> None:
    with serving(data_dir, workers=2) as server:
        for number in ("31000098001", "31000098002", "31000098003"):
            succeed(
                data_dir, "issue", number, "--issuer", "650000", "--holder", "马晓东",
                "--agency", "新疆维吾尔自治区机关事务管理局", "--category", "机关事务管理", "--area", "全疆",
            )  # fmt: skip
            digits = succeed(data_dir, "code", number, "--text").strip().rsplit("/", 1)[1]
            assert {server.get(f"/{digits}").json["verdict"] for _ in range(10)} == {"valid"}


def test_a_key_made_a_moment_ago_is_known_to_every_worker(data_dir: Path) -> None:
    with serving(data_dir, workers=2) as server:
        succeed(data_dir, "keys", "create", "certificate", "--issuer", "650000")
        succeed(data_dir, "keys", "trust")
        succeed(
            data_dir, "issue", "31000098001", "--issuer", "650000", "--holder", "马晓东",
            "--agency", "新疆维吾尔自治区机关事务管理局", "--category", "机关事务管理", "--area", "全疆",
        )  # fmt: skip
        digits = succeed(data_dir, "code", "31000098001", "--text").strip().rsplit("/", 1)[1]
        assert {server.get(f"/{digits}").json["verdict"] for _ in range(10)} == {"valid"}
