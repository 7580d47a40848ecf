"""The page that answers a scan: what it says of each reason, and what it must never say."""

import base64
import hashlib
import re
from dataclasses import dataclass, replace
from html.parser import HTMLParser

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from keys.roots import Lineage, RootKey
from keys.trust import (
    Contact,
    Issuer,
    KeyState,
    Purpose,
    SignedLists,
    StatusLists,
    TrustedKey,
    TrustList,
)
from verifier.certificate.dates import parse_instant
from verifier.certificate.jurisdictions import jurisdictions
from verifier.certificate.lifecycle import ReasonClass, Standing, State
from verifier.certificate.model import Certificate, Kid, Kind, Powers, StatusReference
from verifier.certificate.verdicts import Reason, Verdict
from verifier.scanning import pages
from verifier.scanning.answers import Known, know
from verifier.scanning.check import Authentic, Finding
from verifier.status.replica import PLAINLY_VALID

NOW = parse_instant("2026-08-10T14:32:05")
AS_OF = NOW - 2
SINCE = parse_instant("2026-07-01T10:20:00")
UNTIL = parse_instant("2026-10-01")
NO_FORCE = (
    Verdict.SUSPENDED,
    Verdict.REVOKED,
    Verdict.EXPIRED,
    Verdict.NOT_YET_VALID,
    Verdict.FORGED,
)
REFUSED = (Verdict.FORGED, Verdict.NOT_A_CERTIFICATE)
SHOWN = [reason for reason in Reason if reason.verdict not in REFUSED]
SHOWN_WITHOUT_FORCE = [reason for reason in SHOWN if reason.verdict in NO_FORCE]
WORDS = {
    Verdict.VALID: "有效",
    Verdict.SUSPENDED: "暂扣",
    Verdict.REVOKED: "已失效",
    Verdict.EXPIRED: "已过期",
    Verdict.NOT_YET_VALID: "尚未生效",
    Verdict.FORGED: "伪造",
    Verdict.NOT_A_CERTIFICATE: "不是行政执法证件",
    Verdict.UNCONFIRMED: "暂时无法确认",
}
STANDINGS = {
    Reason.SUSPENDED: Standing(state=State.SUSPENDED, since=SINCE, until=UNTIL),
    Reason.WITHDRAWN: Standing(state=State.REVOKED, since=SINCE, reason=ReasonClass.WITHDRAWN),
    Reason.CANCELLED: Standing(state=State.REVOKED, since=SINCE, reason=ReasonClass.CANCELLED),
    Reason.LOST: Standing(state=State.REVOKED, since=SINCE, reason=ReasonClass.LOST),
    Reason.REPLACED: Standing(state=State.REVOKED, since=SINCE, reason=ReasonClass.REPLACED),
}
NEIMENGGU = Issuer(
    code="150000",
    name="内蒙古自治区司法厅",
    area="150000",
    complaint=Contact(
        body="自治区行政执法监督局", phone="0471-123 4567 转 8", url="https://sft.example.cn/c"
    ),
)
XINJIANG = NEIMENGGU.model_copy(update={"code": "650000", "area": "650000", "name": "自治区司法厅"})
ELSEWHERE = NEIMENGGU.model_copy(update={"code": "440000", "area": "440000"})
CERTIFICATE = Certificate(
    issuer="150000",
    number="15052500123",
    valid_from=parse_instant("2024-01-01"),
    valid_until=parse_instant("2030-01-01"),
    status=StatusReference(0, 7),
    holder="苏日娜",
    agency="奈曼旗应急管理局",
    categories=("应急管理",),
    area="通辽市奈曼旗",
    photo=bytes(range(12)),
)
RESTRICTED = Certificate(
    issuer="150000",
    number="15000000007",
    valid_from=CERTIFICATE.valid_from,
    valid_until=CERTIFICATE.valid_until,
    status=StatusReference(0, 8),
    restricted=True,
)
ATTACK = "<script>alert(1)</script><img src=x onerror=alert(1)>\" onload='x"
KEY = TrustedKey(
    kid=Kid(b"test"),
    alg=-7,
    purpose=Purpose.CERTIFICATE,
    issuer="150000",
    kinds=frozenset(Kind),
    state=KeyState.ACTIVE,
    since=0,
    public=ec.derive_private_key(1, ec.SECP256R1()).public_key(),
    signs_from=None,
    signs_until=None,
)


