"""Vectors of codes that were issued: what they can say, and what can have happened to them since."""

import hashlib
from collections.abc import Iterator
from typing import Any

from tests.vectors.case import BASE_URL, DAY, NOW, TRUST_ENDS, Case, genuine, known
from verifier.certificate import claims, code
from verifier.certificate.lifecycle import ReasonClass, Standing, State
from verifier.certificate.model import Certificate, Kind, Powers, StatusReference
from verifier.certificate.verdicts import Reason

FROM, UNTIL = 1_767_196_800, 1_924_963_200
"""2026-01-01 to 2031-01-01, Beijing time."""
FACTS: dict[str, Any] = {
    "issuer": "650000",
    "number": "31000036001",
    "valid_from": FROM,
    "valid_until": UNTIL,
    "status": StatusReference(0, 20_011),
    "holder": "阿依古丽·买买提",
    "agency": "新疆维吾尔自治区应急管理厅",
    "categories": ("应急管理",),
    "area": "全疆",
    "photo": hashlib.sha256(b"the photo of a vector").digest()[:12],
}
HIDDEN: dict[str, Any] = {
    "holder": None, "agency": None, "categories": (), "area": None, "photo": None, "restricted": True,
}  # fmt: skip


def facts(**changes: Any) -> Certificate:
    """Give the typical certificate with changes."""
    return Certificate(**(FACTS | changes))


TYPICAL = facts()


def forms() -> Iterator[Case]:
    """Give each form that a certificate can take."""
    yield genuine("enforcement", "A typical enforcement certificate.", TYPICAL)
    yield genuine(
        "inner-mongolia",
        "Of Inner Mongolia: six years.",
        facts(issuer="150000", number="15000012345", valid_until=1_956_499_200, area="奈曼旗"),
        key="inner-mongolia",
    )
    yield genuine(
        "prefecture", "Issued by a prefecture.", facts(issuer="653100", area="喀什地区"), key="kashgar"
    )
    yield genuine("supervision", "A supervision certificate.", facts(kind=Kind.SUPERVISION))
    yield genuine(
        "ministry",
        "A ministry's certificate, filed with the region.",
        facts(issuer="MEM150000", number="YJ-2026-00017", kind=Kind.MINISTRY, area="内蒙古自治区"),
        key="ministry",
    )
    yield genuine("number-zero", "The number 0 is an integer.", facts(number="0"))
    yield genuine("number-leading-zero", "A number with a leading zero is text.", facts(number="01000036001"))
    yield genuine("number-64-bits", "The largest integer.", facts(number=str((1 << 64) - 1)))
    yield genuine("number-beyond-64-bits", "One more, and it is text.", facts(number=str(1 << 64)))
    yield genuine("number-letters", "A number with letters and hyphens.", facts(number="XJ-2026-a0Z"))
    yield genuine("number-32-characters", "The longest number.", facts(number="9" * 32))
    yield genuine(
        "categories", "Several categories.", facts(categories=("应急管理", "消防监督管理", "机关事务管理"))
    )
    yield genuine("categories-8", "The most categories.", facts(categories=tuple("一二三四五六七八")))
    yield genuine(
        "powers-township", "Powers of a township (XJ-EM-2020 Art 8).", facts(powers=Powers.TOWNSHIP)
    )
    yield genuine("powers-entrusted", "Powers of an entrusted unit.", facts(powers=Powers.ENTRUSTED))
    yield genuine("no-photo", "Without a photo.", facts(photo=None))
    yield genuine("restricted", "Names no person and no post (IM-2023 Art 9).", facts(**HIDDEN))
    yield genuine("holder-uyghur", "A name in Uyghur letters.", facts(holder="ئايگۈل·مەمەت"))
    yield genuine(
        "holder-mongolian",
        "A name in Mongolian letters, with a vowel separator (U+180E), which does not show by itself.",
        facts(holder="ᠰᠠᠷᠠᠨ\u180eᠠ"),
    )
    yield genuine(
        "holder-rare-han",
        "Han of planes 2 and 3, one of them beyond older Unicode tables.",
        facts(holder="王\U0002c029\U00030edd\U000323c0"),
    )
    yield genuine("text-120-characters", "The longest text.", facts(area="a" * 120))
    yield genuine("code-424-bytes", "The largest code.", facts(agency="疆" * 40, area="疆" * 35 + "a" * 13))
    yield genuine(
        "dates-far", "Dates of five and of two bytes.", facts(valid_from=40_000, valid_until=1 << 37)
    )
    yield genuine(
        "status-highest",
        "The last entry of the last list.",
        facts(status=StatusReference(1_023, (1 << 22) - 1)),
    )


