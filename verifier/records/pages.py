"""The records as pages: HTML of the server's making, without a script, that loads nothing else."""

import base64
import hashlib
import re
from collections.abc import Iterable
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from keys.trust import Contact
from verifier.certificate.dates import day_of, iso
from verifier.certificate.jurisdictions import Words
from verifier.certificate.verdicts import Reason, Verdict
from verifier.records.looking_up import Found
from verifier.records.notices import KINDS, Notice, Notices
from verifier.records.officers import Agency, Officers
from verifier.records.requests import BOUNDS
from verifier.records.tally import Tally

_VERDICTS: Final = {
    Verdict.VALID: Words(zh="有效", en="Valid"),
    Verdict.SUSPENDED: Words(zh="暂扣", en="Suspended"),
    Verdict.REVOKED: Words(zh="已失效", en="Void"),
    Verdict.EXPIRED: Words(zh="已过期", en="Expired"),
    Verdict.NOT_YET_VALID: Words(zh="尚未生效", en="Not yet in force"),
}
_SINCE: Final = {
    Reason.SUSPENDED: Words(zh="暂扣开始", en="Suspended since"),
}
_VOID_SINCE: Final = Words(zh="失效时间", en="Void since")
_PHONE: Final = re.compile(r"\+?[0-9][0-9 ()-]*")
_LINK: Final = re.compile(r"https?://[!-~]+")


def _moment(seconds: int) -> Markup:
    """Write an instant to the second, Beijing time."""
    text = iso(seconds)
    return Markup(f'<time datetime="{text}">{text[:10]} {text[11:19]}</time>')  # noqa: S704 # digits alone


def _day(seconds: int) -> Markup:
    day = day_of(seconds)
    return Markup(f'<time datetime="{day}">{day}</time>')  # noqa: S704 # digits alone


def _call(phone: str) -> str:
    """Give what a telephone dials."""
    number = _PHONE.search(phone)
    return re.sub(r"[ ()-]", "", number[0]) if number else ""


def _is_link(url: str) -> bool:
    return _LINK.fullmatch(url) is not None


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("verifier.records"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {"moment": _moment, "day": _day, "call": _call}
    environment.tests["link"] = _is_link
    environment.globals |= {"text_characters": BOUNDS.text_characters, "kinds": KINDS}
    return environment


_ENVIRONMENT: Final = _environment()
_STYLE: Final = _ENVIRONMENT.get_template("style.html").render().strip()
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_ENVIRONMENT.globals["style"] = Markup(_STYLE)  # noqa: S704 # our own text, and the hash is over just this

CONTENT_SECURITY_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""To be sent with every page."""


def _render(template: str, **values: Any) -> bytes:
    return _ENVIRONMENT.get_template(template).render(values).encode()


def agencies(
    tally: Tally,
    shown: tuple[Agency, ...],
    *,
    issuer: str | None,
    find: str | None,
    is_first: bool,
    following: str | None,
) -> bytes:
    """Write a page of agencies, under their issuers."""
    groups = [
        (tally.issuers[code], code, tally.officers(code), list(group))
        for code, group in groupby(shown, key=attrgetter("issuer"))
    ]
    return _render(
        "agencies.html",
        groups=groups,
        issuer=(issuer, tally.issuers[issuer]) if issuer else None,
        find=find,
        is_first=is_first,
        following=following,
        as_of=tally.as_of,
    )


def officers(
    page: Officers,
    *,
    issuer: tuple[str, str],
    agency: str | None,
    contact: Contact | None,
    begins: str | None,
    is_first: bool,
    following: str | None,
) -> bytes:
    """Write a page of officers."""
    return _render(
        "officers.html",
        officers=page.officers,
        issuer=issuer,
        agency=agency,
        contact=contact,
        begins=begins,
        is_first=is_first,
        following=following,
    )


def notices(page: Notices, *, is_first: bool, following: str | None) -> bytes:
    """Write a page of notices, under their days."""

    def day(notice: Notice) -> str:
        return str(day_of(notice.published))

    days: Iterable[tuple[str, list[Notice]]] = [
        (name, list(group)) for name, group in groupby(page.notices, key=day)
    ]
    return _render("notices.html", days=days, is_first=is_first, following=following)


def look_up_form() -> bytes:
    """Write the page with the form for a look-up."""
    return _render("look-up.html", asked=False, answers=[], number="", name="", checked=0)


def looked_up(results: tuple[Found, ...], *, number: str, name: str, now: int) -> bytes:
    """Write what was found, or that nothing was."""
    answers = [
        {
            "found": found,
            "word": _VERDICTS[found.reason.verdict],
            "since_label": _SINCE.get(found.reason, _VOID_SINCE),
        }
        for found in results
    ]
    return _render("look-up.html", asked=True, answers=answers, number=number, name=name, checked=now)


def refused(zh: str, title: str, detail: str) -> bytes:
    """Write a problem for people: what a problem document says to programs."""
    return _render("problem.html", zh=zh, title=title, detail=detail)