def known(certificate: Certificate, issuer: Issuer) -> Known:
    trust = TrustList(
        version=1,
        issued=0,
        ends=NOW + 1,
        issuers={certificate.issuer: issuer},
        keys={KEY.kid: KEY},
        status_lists=StatusLists(uri="https://v.example.cn/status", size=1),
        agencies={},
        lists=SignedLists(b"", b""),
        signed_by=Lineage(RootKey.of(KEY.public), 0, ()),
    )
    return know(Authentic(certificate, KEY, bytes(12)), trust)


def page(
    reason: Reason, certificate: Certificate = CERTIFICATE, issuer: Issuer = NEIMENGGU, address: str = ""
) -> str:
    """Render the answer to a code; `known` is handed over even where the finding carries no certificate."""
    may_be_shown = reason in SHOWN
    asked = may_be_shown and reason.verdict is not Verdict.UNCONFIRMED
    finding = Finding(
        reason=reason,
        certificate=certificate if may_be_shown else None,
        issuer=issuer if may_be_shown else None,
        standing=STANDINGS.get(reason, PLAINLY_VALID) if asked else None,
    )
    rendered = pages.render(finding, known(certificate, issuer), as_of=AS_OF, now=NOW, address=address)
    return rendered.decode()


def bare(reason: Reason) -> str:
    """Render the answer to what was never authenticated."""
    return pages.render(Finding(reason=reason), None, as_of=None, now=NOW).decode()


class Elements(HTMLParser):
    """Collects elements and text; fails on an element that is not closed."""

    VOID = frozenset({"meta", "img", "wbr", "br", "link", "input"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs)
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def attributes(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@dataclass(frozen=True)
class Banner:
    classes: str
    heading: str
    shape: str
    title: str


def banner(html: str) -> Banner:
    def first(pattern: str) -> str:
        found = re.search(pattern, html, re.DOTALL)
        assert found
        return found[1]

    return Banner(
        classes=first(r'<body class="(.*?)"'),
        heading=re.sub(r"<[^>]+>", "", first(r"<h1[^>]*>(.*?)</h1>")),
        shape=first(r'<g id="shape">(.*?)</g>'),
        title=first(r"<title>(.*?)</title>"),
    )


@pytest.mark.parametrize("reason", Reason)
def test_each_reason_has_a_well_formed_page_with_its_word_and_text(reason: Reason) -> None:
    html = page(reason)
    top = banner(html)
    assert top.heading.startswith(WORDS[reason.verdict])
    assert top.title.startswith(WORDS[reason.verdict])
    assert top.classes == reason.verdict
    assert reason.zh in Elements(html).text
    assert reason.en in Elements(html).text


@pytest.mark.parametrize("reason", Reason)
def test_a_page_without_anything_known_renders_too(reason: Reason) -> None:
    assert reason.zh in Elements(bare(reason)).text


@pytest.mark.parametrize("reason", Reason)
def test_an_ordinary_page_stays_under_twelve_kilobytes(reason: Reason) -> None:
    assert len(page(reason).encode()) < 12_000


def test_the_longest_texts_stay_under_thirty_kilobytes() -> None:
    worst = "'" * 120  # five characters each, once escaped
    certificate = replace(
        CERTIFICATE, holder=worst, agency=worst, categories=(worst,) * 8, area=worst, powers=Powers.ENTRUSTED
    )
    issuer = NEIMENGGU.model_copy(update={"name": worst, "complaint": Contact(body=worst, phone=worst)})
    for reason in SHOWN:
        assert len(page(reason, certificate, issuer).encode()) < 30_000


def test_every_verdict_has_a_shape_of_its_own() -> None:
    shapes = {reason.verdict: banner(page(reason)).shape for reason in Reason}
    assert len(set(shapes.values())) == len(Verdict)


def test_only_the_valid_page_is_green() -> None:
    style = re.search(r"<style>(.*?)</style>", page(Reason.VALID), re.DOTALL)
    assert style
    tones = re.findall(r"\.(\w+)\{--tone:#(\w{6})", style[1])
    assert {name for name, _ in tones} == set(Verdict)
    green = {
        name for name, colour in tones if int(colour[2:4], 16) > max(int(colour[:2], 16), int(colour[4:], 16))
    }
    assert green == {Verdict.VALID}


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        (Reason.WITHDRAWN, "撤销"),
        (Reason.CANCELLED, "注销"),
        (Reason.LOST, "遗失作废"),
        (Reason.REPLACED, "换发"),
    ],
)
def test_a_void_certificate_says_in_its_heading_why(reason: Reason, word: str) -> None:
    assert banner(page(reason)).heading == f"已失效 {word}"


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason not in SHOWN])
def test_nothing_of_a_refused_code_is_shown(reason: Reason) -> None:
    html = page(reason)
    fields = (CERTIFICATE.holder, CERTIFICATE.number, CERTIFICATE.agency, CERTIFICATE.area, NEIMENGGU.name)
    for field in (*fields, NEIMENGGU.complaint.body, NEIMENGGU.complaint.phone, "/photos/"):
        assert field
        assert field not in html


