"""A finding → the page that answers a citizen's scan: HTML of the server's making, without a script.

Invariants: a template is given a certificate only where the finding carries one; an article is quoted only
if it is in force; `unconfirmed` says nothing against the certificate. The page loads the photo and nothing
else, and its policy holds it to that.
"""

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from keys.trust import Issuer
from verifier.certificate.dates import day_of, iso, start_of_day
from verifier.certificate.jurisdictions import (
    Jurisdiction,
    Refusal,
    UnknownJurisdictionError,
    Words,
    jurisdiction_of,
    jurisdictions,
)
from verifier.certificate.model import Certificate, Kind
from verifier.certificate.verdicts import Reason, Verdict
from verifier.certificate.words import KINDS, POWERS, issuer_label, last_day
from verifier.scanning.answers import Known
from verifier.scanning.check import Finding


@dataclass(frozen=True, slots=True)
class _Word:
    """A verdict in one word; `short` is for the strip that stays in sight."""

    zh: tuple[str, ...]
    """In the parts that a narrow page may put on lines of their own."""
    en: str
    short: str
    size: str = ""


_WORDS: Final = {
    Verdict.VALID: _Word(("有效",), "Valid", "有效"),
    Verdict.SUSPENDED: _Word(("暂扣",), "Suspended", "暂扣"),
    Verdict.REVOKED: _Word(("已失效",), "Void", "已失效"),
    Verdict.EXPIRED: _Word(("已过期",), "Expired", "已过期"),
    Verdict.NOT_YET_VALID: _Word(("尚未生效",), "Not yet in force", "尚未生效", "long"),
    Verdict.FORGED: _Word(("伪造",), "Forged", "伪造"),
    Verdict.NOT_A_CERTIFICATE: _Word(
        ("不是", "行政执法证件"), "Not an enforcement certificate", "非执法证件", "longest"
    ),
    Verdict.UNCONFIRMED: _Word(("暂时", "无法确认"), "Cannot be confirmed now", "无法确认", "longest"),
}
_DETAILS: Final = {
    Reason.WITHDRAWN: Words(zh="撤销", en="withdrawn"),
    Reason.CANCELLED: Words(zh="注销", en="cancelled"),
    Reason.LOST: Words(zh="遗失作废", en="reported lost"),
    Reason.REPLACED: Words(zh="换发", en="replaced"),
}
_NO_FORCE: Final = frozenset(
    {Verdict.SUSPENDED, Verdict.REVOKED, Verdict.EXPIRED, Verdict.NOT_YET_VALID, Verdict.FORGED}
)
"""The verdicts that say: this is no certificate in force (rules.md, refusal right)."""
_ASKED_WITHOUT_STANDING: Final = frozenset({Reason.NOT_REGISTERED, Reason.DIFFERS, Reason.STATUS_STALE})
"""Reasons that come of what is known of the register, though the finding carries no standing."""

_SUPERVISES: Final = Words(zh="用于监督行政执法活动。", en="Entitles its holder to supervise enforcement.")
_EM_DOCUMENT: Final = Words(
    zh="《自治区应急管理系统行政执法证件管理办法》第八条",
    en="Xinjiang Emergency Management System, Measures on Enforcement Certificates, Article 8",
)
_MAY_ALSO_ENFORCE: Final = Words(
    zh=f"按照{_EM_DOCUMENT.zh}，持证人也可以执法。", en=f"{_EM_DOCUMENT.en}: its holder may also enforce."
)

_SINCE: Final = {
    Verdict.SUSPENDED: Words(zh="暂扣开始", en="Suspended since"),
    Verdict.REVOKED: Words(zh="失效时间", en="Void since"),
}
_UNTIL: Final = Words(zh="暂扣至", en="Suspended until")
_LAST_DAY: Final = Words(zh="最后有效日", en="Last day")
_BEGINS: Final = Words(zh="生效时间", en="In force from")
_AS_OF: Final = Words(zh="登记库数据截至", en="Register as of")

_NOTHING_SHOWN: Final[Mapping[str, Any]] = {"certificate": None, "article": None}
_PHONE: Final = re.compile(r"\+?[0-9][0-9 ()-]*")
_LINK: Final = re.compile(r"https?://[!-~]+")


def _moment(seconds: float) -> Markup:
    """Write an instant to the second, Beijing time. ISO's digits read alike in both languages."""
    text = iso(int(seconds))
    return Markup(f'<time datetime="{text}">{text[:10]} {text[11:19]}</time>')  # noqa: S704 # digits alone