def _standing(state: State, reason: ReasonClass = ReasonClass.NONE, until: int | None = None) -> Standing:
    return Standing(state=state, since=NOW - 10 * DAY, until=until, reason=reason)


SUSPENDED = _standing(State.SUSPENDED, until=NOW + 80 * DAY)
WITHDRAWN = _standing(State.REVOKED, ReasonClass.WITHDRAWN)


def lives() -> Iterator[Case]:
    """Give what can have happened to a certificate, and when."""
    late = facts(valid_from=FROM - 365 * DAY, valid_until=NOW - 5 * DAY)
    early = facts(valid_from=NOW + DAY)
    alone = {"offline": Reason.VALID}

    yield genuine(
        "suspended", "Suspended until a date.", TYPICAL, Reason.SUSPENDED, standing=SUSPENDED, **alone
    )
    ended = _standing(State.SUSPENDED, until=NOW)
    yield genuine("suspended-ended", "A suspension ends by itself, in this second.", TYPICAL, standing=ended)
    last = _standing(State.SUSPENDED, until=NOW + 1)
    yield genuine(
        "suspended-last-second", "The second before.", TYPICAL, Reason.SUSPENDED, standing=last, **alone
    )
    yield genuine("reinstated", "Suspended, and reinstated since.", TYPICAL, standing=_standing(State.VALID))
    for name, online in (
        ("withdrawn", Reason.WITHDRAWN),
        ("cancelled", Reason.CANCELLED),
        ("lost", Reason.LOST),
        ("replaced", Reason.REPLACED),
    ):
        void = _standing(State.REVOKED, ReasonClass[name.upper()])
        yield genuine(name, f"{name.capitalize()}: void.", TYPICAL, online, standing=void, **alone)
    yield genuine(
        "cancelled-because-expired",
        "Cancelled because it had expired: the answer stays expired (IM-2023 Art 22).",
        late,
        Reason.EXPIRED,
        standing=_standing(State.REVOKED, ReasonClass.EXPIRED),
    )
    yield genuine("expired", "Past its last day.", late, Reason.EXPIRED)
    yield genuine("expired-exactly", "The first second after its end.", TYPICAL, Reason.EXPIRED, now=UNTIL)
    yield genuine("last-second", "The last second in which it holds.", TYPICAL, now=UNTIL - 1)
    yield genuine("first-second", "The first second in which it holds.", TYPICAL, now=FROM)
    yield genuine("not-yet-valid", "Before its first day.", early, Reason.NOT_YET_VALID)
    yield genuine(
        "not-yet-valid-by-a-second", "One second too early.", TYPICAL, Reason.NOT_YET_VALID, now=FROM - 1
    )
    yield genuine(
        "withdrawn-and-expired",
        "Revoked goes before expired.",
        late,
        Reason.WITHDRAWN,
        standing=WITHDRAWN,
        offline=Reason.EXPIRED,
    )
    yield genuine(
        "suspended-and-expired", "Expired goes before suspended.", late, Reason.EXPIRED, standing=SUSPENDED
    )
    yield genuine(
        "suspended-and-not-yet-valid",
        "Not yet valid goes before suspended.",
        early,
        Reason.NOT_YET_VALID,
        standing=SUSPENDED,
    )