@pytest.mark.parametrize("reason", [Reason.STATUS_STALE, Reason.TRUST_EXPIRED])
def test_an_outage_of_ours_speaks_of_no_refusal(reason: Reason) -> None:
    for html in (page(reason), bare(reason)):
        text = Elements(html).text
        assert "拒绝" not in text
        assert "refuse" not in text.lower()
        assert "第十五条" not in text
        assert "不是有效的行政执法证件" not in text
        assert "重新核验" in text
        assert "致电" in text


def test_an_unconfirmed_certificate_is_marked_so_and_shows_no_photo() -> None:
    html = page(Reason.STATUS_STALE)
    assert "尚未与登记库核对" in html
    assert not Elements(html).attributes("img")


@pytest.mark.parametrize("reason", SHOWN_WITHOUT_FORCE)
def test_a_certificate_without_force_quotes_the_article_in_force(reason: Reason) -> None:
    text = Elements(page(reason)).text
    assert "不是有效的行政执法证件" in text
    assert "执法人员必须出示有效的行政执法证件" in text
    assert "按照《内蒙古自治区行政执法证件管理办法》第十五条" in text


@pytest.mark.parametrize("reason", SHOWN_WITHOUT_FORCE)
def test_in_xinjiang_only_the_articles_of_the_category_are_quoted(reason: Reason) -> None:
    def text(category: str) -> str:
        certificate = replace(CERTIFICATE, issuer="650000", categories=(category,))
        return Elements(page(reason, certificate, XINJIANG)).text

    assert "按照《自治区应急管理系统行政执法证件管理办法》第十五条" in text("应急管理")
    assert "第二部分第（八）项" in text("机关事务管理")
    assert "拒绝" not in text("消防监督管理")
    assert "执法人员必须出示有效的行政执法证件" in text("消防监督管理")


def test_where_no_rules_are_known_no_article_is_quoted() -> None:
    text = Elements(page(Reason.EXPIRED, replace(CERTIFICATE, issuer="440000"), ELSEWHERE)).text
    assert "执法人员必须出示有效的行政执法证件" in text
    assert "拒绝" not in text


