"""Tables over the API: queued, read, applied whole or not at all, and said how far they are."""

import time
from pathlib import Path
from typing import Any

from loadtest.stock import write_roster
from tests.api.conftest import Api
from verifier.issuing import samples
from verifier.register.audit import audit

SAMPLES = Path(samples.__path__[0])


def send(api: Api, role: str, table: bytes, query: str = "", key: str = "table") -> Any:
    headers = {"idempotency-key": key, "content-type": "text/csv"} | api.headers(role)
    return api.client.post(f"/imports{query}", content=table, headers=headers)


def ended(api: Api, role: str, job: str) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        content: dict[str, Any] = api.get(role, f"/imports/{job}").json()
        if content["state"] in {"done", "refused"}:
            return content
        assert content["state"] in {"queued", "running"}
        time.sleep(0.02)
    raise AssertionError("the import does not end")


def test_a_table_of_the_issuer_is_issued(api: Api) -> None:
    reply = send(api, "im", (SAMPLES / "new-issue.xlsx").read_bytes())
    assert (reply.status_code, reply.json()["state"]) == (202, "queued")
    content = ended(api, "im", reply.json()["id"])
    assert (content["state"], content["report"]["accepted"], content["report"]["refused"]) == ("done", 40, [])
    assert api.get("im", "/certificates/05505230040").json()["verdict"] == "valid"
    again = send(api, "im", (SAMPLES / "new-issue.xlsx").read_bytes())
    assert again.content == reply.content
    assert not list((api.office.settings.data_dir / "imports").iterdir())
    with api.office.database.reading() as connection:
        assert audit(connection, api.office.trust())["certificates"] == 40


def test_a_bad_row_refuses_the_table_and_no_private_value_is_repeated(api: Api) -> None:
    reply = send(api, "im", (SAMPLES / "faulty.csv").read_bytes())
    content = ended(api, "im", reply.json()["id"])
    assert (content["state"], content["report"]["accepted"], content["report"]["refused_in_all"]) == (
        "refused", 0, 5,
    )  # fmt: skip
    for private in ("990000", "行政检查", "ZG2022"):
        assert private not in str(content)
    assert api.get("im", "/certificates/05505230900").status_code == 404


def test_good_rows_are_taken_if_asked_for_and_a_dry_run_changes_nothing(api: Api) -> None:
    table = (SAMPLES / "faulty.csv").read_bytes()
    tried = send(api, "im", table, "?accept_good=true&dry_run=true", "dry").json()["id"]
    assert ended(api, "im", tried)["report"] | {"refused": None} == {
        "rows": 6, "accepted": 1, "refused": None, "refused_in_all": 5, "dry_run": True,
    }  # fmt: skip
    assert api.get("im", "/certificates/05505230900").status_code == 404
    taken = send(api, "im", table, "?accept_good=true", "wet").json()["id"]
    assert ended(api, "im", taken)["report"]["accepted"] == 1


def test_a_table_of_an_agency_is_proposed(api: Api, tmp_path: Path) -> None:
    write_roster(tmp_path / "list.csv", 3, 31_000_070_001)
    table = (tmp_path / "list.csv").read_bytes()
    content = ended(api, "xj-ggj", send(api, "xj-ggj", table).json()["id"])
    assert (content["state"], content["report"]["accepted"]) == ("done", 3)
    assert [each["state"] for each in api.get("xj", "/proposals").json()] == ["open"] * 3
    assert api.get("xj", "/certificates/31000070001").status_code == 404


def test_what_is_no_table_is_said_so(api: Api) -> None:
    content = ended(api, "im", send(api, "im", b"\x00\x01").json()["id"])
    assert (content["state"], "not a spreadsheet" in content["report"]["detail"]) == ("refused", True)


def test_another_client_learns_nothing_of_an_import(api: Api) -> None:
    job = send(api, "im", b"x").json()["id"]
    assert api.get("xj", f"/imports/{job}").status_code == 404
    ended(api, "im", job)


def test_another_authority_s_certificates_are_not_issued(api: Api, tmp_path: Path) -> None:
    write_roster(tmp_path / "list.csv", 3, 31_000_070_001)
    query = "?issuer=650000&agency=新疆维吾尔自治区机关事务管理局"
    content = ended(api, "im", send(api, "im", (tmp_path / "list.csv").read_bytes(), query).json()["id"])
    assert (content["state"], "issued by that issuer" in content["report"]["detail"]) == ("refused", True)
    assert api.get("xj", "/certificates/31000070001").status_code == 404
