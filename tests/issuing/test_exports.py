"""Certificates → tables in the agencies' forms: read back they say the same, and no cell is a formula."""

import io
import stat
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keys.files import writing_whole
from tests.office import DAY, NOW, TESTER, happen, terms
from verifier.certificate.jurisdictions import jurisdiction_of
from verifier.certificate.lifecycle import Event
from verifier.certificate.model import InvalidCertificateError, check_text
from verifier.certificate.texts import tidy
from verifier.cli.office import Office
from verifier.issuing.cells import neutral
from verifier.issuing.clean_up import clean_up_reasons
from verifier.issuing.exports import ExportError, Format, Wanted, write
from verifier.issuing.forms import Form
from verifier.issuing.issuance import Order, issue
from verifier.issuing.replacement import Change, substitute
from verifier.issuing.rosters import Listed, Roster, read_roster
from verifier.register import listing
from verifier.register.ledger import Particulars
from verifier.register.listing import Entry, Selection

RULES = jurisdiction_of("15")
ID = "990000198906134458"
AGENCY = "奈曼旗农牧局"
LATER = NOW + 2 * DAY
PRIVATE = Particulars(id_number=ID, enforcement_types=("行政检查", "行政强制"), qualification="ZG1")


def order(number: str, **facts: object) -> Order:
    base = Order(
        number=number,
        holder="谢康",
        agency=AGENCY,
        categories=("农牧业", "林业"),
        area="奈曼旗",
        particulars=PRIVATE,
    )
    return replace(base, **facts)  # type: ignore[arg-type]  # as the test says


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


def exported(
    office: Office, form: Form, format_: Format, *, agency: str | None = AGENCY, since: int | None = None
) -> bytes:
    selection = Selection(issuer="150000", agency=agency, since=since, now=LATER)
    file = io.BytesIO()
    with office.database.reading() as connection:
        write(connection, file, Wanted(form=form, selection=selection, unit=AGENCY), format_)
    return file.getvalue()


def read(path: Path, data: bytes) -> Roster:
    (path / "table").write_bytes(data)
    return read_roster(path / "table", rules=RULES, agency=AGENCY)


def numbers(roster: Roster) -> list[str]:
    assert roster.refused == []
    return [row.number for row in (*roster.applications, *roster.clean_ups)]


@pytest.fixture
def filled(office: Office) -> Office:
    """One certificate in force, one replaced, one cancelled, one lost, one restricted, one made so."""
    sealed = {"holder": "某", "agency": AGENCY, "categories": ["农牧业"], "area": "奈曼旗"}
    hidden = order(
        "05505230005",
        holder=None,
        agency=None,
        categories=(),
        area=None,
        restricted=True,
        particulars=replace(PRIVATE, sealed=sealed),
    )
    put(office, *(order(f"0550523000{digit}") for digit in (1, 2, 3, 4, 6)), hidden)
    with office.ledger(NOW + DAY) as ledger:
        for number, change in (
            ("05505230002", Change(area="通辽市")),
            ("05505230006", Change(restricted=True)),
        ):
            substitute(
                ledger,
                number,
                change,
                signer_of=office.certificate_signer,
                base_url="https://v.example",
                actor=TESTER,
                now=NOW + DAY,
                issuer="150000",
                reason="data",
            )
    happen(office, Event.CANCELLED, "05505230003", reason="retired")
    happen(office, Event.LOST, "05505230004", reason="lost")
    return office


@pytest.mark.parametrize("format_", Format)
@pytest.mark.parametrize(
    ("form", "listed"),
    [
        (Form.OFFICER_LIST, ["05505230001", "05505230002"]),
        (Form.NEW_ISSUE, ["05505230001"]),
        (Form.REPLACEMENT, ["05505230002"]),
        (Form.CLEAN_UP, ["05505230002", "05505230003", "05505230004"]),
    ],
)
def test_each_form_has_its_certificates_and_is_read_back(
    filled: Office, tmp_path: Path, form: Form, listed: list[str], format_: Format
) -> None:
    roster = read(tmp_path, exported(filled, form, format_))
    assert (roster.form, roster.unit, numbers(roster)) == (form, AGENCY, listed)
    if form is Form.CLEAN_UP:
        assert [row.reason for row in roster.clean_ups] == ["信息错误或照片不合格", "退休", "遗失"]
    if form is Form.NEW_ISSUE:
        [row] = roster.applications
        assert (row.holder, row.categories, row.area) == ("谢康", ("农牧业", "林业"), "奈曼旗")
        assert (row.id_number, row.enforcement_types, row.qualification) == (
            ID,
            PRIVATE.enforcement_types,
            "ZG1",
        )