def test_a_forged_code_names_every_article_in_force_with_its_region() -> None:
    text = Elements(page(Reason.BAD_SIGNATURE)).text
    assert "内蒙古：《内蒙古自治区行政执法证件管理办法》第十五条" in text
    assert "新疆（应急管理）：《自治区应急管理系统行政执法证件管理办法》第十五条" in text
    assert "新疆（机关事务管理）：《关于进一步规范" in text


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("category", ["应急管理", "机关事务管理", "消防监督管理"])
def test_the_draft_of_xinjiang_is_never_quoted(reason: Reason, category: str) -> None:
    certificate = replace(CERTIFICATE, issuer="650000", categories=(category,), powers=Powers.TOWNSHIP)
    for html in (
        page(reason, certificate, XINJIANG),
        page(reason, replace(certificate, kind=Kind.SUPERVISION)),
    ):
        assert "征求意见稿" not in html
        assert "新疆维吾尔自治区行政执法证件管理办法" not in html
        assert "XJ-2022" not in html
        assert "draft" not in html


def test_an_article_that_is_a_draft_is_not_among_those_of_a_forged_code() -> None:
    rules = jurisdictions()["IM-2023"]
    draft = rules.model_copy(
        update={"refusals": tuple(r.model_copy(update={"in_force": False}) for r in rules.refusals)}
    )
    assert len(pages._articles([rules])) == 1
    assert pages._articles([draft]) == []


@pytest.mark.parametrize(
    "reason", [reason for reason in Reason if reason.verdict not in (*NO_FORCE, Verdict.UNCONFIRMED)]
)
def test_other_pages_speak_of_no_refusal_either(reason: Reason) -> None:
    text = Elements(page(reason)).text
    assert "拒绝" not in text
    assert "refuse" not in text


def test_what_is_no_certificate_asks_for_one_and_accuses_nobody() -> None:
    text = Elements(page(Reason.NOT_OUR_TEXT)).text
    assert "工作证或其他证件不是行政执法证件" in text
    assert "请执法人员出示行政执法证件" in text
    assert "伪造" not in text


def test_another_address_is_warned_of() -> None:
    text = Elements(page(Reason.FOREIGN_HOST)).text
    assert "请勿在该网址填写个人信息或付款" in text
    assert "可能只是扫到了别的二维码" not in text


@pytest.mark.parametrize("reason", Reason)
def test_a_script_in_any_text_is_only_text(reason: Reason) -> None:
    certificate = replace(
        CERTIFICATE, holder=ATTACK, agency=ATTACK, categories=(ATTACK, "</style>"), area=ATTACK
    )
    contact = Contact.model_construct(body=ATTACK, phone=f"12345{ATTACK}", url=f"javascript:{ATTACK}")
    issuer = NEIMENGGU.model_copy(update={"name": ATTACK, "complaint": contact})
    hostile = Elements(page(reason, certificate, issuer, address=ATTACK))
    usual = Elements(page(reason, address="x"))
    assert {tag for tag, _ in hostile.elements} <= {tag for tag, _ in usual.elements} | {"a"}
    for tag, attributes in hostile.elements:
        assert tag not in {"script", "iframe", "link", "base", "form"}
        for name, value in attributes.items():
            assert not name.startswith("on")
            assert name != "style"
            assert "javascript:" not in (value or "")
    if reason in SHOWN:
        assert hostile.text.count(ATTACK) >= 7


def test_a_certificate_bidirectional_text_stays_in_its_place() -> None:
    html = page(Reason.VALID, replace(CERTIFICATE, holder="ئابدۇراخمان"))
    assert '<bdi translate="no">ئابدۇراخمان</bdi>' in html


def test_the_policy_allows_the_one_style_and_no_script() -> None:
    for reason in Reason:
        styles = re.findall(r"<style>(.*?)</style>", page(reason), re.DOTALL)
        assert len(styles) == 1
        digest = base64.b64encode(hashlib.sha256(styles[0].encode()).digest()).decode()
        assert f"style-src 'sha256-{digest}';" in pages.CONTENT_SECURITY_POLICY
    assert pages.CONTENT_SECURITY_POLICY.startswith("default-src 'none'; img-src 'self'; ")
    assert "script" not in pages.CONTENT_SECURITY_POLICY
    assert "unsafe" not in pages.CONTENT_SECURITY_POLICY


