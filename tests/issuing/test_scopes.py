"""An issuer serves its own area and nobody else's, whatever a certificate is made to state."""

import pytest

from keys.trust import Contact, Issuer, Purpose
from tests.districts import application, restricted
from tests.office import NOW, TESTER, terms
from verifier.certificate.lifecycle import NotEntitledError
from verifier.certificate.model import Kind
from verifier.cli.office import Office
from verifier.issuing.issuance import Order, issue
from verifier.issuing.replacement import Change, substitute
from verifier.register import authorities
from verifier.register.ledger import Particulars

KASHGAR, YILI = "653100", "654000"


@pytest.fixture
def prefectures(office: Office) -> Office:
    """The office, with two prefectures that issue."""
    complaint = Contact(body="执法监督处", phone="0991-0000000")
    listed = [
        Issuer(code=code, name=f"{code}司法局", area=code, level="prefecture", complaint=complaint)
        for code in (KASHGAR, YILI)
    ]
    for code in (KASHGAR, YILI):
        office.ring.create(Purpose.CERTIFICATE, now=NOW, issuer=code)
    office.publish_trust(NOW, authorities.Authorities(issuers=listed))
    return office


def put(office: Office, order: Order, issuer: str = KASHGAR) -> None:
    with office.ledger(NOW) as ledger:
        issue(
            ledger, [order], terms=terms(issuer), signer=office.certificate_signer(issuer),
            actor=TESTER, now=NOW,
        )  # fmt: skip


@pytest.mark.parametrize("area", ["喀什地区", "喀什", "莎车县", "新疆喀什地区莎车县境内"])
def test_an_issuer_states_its_own_area_or_a_part_of_it(prefectures: Office, area: str) -> None:
    put(prefectures, application("31000000101", "喀什地区应急管理局", area=area))


@pytest.mark.parametrize(
    "area", ["阿克苏地区", "和田", "新疆阿克苏地区库车市", "库车县", "全疆", "新疆", "乌鲁木齐市"]
)
def test_a_prefecture_issues_for_no_other_prefecture_and_not_for_the_region(
    prefectures: Office, area: str
) -> None:
    with pytest.raises(NotEntitledError, match="issuer 653100 does not serve") as refused:
        put(prefectures, application("31000000101", "喀什地区应急管理局", area=area))
    assert refused.value.rule is not None


def test_not_even_where_the_certificate_does_not_say_so(prefectures: Office) -> None:
    sealed = Particulars(sealed={"agency": "喀什地区公安局", "area": "和田地区"})
    with pytest.raises(NotEntitledError, match="does not serve"):
        put(prefectures, restricted("31000000101", particulars=sealed))


def test_a_prefecture_that_is_part_of_another_is_served_by_that_one(prefectures: Office) -> None:
    put(prefectures, application("31000000101", "伊犁州应急管理局", area="塔城地区"), YILI)


def test_an_area_that_is_in_no_list_is_not_judged(prefectures: Office) -> None:
    put(prefectures, application("31000000101", "喀什地区应急管理局", area="某某工业园"))


def test_a_replacement_is_no_way_into_another_prefecture(prefectures: Office) -> None:
    put(prefectures, application("31000000101", "喀什地区应急管理局", area="喀什地区"))
    with (
        pytest.raises(NotEntitledError, match="issuer 653100 does not serve 和田地区"),
        prefectures.ledger(NOW) as ledger,
    ):
        substitute(
            ledger, "31000000101", Change(area="和田地区"), signer_of=prefectures.certificate_signer,
            base_url="https://v.example.gov.cn", actor=TESTER, now=NOW, issuer=KASHGAR, reason="facts",
        )  # fmt: skip


def test_a_key_signs_for_no_issuer_but_its_own(prefectures: Office) -> None:
    """Neither another issuer's certificates nor kinds that its issuer may not issue."""
    known = prefectures.trust().keys
    kashgar = prefectures.certificate_signer(KASHGAR)
    assert known[kashgar.kid].issuer == KASHGAR
    assert Kind.MINISTRY not in known[kashgar.kid].kinds