@pytest.mark.parametrize("format_", Format)
def test_the_officer_list_has_nothing_that_is_private(filled: Office, format_: Format) -> None:
    data = exported(filled, Form.OFFICER_LIST, format_)
    if format_ is Format.XLSX:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            data = b"".join(archive.read(name) for name in archive.namelist())
    for private in (ID, "ZG1", "行政检查", "退休", "05505230005", "05505230006"):
        assert private.encode() not in data


def test_the_officer_list_is_of_one_agency(filled: Office) -> None:
    with pytest.raises(ExportError, match="of one agency"):
        exported(filled, Form.OFFICER_LIST, Format.CSV, agency=None)


def test_only_what_happened_since_a_day_is_exported(filled: Office, tmp_path: Path) -> None:
    for form in (Form.NEW_ISSUE, Form.CLEAN_UP):
        assert numbers(read(tmp_path, exported(filled, form, Format.CSV, since=NOW)))
        assert numbers(read(tmp_path, exported(filled, form, Format.CSV, since=LATER))) == []


ATTACKS = [
    '=HYPERLINK("http://x")',
    "+1+甲",
    "-甲",
    "@SUM(甲)",
    "＝甲",
    "＠甲",
    "'=甲",
    "''=甲",
    "http://甲.cn",
    "{=甲}",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_exported_cell_is_a_formula_or_an_address(office: Office, tmp_path: Path, attack: str) -> None:
    put(office, order("05505230001", holder=attack))
    book = exported(office, Form.NEW_ISSUE, Format.XLSX)
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
        assert not any("_rels/sheet" in name for name in archive.namelist())
    assert b"<f>" not in sheet
    assert b"<hyperlink" not in sheet
    cell = openpyxl.load_workbook(io.BytesIO(book)).worksheets[0]["B5"]
    assert (cell.data_type, cell.value) == ("s", neutral(attack))
    table = exported(office, Form.NEW_ISSUE, Format.CSV).decode("utf-8-sig")
    cells = table.splitlines()[4].split(",")
    assert not any(cell.strip('"').startswith(tuple("=+-@＝＋－＠\t\r")) for cell in cells)
    for data in (book, table.encode()):
        assert [row.holder for row in read(tmp_path, data).applications] == [attack]


def test_a_text_without_danger_gets_no_mark() -> None:
    for text in ("谢康", "'谢康", "阿不都·热合曼", "a-b", "", "'"):
        assert neutral(text) == text
    assert [neutral(text) for text in ("=", " =1", "\t1", "'-1")] == ["'=", "' =1", "'\t1", "''-1"]


def test_every_reason_that_is_exported_is_understood_again() -> None:
    for entry in clean_up_reasons():
        assert entry.name.zh in entry.words


NAMES = st.one_of(
    st.sampled_from(
        ["阿不都·热合曼", "ئەخمەت جان", "ᠨᠠᠷᠠᠨ\u202fᠤ ᠪᠠᠲᠤ", "𠮷野", "\U00030000", "=甲", "-甲", "_x0041_甲"]
    ),
    st.text("甲乙·ñᠨئ𠮷'=-@\"<&>_x0041 ", min_size=1, max_size=12),
)


def carried(text: str) -> bool:
    """Tell whether a certificate may state it, as `tidy` leaves it."""
    try:
        check_text("name", text)
    except InvalidCertificateError:
        return False
    return any(map(str.isalpha, text)) and tidy(text) == text


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(NAMES.map(tidy).filter(carried), min_size=1, max_size=4))
@pytest.mark.parametrize("format_", [Format.XLSX, Format.CSV])
def test_names_of_any_script_survive_the_way_out_and_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format_: Format, names: Sequence[str]
) -> None:
    entries = [
        Entry(
            number=f"{place:011}",
            holder=name,
            agency=name,
            categories=("农牧业",),
            area=name,
            particulars=Particulars(qualification=name),
        )
        for place, name in enumerate(names)
    ]
    monkeypatch.setattr(listing, "issued", lambda *_, **__: iter(entries))
    file = io.BytesIO()
    wanted = Wanted(form=Form.NEW_ISSUE, selection=Selection(issuer="150000", now=NOW), unit=AGENCY)
    write(None, file, wanted, format_)  # type: ignore[arg-type]  # nothing is asked of it
    roster = read(tmp_path, file.getvalue())
    assert roster.refused == []
    rows: Sequence[Listed] = roster.applications
    assert [(row.holder, row.agency, row.area, row.qualification) for row in rows] == [
        (name, name, name, name) for name in names
    ]


def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"old")

    def fail() -> None:
        with writing_whole(path, private=True) as file:
            file.write(b"half")
            raise ExportError("no more")

    with pytest.raises(ExportError):
        fail()
    assert [each.name for each in tmp_path.iterdir()] == ["t.csv"]
    assert path.read_bytes() == b"old"
    with writing_whole(path, private=True) as file:
        file.write(b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
