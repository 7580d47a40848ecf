"""Tables over the API: queued, read, applied whole or not at all, and said how far they are."""

import time
from pathlib import Path
from typing import Any

import pytest

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
    assert ended(api, "im", tried)["report"] | {"refused": None, "diff": None} == {
        "rows": 6, "accepted": 1, "refused": None, "refused_in_all": 5, "dry_run": True,
        "form": "new issue", "diff": None,
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


def test_the_replacement_form_replaces_and_an_agency_s_is_proposed_nm_2022_annex_2(api: Api) -> None:
    table = roster("奈曼旗应急管理局", "于丽", "05505230901", area="通辽市")
    api.issue()
    tried = send(api, "im", table, "?dry_run=true", "dry").json()["id"]
    (row,) = ended(api, "im", tried)["report"]["diff"]
    assert {"field": "area", "before": "奈曼旗", "after": "通辽市"} in row["changes"]
    proposed = send(api, "naiman-agency", table).json()["id"]
    assert ended(api, "naiman-agency", proposed)["report"]["accepted"] == 1
    (proposal,) = api.get("naiman-agency", "/proposals").json()
    assert (proposal["action"], proposal["wish"]["area"]) == ("replace", "通辽市")
    done = send(api, "im", table).json()["id"]
    assert ended(api, "im", done)["state"] == "done"
    assert api.get("im", "/certificates/05505230901").json()["area"] == "通辽市"


def test_the_clean_up_form_does_what_the_reason_says_and_never_repeats_it_nm_2022_annex_1(api: Api) -> None:
    for number in ("05505230901", "05505230902", "05505230903"):
        api.issue(number=number)
    header = HEADER + ",清理原因"
    rows = [
        line("奈曼旗应急管理局", "于丽", number) + f",{reason}"
        for number, reason in (("05505230901", "辞职"), ("05505230902", "遗失"), ("05505230903", "照片质量"))
    ]
    table = "\n".join(["行政执法人员清理汇总表", header, *rows]).encode()
    refused = ended(api, "naiman-agency", send(api, "naiman-agency", table).json()["id"])
    assert refused["state"] == "refused"
    assert "IM-2023 Art 22" in str(refused)
    content = ended(api, "im", send(api, "im", table).json()["id"])
    assert (content["state"], content["report"]["accepted"]) == ("done", 3), content
    assert "辞职" not in str(content) + str(refused)
    reasons = [api.get("im", f"/certificates/0550523090{each}").json()["reason"] for each in (1, 2, 3)]
    assert reasons == ["cancelled", "lost", "valid"]


@pytest.mark.parametrize("role", ["naiman-farming", "xj", "kashi", "changji-agency"])
@pytest.mark.parametrize("form", ["行政执法人员清理汇总表", "行政执法证件换发人员统计表"])
def test_attack_a_stranger_s_table_guesses_at_a_holder(api: Api, role: str, form: str) -> None:
    api.issue(id_number="990000197106030058")
    api.issue(number="05505230902", restricted=True, id_number="990000197106030058")
    header, end = (HEADER + ",清理原因", ",辞职") if "清理" in form else (HEADER, "")
    said = set()
    for at, (number, holder, person) in enumerate(
        (number, holder, person)
        for number in ("05505230901", "05505230902", "05505239999")
        for holder in ("于丽", "王五")
        for person in ("990000197106030058", "990000197106030031", "")
    ):
        row = line("奈曼旗应急管理局", holder, number, "通辽市").replace(
            f"{holder},", f"{holder},{person}", 1
        )
        table = "\n".join([form, header, row + end]).encode()
        reply = send(api, role, table, "?dry_run=true&issuer=150000", f"guess-{at}")
        if reply.status_code != 202:
            said.add(str(reply.status_code))
            continue
        content = ended(api, role, reply.json()["id"])
        assert not content["report"].get("diff")
        said.add(str(content["report"].get("refused") or content["report"]).replace(number, "NUMBER"))
    assert len(said) == 1, said


def test_a_table_of_the_new_agency_transfers_and_is_not_told_what_is_private_im_2023_art_18(api: Api) -> None:
    api.issue(id_number="990000197106030058")
    table = roster("奈曼旗农牧局", "于丽", "05505230901", area="奈曼旗").decode()
    guess = table.replace("于丽,", "于丽,990000197106030031", 1).encode()
    tried = ended(
        api, "naiman-farming", send(api, "naiman-farming", guess, "?dry_run=true", "dry").json()["id"]
    )
    (row,) = tried["report"]["diff"]
    assert [change["field"] for change in row["changes"]] == ["agency"]
    proposed = send(api, "naiman-farming", table.encode()).json()["id"]
    assert ended(api, "naiman-farming", proposed)["report"]["accepted"] == 1


HEADER = "工作单位,姓名,身份证号,执法类型,执法类别,执法区域,执法证编号,资格编号"


def line(agency: str, holder: str, number: str, area: str = "奈曼旗") -> str:
    return f"{agency},{holder},,,应急管理,{area},{number},"


def roster(agency: str, holder: str, number: str, area: str) -> bytes:
    rows = ["行政执法证件换发人员统计表", HEADER, line(agency, holder, number, area)]
    return "\n".join(rows).encode()