def knowledge() -> Iterator[Case]:
    """Give what a node may know, or no longer know, of the register and of keys."""
    late = facts(valid_from=FROM - 365 * DAY, valid_until=NOW - 5 * DAY)
    stale: dict[str, Any] = {"fresh": False, "offline": Reason.VALID}
    yield genuine("stale", "Known as valid, too long ago.", TYPICAL, Reason.STATUS_STALE, **stale)
    yield genuine(
        "suspended-and-stale",
        "It may have been reinstated.",
        TYPICAL,
        Reason.STATUS_STALE,
        standing=SUSPENDED,
        **stale,
    )
    yield genuine(
        "withdrawn-and-stale",
        "What is void stays so.",
        TYPICAL,
        Reason.WITHDRAWN,
        standing=WITHDRAWN,
        **stale,
    )
    yield genuine("expired-and-stale", "What is over stays so.", late, Reason.EXPIRED, fresh=False)
    yield genuine("unknown-and-stale", "It may be new.", TYPICAL, Reason.STATUS_STALE, register=None, **stale)
    yield genuine(
        "trust-list-expired",
        "The trust list has come to its end.",
        facts(valid_until=TRUST_ENDS + DAY),
        Reason.TRUST_EXPIRED,
        now=TRUST_ENDS,
    )
    yield genuine(
        "not-in-the-register",
        "Signed by the issuer's key, and never issued.",
        TYPICAL,
        Reason.NOT_REGISTERED,
        register=None,
        offline=Reason.VALID,
    )
    other = known(TYPICAL.status, claims.encode(facts(holder="另一人")))
    yield genuine(
        "differs-from-the-register",
        "Signed by the issuer's key, under the index of another certificate.",
        TYPICAL,
        Reason.DIFFERS,
        register=other,
        offline=Reason.VALID,
    )
    yield genuine(
        "differs-and-stale", "What differs is forged, however old the knowledge.", TYPICAL, Reason.DIFFERS,
        register=other, **stale,
    )  # fmt: skip
    yield genuine("key-retired", "Codes of a retired key go on to hold.", TYPICAL, key="xinjiang-retired")
    compromised: dict[str, Any] = {"key": "xinjiang-compromised", "offline": Reason.KEY_COMPROMISED}
    yield genuine(
        "key-compromised", "The register vouches for it; offline nothing does.", TYPICAL, **compromised
    )
    yield genuine(
        "key-compromised-not-registered", "Forged with a stolen key.", TYPICAL, Reason.NOT_REGISTERED,
        register=None, **compromised,
    )  # fmt: skip
    yield genuine(
        "key-compromised-differs", "A registered code, changed and signed again.", TYPICAL, Reason.DIFFERS,
        register=other, **compromised,
    )  # fmt: skip
    yield genuine(
        "key-compromised-and-stale", "Nothing vouches for it now.", TYPICAL, Reason.STATUS_STALE,
        fresh=False, **compromised,
    )  # fmt: skip
    yield genuine(
        "key-of-another-issuer",
        "A prefecture's key signs for the region.",
        TYPICAL,
        Reason.WRONG_ISSUER,
        key="kashgar",
    )
    yield genuine(
        "key-of-another-kind",
        "A ministry's key signs an enforcement certificate.",
        facts(issuer="MEM150000"),
        Reason.WRONG_KIND,
        key="ministry",
    )
    yield genuine("key-of-the-log", "Signed by a status key.", TYPICAL, Reason.WRONG_PURPOSE, key="status")
    yield genuine(
        "key-unknown", "Signed by a key of no trust list.", TYPICAL, Reason.UNKNOWN_KEY, key="stranger"
    )
    yield genuine(
        "key-of-the-root",
        "Signed by the root, which signs lists alone.",
        TYPICAL,
        Reason.UNKNOWN_KEY,
        key="root",
    )


def spellings() -> Iterator[Case]:
    """Give texts that are the same code."""
    plain = genuine("digits", "The digits alone.", TYPICAL)
    assert plain.sealed is not None
    digits = code.to_digits(plain.sealed.code)
    for name, description, text in (
        ("digits", "The digits alone.", digits),
        ("lower-case", "The address in lower case.", f"{BASE_URL}/{digits}"),
        ("mixed-case", "The address in mixed case.", f"hTTps://V.Example.GOV.cn/{digits}"),
        ("spaces", "Spaces and a line break around it.", f" \t\u3000{BASE_URL}/{digits}\r\n"),
        ("port", "The port does not tell one service from another.", f"{BASE_URL}:8443/{digits}"),
    ):
        yield genuine(f"text-{name}", description, TYPICAL, text=text)