@pytest.mark.parametrize("reason", Reason)
def test_the_page_loads_its_photo_and_nothing_else(reason: Reason) -> None:
    html = page(reason)
    elements = Elements(html)
    assert {a["src"] for a in elements.attributes("img")} <= {f"/photos/{bytes(range(12)).hex()}"}
    assert {a["href"] for a in elements.attributes("use")} == {"#shape"}
    links = {a["href"] for a in elements.attributes("a")}
    assert links <= {"", "tel:04711234567", NEIMENGGU.complaint.url}
    assert not any("src" in attributes for tag, attributes in elements.elements if tag != "img")
    assert "url(" not in html
    assert "@import" not in html


def test_the_valid_page_shows_a_large_photo_to_compare() -> None:
    html = page(Reason.VALID)
    (photo,) = Elements(html).attributes("img")
    assert (photo["width"], photo["height"]) == ("240", "336")
    assert photo["alt"]
    assert "请把照片和姓名与本人核对" in html


def test_a_certificate_without_photo_says_so() -> None:
    html = page(Reason.VALID, replace(CERTIFICATE, photo=None))
    assert not Elements(html).attributes("img")
    assert "证件未登记照片" in html


def test_the_fields_stand_in_the_order_that_a_citizen_asks() -> None:
    text = Elements(page(Reason.VALID)).text
    facts = (
        CERTIFICATE.holder,
        CERTIFICATE.agency,
        *CERTIFICATE.categories,
        CERTIFICATE.area,
        CERTIFICATE.number,
    )
    start, places = text.index("请把照片"), []
    for fact in (*facts, "行政执法证 ", "2024-01-01", "2029-12-31", NEIMENGGU.name, "150000"):
        assert fact
        start = text.index(fact, start)
        places.append(start)
    assert places == sorted(places)


def test_the_last_day_is_the_one_before_the_first_second_that_no_longer_holds() -> None:
    html = page(Reason.VALID)
    assert '<time datetime="2029-12-31">2029-12-31</time>' in html
    assert "含最后一日" in html
    assert "2030-01-01" not in html


def test_a_validity_that_ends_within_a_day_names_the_moment() -> None:
    html = page(Reason.VALID, replace(CERTIFICATE, valid_until=parse_instant("2030-01-01T12:00:00")))
    assert "2030-01-01 12:00:00" in html
    assert "含最后一日" not in html
    assert "不含该时刻" in html


@pytest.mark.parametrize("reason", SHOWN)
def test_a_restricted_certificate_shows_nobody(reason: Reason) -> None:
    html = page(reason, RESTRICTED)
    assert "本证件依规定不公开持证人及其岗位" in html
    assert RESTRICTED.number in html
    assert NEIMENGGU.name in html
    for label in ("持证人 Holder", "执法机关 <", "执法类别 <", "执法区域 <", "None"):
        assert label not in html
    assert not Elements(html).attributes("img")


def test_powers_are_explained_only_where_they_are_fewer() -> None:
    def text(powers: Powers, issuer: Issuer = XINJIANG) -> str:
        return Elements(page(Reason.VALID, replace(CERTIFICATE, powers=powers), issuer)).text

    assert "执法权限" not in text(Powers.ALL)
    assert "按简易程序作出行政处罚" in text(Powers.TOWNSHIP)
    assert "不得查封、扣押" in text(Powers.ENTRUSTED)
    assert "《自治区应急管理系统行政执法证件管理办法》第八条" in text(Powers.ENTRUSTED)
    assert "第八条" not in text(Powers.ENTRUSTED, NEIMENGGU)


def test_a_supervision_certificate_says_what_it_entitles_to() -> None:
    supervision = replace(CERTIFICATE, kind=Kind.SUPERVISION)
    text = Elements(page(Reason.VALID, supervision)).text
    assert "行政执法监督证" in text
    assert "用于监督行政执法活动" in text
    assert "也可以执法" not in text
    assert "也可以执法" in page(Reason.VALID, supervision, XINJIANG)


