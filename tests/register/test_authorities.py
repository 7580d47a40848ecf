"""The file of authorities and agencies: a tree by areas, and what does not fit into it."""

from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.trust import Contact, Issuer
from tests.office import NOW
from verifier.certificate.jurisdictions import UnknownJurisdictionError
from verifier.cli.office import Office
from verifier.register import authorities
from verifier.register.actors import agency_area, place_of
from verifier.register.authorities import Authorities, DirectoryError, ListedAgency
from verifier.register.errors import NotFoundError

BODY: Final = Contact(body="司法局")
NAME: Final = "某局"


def issuer(area: str, level: str = "region", code: str | None = None) -> Issuer:
    return Issuer(code=code or area, name=f"司法局{area}", area=area, level=level, complaint=BODY)


TREE: Final = [
    issuer("150000"),
    issuer("150500", "prefecture"),
    issuer("650000"),
    issuer("652300", "prefecture"),
    issuer("652301", "county"),
]


def agency(of: str, area: str | None = None) -> ListedAgency:
    return ListedAgency(issuer=of, name=NAME, area=area, complaint=BODY)


def enter(office: Office, *agencies: ListedAgency, issuers: list[Issuer] | None = None) -> None:
    listed = Authorities(issuers=TREE if issuers is None else issuers, agencies=list(agencies))
    with office.database.writing() as connection:
        authorities.enter(connection, listed)


@pytest.mark.parametrize(
    ("area", "level"),
    [
        ("650000", "prefecture"),
        ("652300", "region"),
        ("652300", "county"),
        ("652301", "prefecture"),
        ("652301", "township"),
    ],
)
def test_an_issuer_stands_at_the_level_of_its_area(office: Office, area: str, level: str) -> None:
    with pytest.raises(DirectoryError, match=f"issuer {area}: area {area} is a (region|prefecture|county)"):
        enter(office, issuers=[issuer(area, level)])


@pytest.mark.parametrize(
    ("of", "area", "rule"),
    [
        ("650000", "652300", "XJ-2022 Art 4, 11"),  # the region issues for its own agencies alone
        ("650000", "652301", "XJ-2022 Art 4, 11"),
        ("652300", "653101", "XJ-2022 Art 4, 11"),  # another prefecture's county
        ("652300", "650000", "XJ-2022 Art 4, 11"),
        ("652301", "652302", "XJ-2022 Art 4, 11"),
        ("150000", "650000", "IM-2023 Art 7"),
        ("150000", "110101", "IM-2023 Art 7"),
        ("150500", "150525", "IM-2023 Art 7"),  # a prefecture reviews there, and issues nothing
        ("150500", None, "IM-2023 Art 7"),
    ],
)
def test_an_agency_is_in_an_area_and_at_a_level_that_its_issuer_serves(
    office: Office, of: str, area: str | None, rule: str
) -> None:
    with pytest.raises(DirectoryError, match=rf"agency {NAME}: issuer {of} does not serve area .*\({rule}\)"):
        enter(office, agency(of, area))
    with office.database.reading() as connection:  # nor did its issuers come in
        assert {each.code for each in authorities.issuers(connection)} == {"150000", "650000"}


@pytest.mark.parametrize(
    ("of", "area"),
    [
        ("150000", "150525"),
        ("150000", "150500"),
        ("150000", None),
        ("650000", None),
        ("652300", "652301"),
        ("652300", None),
        ("652301", "652301"),  # supervision certificates (XJ-2022 Art 21)
    ],
)
def test_the_area_of_an_agency_is_its_own_or_by_default_its_issuer_s(
    office: Office, of: str, area: str | None
) -> None:
    enter(office, agency(of, area))
    with office.database.reading() as connection:
        assert agency_area(connection, place_of(connection, of), NAME) == (area or of)


def test_the_signed_directory_says_nothing_of_areas(office: Office) -> None:
    enter(office, agency("652300", "652301"))
    published = office.publish_trust(NOW)
    assert published.agencies["652300", NAME].complaint == BODY
    with office.database.reading() as connection:
        lists = authorities.newest_lists(connection)
        assert lists is not None
        assert b"652301" not in lists.directory


def test_an_agency_has_one_issuer_at_each_level(office: Office) -> None:
    twin = issuer("652300", "prefecture", code="652300A")
    enter(office, agency("652300", "652301"), issuers=[*TREE, twin])
    with pytest.raises(DirectoryError, match="issuer 652300 has it already"):
        enter(office, agency("652300A", "652301"), issuers=[])
    enter(office, agency("652300A", "652302"), issuers=[])  # one of the same name in another area
    enter(office, agency("652301"), issuers=[])  # a county, for supervision certificates (XJ-2022 Art 21)
    enter(office, agency("652300", "652301"), issuers=[])  # again, as it is


def test_an_agency_may_move_and_its_proposals_go_the_new_way(office: Office) -> None:
    enter(office, agency("652300", "652301"))
    enter(office, agency("652300"), issuers=[])
    with office.database.reading() as connection:
        assert agency_area(connection, place_of(connection, "652300"), NAME) == "652300"


def test_an_unknown_issuer_or_region_is_one_clear_line(office: Office) -> None:
    with pytest.raises(NotFoundError, match="no issuer 159900; known are: 150000, "):
        enter(office, agency("159900"))
    with pytest.raises(UnknownJurisdictionError, match="no rules for areas 31"):
        enter(office, issuers=[issuer("310000")])


@pytest.mark.parametrize("area", ["15052", "1505250", "15052a", "１５０５２５", "150525\\n", ""])
def test_an_area_has_six_digits(area: str) -> None:
    content = (
        f'[[agencies]]\nissuer = "150000"\nname = "某局"\narea = "{area}"\ncomplaint = {{ body = "处" }}\n'
    )
    with pytest.raises(DirectoryError, match=r"^agencies\.0\.area: ") as refused:
        authorities.parse(content.encode())
    assert "\n" not in str(refused.value)


def test_what_the_file_should_not_have_is_named() -> None:
    content = (
        '[[agencies]]\nissuer = "150000"\nname = "某局"\nlevel = "county"\ncomplaint = { body = "处" }\n'
    )
    with pytest.raises(DirectoryError, match=r"agencies\.0\.level"):
        authorities.parse(content.encode())


_VALUES: Final = st.recursive(
    st.text(max_size=8) | st.integers() | st.booleans(),
    lambda inner: st.lists(inner, max_size=2),
    max_leaves=3,
)
_ROWS: Final = st.lists(
    st.dictionaries(st.sampled_from(["issuer", "name", "area", "code", "level", "complaint"]), _VALUES),
    max_size=2,
)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, int):
        return str(value)
    return '"' + "".join(f"\\U{ord(character):08x}" for character in value) + '"'


@given(_ROWS, st.sampled_from(["agencies", "issuers", "others"]))
def test_any_table_is_read_or_refused_in_one_line(rows: list[dict[str, Any]], table: str) -> None:
    content = "".join(
        f"[[{table}]]\n" + "".join(f"{name} = {_toml(value)}\n" for name, value in row.items())
        for row in rows
    )
    said = ""
    try:
        read = authorities.parse(content.encode())
    except DirectoryError as error:
        said = str(error)
    else:
        assert len(read.agencies) + len(read.issuers) == len(rows)
    assert "\n" not in said


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        read = authorities.parse(content)
    except DirectoryError:
        return
    assert read == Authorities()
