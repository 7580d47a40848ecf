"""Replacement and clean-up tables → the register: each row worked out, checked, and done with all others."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.issuing import HEADER, ROW, Cell, changed, comma
from tests.office import BASE_URL, DAY, NOW, TESTER, happen, terms
from verifier.certificate.jurisdictions import jurisdiction_of
from verifier.certificate.lifecycle import Event, ReasonClass, State
from verifier.certificate.model import Kind
from verifier.cli.office import Office
from verifier.issuing import imports
from verifier.issuing.imports import ImportPlan
from verifier.issuing.issuance import Order, issue
from verifier.issuing.steps import Action, Difference
from verifier.register.actors import Actor
from verifier.register.certificates import ChangedError, find, history
from verifier.register.exclusions import ExcludedError
from verifier.register.ledger import Particulars

LATER = NOW + DAY
ID = "990000198906134458"
NUMBER = "05505230005"
CLEANING: list[Cell] = [*HEADER, "清理原因"]


def order(number: str = NUMBER, **facts: Any) -> Order:
    private = Particulars(id_number=ID, enforcement_types=("行政检查",), qualification="ZG1")
    base = {"holder": "谢康", "agency": "奈曼旗农牧局", "categories": ("农牧业",), "area": "奈曼旗"}
    return Order(number=number, **({"particulars": private} | base | facts))


@pytest.fixture
def naiman(office: Office) -> Office:
    """An office with the certificate of `ROW`."""
    put(office, order())
    return office


def put(office: Office, *orders: Order) -> None:
    with office.ledger(NOW) as ledger:
        issue(
            ledger,
            orders,
            terms=terms("150000"),
            signer=office.certificate_signer("150000"),
            actor=TESTER,
            now=NOW,
        )


def compared(
    office: Office,
    path: Path,
    rows: Sequence[Sequence[Cell]],
    *,
    issuer: str = "150000",
    actor: Actor = TESTER,
    now: int = LATER,
) -> ImportPlan:
    (path / "table.csv").write_bytes(comma(rows))
    at = replace(terms(issuer), valid_from=now - now % DAY, base_url=BASE_URL)
    plan = imports.plan(path / "table.csv", rules=jurisdiction_of(issuer), terms=at, agency=None)
    with office.database.reading() as connection:
        plan.compare(connection, actor=actor, now=now)
    return plan


def replacing(*rows: Sequence[Cell]) -> list[Sequence[Cell]]:
    return [["换发"], HEADER, *rows]


def cleaning(reason: str, row: Sequence[Cell] = ROW) -> list[Sequence[Cell]]:
    return [["清理"], CLEANING, [*row, reason]]


def applied(office: Office, plan: ImportPlan, now: int = LATER) -> None:
    with office.ledger(now) as ledger:
        imports.apply(ledger, plan, signer_of=office.certificate_signer, actor=TESTER, now=now)


def events(office: Office) -> int:
    with office.database.reading() as connection:
        count: int = connection.exec_driver_sql("SELECT count(*) FROM event").scalar_one()
    return count


def refusal(plan: ImportPlan) -> str:
    assert plan.steps == []
    [refused] = plan.refused
    assert ID not in refused.reason
    return refused.reason


def test_a_replacement_shows_public_facts_and_hides_private_ones(naiman: Office, tmp_path: Path) -> None:
    row = changed(执法区域="通辽市", 执法类别="农牧业、林业", 资格编号="ZG77", 执法类型="行政强制")
    plan = compared(naiman, tmp_path, replacing(row))
    [step] = plan.steps
    assert (step.action, step.reason) == (Action.REPLACE, "facts")
    assert step.differences == (
        Difference("categories", "农牧业", "农牧业、林业"),
        Difference("area", "奈曼旗", "通辽市"),
        Difference("enforcement_types"),
        Difference("qualification"),
    )
    assert not any(private in repr(plan) for private in (ID, "ZG77", "行政强制"))


def test_a_replacement_is_done_in_the_old_one_s_place(naiman: Office, tmp_path: Path) -> None:
    applied(naiman, compared(naiman, tmp_path, replacing(changed(执法区域="通辽市"))))
    with naiman.database.reading() as connection:
        new = find(connection, NUMBER)
        assert (new.certificate.area, new.standing.state) == ("通辽市", State.VALID)
        assert new.replaces is not None
        assert [event.event for event in history(connection, new.replaces)] == ["issued", "replaced"]


def test_another_agency_is_a_transfer_where_the_regulation_knows_one(naiman: Office, tmp_path: Path) -> None:
    [step] = compared(naiman, tmp_path, replacing(changed(工作单位="奈曼旗林业局"))).steps
    assert step.reason == "transfer"


def test_another_agency_is_refused_where_a_transfer_is_applied_for_anew(
    office: Office, tmp_path: Path
) -> None:
    with office.database.reading() as connection:
        was = find(connection, "31000000001").certificate
    row = changed(姓名=was.holder, 执法证编号=was.number, 执法区域=was.area, 执法类别=was.categories[0])
    why = refusal(compared(office, tmp_path, replacing(row), issuer="650000"))
    assert why == "another agency: a transfer is cancelled here, and applied for anew (XJ-2022 Art 17(1))"


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (changed(姓名="别人"), "the name (姓名) is not that of the certificate's holder in the register"),
        (changed(执法证编号="05505239999"), "no certificate 05505239999 of issuer 150000"),
    ],
)
def test_a_row_that_does_not_agree_with_the_register_is_refused(
    naiman: Office, tmp_path: Path, row: list[Cell], why: str
) -> None:
    assert refusal(compared(naiman, tmp_path, replacing(row))) == why
    assert refusal(compared(naiman, tmp_path, cleaning("辞职", row))) == why


def test_a_number_of_another_issuer_is_refused(naiman: Office, tmp_path: Path) -> None:
    why = refusal(compared(naiman, tmp_path, replacing(ROW), issuer="650000"))
    assert why == f"no certificate {NUMBER} of issuer 650000"


def test_a_person_of_the_same_name_is_not_cleaned_up(naiman: Office, tmp_path: Path) -> None:
    why = refusal(compared(naiman, tmp_path, cleaning("辞职", changed(身份证号="11010519491231002X"))))
    assert why == "the ID number (身份证号) is not that of the certificate's holder in the register"


@pytest.mark.parametrize(
    ("reason", "action", "code", "after", "stands"),
    [
        ("工勤人员", Action.CANCEL, "other", "cancelled", ReasonClass.CANCELLED),
        ("退休", Action.CANCEL, "retired", "cancelled", ReasonClass.CANCELLED),
        ("3", Action.LOSE, "lost", "lost", ReasonClass.LOST),
        ("其他", Action.CANCEL, "other", "cancelled", ReasonClass.CANCELLED),
    ],
)
def test_a_clean_up_ends_a_certificate(
    naiman: Office, tmp_path: Path, reason: str, action: Action, code: str, after: str, stands: ReasonClass
) -> None:
    plan = compared(naiman, tmp_path, cleaning(reason))
    [step] = plan.steps
    assert (step.action, step.reason) == (action, code)
    assert step.differences == (Difference("verdict", "valid", after),)
    applied(naiman, plan)
    with naiman.database.reading() as connection:
        found = find(connection, NUMBER)
        assert found.standing.reason is stands
        assert history(connection, found.id)[-1].reason == code


def test_poor_data_is_remade_with_the_facts_of_the_row(naiman: Office, tmp_path: Path) -> None:
    plan = compared(naiman, tmp_path, cleaning("信息错误", changed(执法区域="通辽市")))
    assert [(step.action, step.reason) for step in plan.steps] == [(Action.REMAKE, "data")]
    applied(naiman, plan)
    with naiman.database.reading() as connection:
        assert find(connection, NUMBER).certificate.area == "通辽市"


def test_an_unknown_clean_up_reason_is_refused_and_not_repeated(naiman: Office, tmp_path: Path) -> None:
    why = refusal(compared(naiman, tmp_path, cleaning("患精神病")))
    assert "none of NM-2022 2(2)" in why
    assert "精神" not in why


def test_a_certificate_that_is_void_is_neither_replaced_nor_cleaned_up(
    naiman: Office, tmp_path: Path
) -> None:
    happen(naiman, Event.CANCELLED, NUMBER, now=LATER)
    for rows in (replacing(ROW), cleaning("辞职"), cleaning("遗失"), cleaning("照片质量")):
        assert "already cancelled" in refusal(compared(naiman, tmp_path, rows, now=LATER + 1))


def test_a_lost_certificate_is_reissued_when_its_notice_has_run(naiman: Office, tmp_path: Path) -> None:
    happen(naiman, Event.LOST, NUMBER, now=LATER)
    assert "notice of loss runs" in refusal(compared(naiman, tmp_path, replacing(ROW), now=LATER + DAY))
    then = LATER + 30 * DAY
    plan = compared(naiman, tmp_path, replacing(ROW), now=then)
    assert [step.action for step in plan.steps] == [Action.REISSUE]
    applied(naiman, plan, then)
    with naiman.database.reading() as connection:
        assert find(connection, NUMBER).standing.state is State.VALID


def test_of_a_restricted_certificate_nothing_is_shown(office: Office, tmp_path: Path) -> None:
    sealed = {"holder": "谢康", "agency": "奈曼旗农牧局", "categories": ["农牧业"], "area": "奈曼旗"}
    hidden = order(holder=None, agency=None, categories=(), area=None, restricted=True)
    put(office, replace(hidden, particulars=replace(hidden.particulars, sealed=sealed)))
    plan = compared(office, tmp_path, replacing(changed(执法区域="通辽市")))
    assert plan.steps[0].differences == (Difference("area"),)
    applied(office, plan)
    with office.database.reading() as connection:
        new = find(connection, NUMBER)
        assert (new.certificate.restricted, new.certificate.area) == (True, None)


def test_what_happened_since_the_comparison_undoes_the_whole_table(naiman: Office, tmp_path: Path) -> None:
    put(naiman, order("05505230006", holder="彭芳裕"))
    rows = replacing(changed(执法证编号="05505230006", 姓名="彭芳裕"), ROW)
    plan = compared(naiman, tmp_path, rows)
    assert len(plan.steps) == 2
    happen(naiman, Event.LOST, NUMBER, now=LATER)
    before = events(naiman)
    with pytest.raises(ChangedError):
        applied(naiman, plan, LATER + 1)
    assert events(naiman) == before
    with naiman.database.reading() as connection:
        assert find(connection, "05505230006").replaces is None


def test_an_authority_cleans_up_no_certificate_of_another(naiman: Office, tmp_path: Path) -> None:
    other = Actor(name="other", authority="650000")
    refused = refusal(compared(naiman, tmp_path, cleaning("辞职"), actor=other))
    assert refused == "no certificate 05505230005 of issuer 150000", "as one that there is not"


def test_a_table_of_more_rows_than_one_portion_is_done_whole(office: Office, tmp_path: Path) -> None:
    numbers = [f"{number:011}" for number in range(1_100)]
    put(office, *map(order, numbers))
    rows = [[*changed(执法证编号=number), "调离"] for number in numbers]
    plan = compared(office, tmp_path, [["清理"], CLEANING, *rows])
    assert [step.number for step in plan.steps] == numbers
    told: list[int] = []
    with office.ledger(LATER) as ledger:
        imports.apply(
            ledger,
            plan,
            signer_of=office.certificate_signer,
            actor=TESTER,
            now=LATER,
            progress=told.append,
        )
    assert sum(told) == 1_100


def test_kinds_that_exclude_each_other_are_seen_across_portions_im_2023_art_11(office: Office) -> None:
    person = Particulars(id_number="990000197106030058")
    orders = [order(f"{31_000_200_000 + each}", particulars=Particulars()) for each in range(600)]
    orders[0] = replace(orders[0], particulars=person)
    orders[-1] = replace(orders[-1], kind=Kind.SUPERVISION, particulars=person)
    with pytest.raises(ExcludedError, match="IM-2023 Art 11"), office.ledger(NOW) as ledger:
        issue(
            ledger,
            orders,
            terms=terms("150000"),
            signer=office.certificate_signer("150000"),
            actor=TESTER,
            now=NOW,
        )