def _day_or_moment(seconds: int) -> Markup:
    """Write a day; an instant that does not begin a day keeps its time."""
    day = day_of(seconds)
    if seconds != start_of_day(day):
        return _moment(seconds)
    return Markup(f'<time datetime="{day}">{day}</time>')  # noqa: S704 # digits alone


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("verifier.scanning"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {"moment": _moment, "day_or_moment": _day_or_moment}
    return environment


_ENVIRONMENT: Final = _environment()
_STYLE: Final = _ENVIRONMENT.get_template("style.html").render().strip()
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_PAGE: Final = _ENVIRONMENT.get_template("page.html")

CONTENT_SECURITY_POLICY: Final = (
    f"default-src 'none'; img-src 'self'; style-src 'sha256-{_STYLE_HASH}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""To be sent with every page."""


def _articles(known: Iterable[Jurisdiction]) -> list[tuple[Words | None, Refusal]]:
    """Give every article in force, with its region: of a forged code the region is not known."""
    return [(rules.region, refusal) for rules in known for refusal in rules.refusals if refusal.in_force]


def _prepare(reason: Reason) -> dict[str, Any]:
    """Render what the reason alone decides, once for all scans."""
    verdict = reason.verdict
    decided = {
        "reason": reason.value,
        "verdict": verdict.value,
        "word": _WORDS[verdict],
        "detail": _DETAILS.get(reason),
        "public": reason,
        "no_force": verdict in _NO_FORCE,
        "style": Markup(_STYLE),  # noqa: S704 # our own text, and the hash is over just this
        "articles": _articles(jurisdictions().values()) if verdict is Verdict.FORGED else [],
    }
    meaning = "" if verdict is Verdict.VALID else _ENVIRONMENT.get_template("meaning.html").render(decided)
    return {
        "top": Markup(_ENVIRONMENT.get_template("top.html").render(decided)),  # noqa: S704 # rendered above
        "meaning": Markup(meaning),  # noqa: S704 # rendered above
        "short": _WORDS[verdict].short,
        "unconfirmed": verdict is Verdict.UNCONFIRMED,
    }


_PREPARED: Final[Mapping[Reason, Mapping[str, Any]]] = {reason: _prepare(reason) for reason in Reason}


def render(
    finding: Finding, known: Known | None, *, as_of: float | None, now: float, address: str = ""
) -> bytes:
    """Write the page.

    Args:
        finding: what the checks found.
        known: the code's prepared parts; looked at only where the finding carries the certificate.
        as_of: the time that the knowledge of the register is from.
        now: the time of the scan.
        address: our own, for the citizen to compare with the browser's address bar.

    Returns:
        HTML in UTF-8, to be sent with `CONTENT_SECURITY_POLICY`.
    """
    certificate, issuer = finding.certificate, finding.issuer
    assert (certificate is None) == (issuer is None)
    shown = _shown(finding, certificate, issuer) if certificate and issuer else _NOTHING_SHOWN
    prepared = known if certificate else None
    with_photo = finding.verdict is not Verdict.UNCONFIRMED
    page = _PAGE.render(
        **_PREPARED[finding.reason],
        **shown,
        **_contact(prepared.complaint if prepared else None),
        photo=prepared.certificate["photo"] if prepared and with_photo else None,
        moments=_moments(finding, as_of),
        now=now,
        address=address,
    )
    return page.encode()


def _shown(finding: Finding, certificate: Certificate, issuer: Issuer) -> dict[str, Any]:
    under_em = issuer.area.startswith("65") and "应急管理" in certificate.categories
    notes = [_SUPERVISES, _MAY_ALSO_ENFORCE] if under_em else [_SUPERVISES]
    return {
        "certificate": certificate,
        "issuer": issuer,
        "issuer_label": issuer_label(certificate.kind),
        "kind": KINDS[certificate.kind],
        "kind_notes": notes if certificate.kind is Kind.SUPERVISION else [],
        "powers": POWERS[certificate.powers],
        "powers_source": _EM_DOCUMENT if under_em else None,
        "last_day": last_day(certificate.valid_until),
        "article": _article(issuer, certificate.categories) if finding.verdict in _NO_FORCE else None,
    }


def _article(issuer: Issuer, categories: tuple[str, ...]) -> Refusal | None:
    try:
        return jurisdiction_of(issuer.area, categories).refusal_for(categories)
    except UnknownJurisdictionError:
        return None


def _moments(finding: Finding, as_of: float | None) -> list[tuple[Words, Markup]]:
    """Give the times that the verdict turns on, for the banner."""
    certificate, standing, verdict = finding.certificate, finding.standing, finding.verdict
    moments = list[tuple[Words, Markup]]()
    if certificate and verdict is Verdict.EXPIRED:
        moments.append(
            (_LAST_DAY, _day_or_moment(last_day(certificate.valid_until) or certificate.valid_until))
        )
    if certificate and verdict is Verdict.NOT_YET_VALID:
        moments.append((_BEGINS, _day_or_moment(certificate.valid_from)))
    if standing and verdict in _SINCE:
        moments.append((_SINCE[verdict], _moment(standing.since)))
    if standing and standing.until and verdict is Verdict.SUSPENDED:
        moments.append((_UNTIL, _moment(standing.until)))
    if as_of is not None and (standing or finding.reason in _ASKED_WITHOUT_STANDING):
        moments.append((_AS_OF, _moment(as_of)))
    return moments


def _contact(complaint: Mapping[str, str] | None) -> dict[str, Any]:
    if complaint is None:
        return {"complaint": None}
    phone, url = complaint["phone"], complaint["url"]
    number = _PHONE.search(phone)
    return {
        "complaint": complaint,
        "call": re.sub(r"[ ()-]", "", number[0]) if number else "",
        "link": url if _LINK.fullmatch(url) else "",
    }