def test_a_ministry_certificate_is_filed_and_not_issued_by_the_region() -> None:
    text = Elements(page(Reason.VALID, replace(CERTIFICATE, kind=Kind.MINISTRY))).text
    assert "国务院部门制发证件" in text
    assert "备案机关" in text
    assert "发证机关 Issuer" not in text


def test_a_suspension_shows_its_beginning_and_its_end() -> None:
    text = Elements(page(Reason.SUSPENDED)).text
    assert "暂扣开始 Suspended since2026-07-01 10:20:00" in text
    assert "暂扣至 Suspended until2026-10-01 00:00:00" in text


def test_a_void_certificate_shows_since_when() -> None:
    assert "失效时间 Void since2026-07-01 10:20:00" in Elements(page(Reason.CANCELLED)).text


def test_an_expired_certificate_shows_its_last_day() -> None:
    assert "最后有效日 Last day2029-12-31" in Elements(page(Reason.EXPIRED)).text


def test_a_certificate_before_its_first_day_shows_that_day() -> None:
    assert "生效时间 In force from2024-01-01" in Elements(page(Reason.NOT_YET_VALID)).text


def test_a_valid_certificate_shows_no_beginning_in_1970() -> None:
    assert "1970" not in page(Reason.VALID)


@pytest.mark.parametrize("reason", Reason)
def test_every_page_shows_the_time_of_the_check(reason: Reason) -> None:
    assert '<time datetime="2026-08-10T14:32:05+08:00">2026-08-10 14:32:05</time>' in page(reason)


@pytest.mark.parametrize("reason", Reason)
def test_the_time_of_the_register_is_shown_where_it_was_asked(reason: Reason) -> None:
    asked = (reason in SHOWN and reason is not Reason.TRUST_EXPIRED) or reason in (
        Reason.NOT_REGISTERED,
        Reason.DIFFERS,
    )
    assert ("2026-08-10 14:32:03" in page(reason)) is asked


def test_the_complaint_has_body_phone_and_link() -> None:
    html = page(Reason.LOST)
    assert NEIMENGGU.complaint.body in html
    assert f'<a class="call" href="tel:04711234567">{NEIMENGGU.complaint.phone}</a>' in html
    assert f'href="{NEIMENGGU.complaint.url}"' in html


def test_a_contact_without_phone_and_link_shows_neither() -> None:
    issuer = NEIMENGGU.model_copy(update={"complaint": Contact(body="监督局")})
    elements = Elements(page(Reason.LOST, issuer=issuer))
    assert "监督局" in elements.text
    assert not elements.attributes("a")


def test_a_phone_without_digits_is_no_link() -> None:
    issuer = NEIMENGGU.model_copy(update={"complaint": Contact(body="监督局", phone="请到窗口")})
    elements = Elements(page(Reason.LOST, issuer=issuer))
    assert "请到窗口" in elements.text
    assert not elements.attributes("a")


@pytest.mark.parametrize("reason", [Reason.BAD_SIGNATURE, Reason.NOT_OUR_TEXT, Reason.TRUST_EXPIRED])
def test_without_a_certificate_the_page_says_in_general_whom_to_ask(reason: Reason) -> None:
    assert "司法局" in bare(reason)


@pytest.mark.parametrize("reason", Reason)
def test_the_citizen_is_told_to_look_at_the_address_bar(reason: Reason) -> None:
    assert "请核对浏览器地址栏" in page(reason)
    assert "<b>https://v.example.cn</b>" in page(reason, address="https://v.example.cn")


@pytest.mark.parametrize("reason", Reason)
def test_english_is_marked_as_such_and_nothing_is_indexed(reason: Reason) -> None:
    html = page(reason)
    assert '<html lang="zh-CN">' in html
    assert '<span lang="en">' in html
    assert '<meta name="viewport" content="width=device-width,initial-scale=1">' in html
    assert '<meta name="robots" content="noindex' in html
