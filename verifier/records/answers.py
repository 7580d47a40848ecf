"""The records in JSON, member by member (docs/integrators.md)."""

from typing import Any
from urllib.parse import urlencode

from keys.trust import Contact
from verifier.certificate.dates import iso
from verifier.records.looking_up import Found
from verifier.records.notices import KINDS, Notice, Notices
from verifier.records.officers import Agency, Officer, Officers
from verifier.records.tally import Tally

NOT_FOUND = {
    "zh-CN": "没有查到编号和姓名都相符的证件。",
    "en": "No certificate was found with this number and this name.",
}
NO_SIGNATURE = {
    "zh-CN": "此结果只来自登记库，没有核验证件上的二维码签名，不能证明眼前的证件是真的。",
    "en": "This comes from the register alone. No signature was seen: the card itself may be forged.",
}


def agencies(tally: Tally, shown: tuple[Agency, ...], following: str | None) -> dict[str, Any]:
    """Give a page of agencies."""
    return {
        "agencies": [
            {
                "issuer": {"code": agency.issuer, "name": tally.issuers[agency.issuer]},
                "agency": agency.name,
                "officers": agency.officers,
            }
            for agency in shown
        ],
        "as_of": iso(tally.as_of),
        "next": following,
    }


def officers(
    issuer: tuple[str, str],
    agency: str | None,
    contact: Contact | None,
    page: Officers,
    following: str | None,
) -> dict[str, Any]:
    """Give a page of officers."""
    return {
        "issuer": {"code": issuer[0], "name": issuer[1]},
        "agency": agency,
        "complaint": contact.shown if contact else None,
        "officers": [_officer(officer) for officer in page.officers],
        "next": following,
    }


def notices(page: Notices, following: str | None) -> dict[str, Any]:
    """Give a page of notices."""
    return {"notices": [_notice(notice) for notice in page.notices], "next": following}


def found(results: tuple[Found, ...], now: int) -> dict[str, Any]:
    """Give the answers of a look-up."""
    return {
        "answers": [_found(result) for result in results],
        "message": NO_SIGNATURE if results else NOT_FOUND,
        "signature_seen": False,
        "checked_at": iso(now),
    }


def link(path: str, **parameters: str | int | None) -> str:
    """Give the address of another page; what is None is left out."""
    given = {name: value for name, value in parameters.items() if value is not None}
    return f"{path}?{urlencode(given)}" if given else path


def _officer(officer: Officer) -> dict[str, Any]:
    return {
        "name": officer.name,
        "area": officer.area,
        "categories": officer.categories,
        "number": officer.number,
        "agency": officer.agency,
    }


def _notice(notice: Notice) -> dict[str, Any]:
    words = KINDS[notice.kind]
    return {
        "kind": notice.kind,
        "message": {"zh-CN": words.zh, "en": words.en},
        "number": notice.number,
        "name": notice.name,
        "agency": notice.agency,
        "categories": notice.categories,
        "issuer": {"code": notice.issuer, "name": notice.issuer_name},
        "published": iso(notice.published),
        "until": iso(notice.until),
    }


def _found(result: Found) -> dict[str, Any]:
    return {
        "verdict": result.reason.verdict,
        "reason": result.reason,
        "message": {"zh-CN": result.reason.zh, "en": result.reason.en},
        "certificate": {
            "number": result.number,
            "holder": result.name,
            "agency": result.agency,
            "categories": result.categories,
            "area": result.area,
            "issuer": {"code": result.issuer, "name": result.issuer_name},
        },
        "status": {
            "since": iso(result.since) if result.since else None,
            "until": iso(result.until) if result.until else None,
        },
        "complaint": result.complaint.shown,
    }
