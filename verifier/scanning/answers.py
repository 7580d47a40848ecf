"""A finding → the answer in JSON (docs/integrators.md, "The answer").

What never changes of a code is prepared once and kept with it, so that the answer to a hot code is put
together from ready bytes.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import orjson

from keys.trust import Issuer, TrustList
from verifier.certificate.dates import iso
from verifier.certificate.jurisdictions import Provision
from verifier.certificate.model import Certificate, Kind, Powers
from verifier.certificate.together import Act, Against, Open, Scanned, judge
from verifier.certificate.verdicts import Reason, Verdict
from verifier.scanning.check import Authentic, Finding

_MESSAGES: Final = {
    reason: orjson.Fragment(orjson.dumps({"zh-CN": reason.zh, "en": reason.en})) for reason in Reason
}
_PRINTED: Final = {"kind": "printed"}
_KINDS: Final = {kind: kind.name.lower() for kind in Kind}
_POWERS: Final = {powers: powers.name.lower() for powers in Powers}


class Known(NamedTuple):
    """A code that was authenticated, with the parts of its answer that stay the same."""

    authentic: Authentic
    certificate: dict[str, Any]
    certificate_json: orjson.Fragment
    complaint: dict[str, str] | None


def know(authentic: Authentic, trust: TrustList) -> Known:
    """Prepare what stays the same. Nothing of it is shown before checks 7 to 11 allow it."""
    certificate = authentic.certificate
    issuer = trust.issuers.get(certificate.issuer)
    contact = trust.complaint_contact(certificate.issuer, certificate.agency) if issuer else None
    shown = _certificate(certificate, issuer)
    return Known(authentic, shown, orjson.Fragment(orjson.dumps(shown)), contact.shown if contact else None)


def answer(finding: Finding, known: Known | None, *, as_of: float | None, now: float) -> dict[str, Any]:
    """Give the answer as plain data.

    Args:
        finding: what the checks found.
        known: the code's prepared parts; shown only where the finding carries the certificate.
        as_of: the time that the knowledge of the register is from.
        now: the time of the scan.

    Returns:
        The members of the JSON answer, in their order.
    """
    shown = known if finding.certificate is not None else None
    return {
        "verdict": finding.verdict,
        "reason": finding.reason,
        "message": _MESSAGES[finding.reason],
        "certificate": shown.certificate_json if shown else None,
        "status": _status(finding, as_of),
        "presentation": _PRINTED,
        "complaint": shown.complaint if shown else None,
        "checked_at": iso(int(now)),
    }


def together(findings: Sequence[Finding], act: Act | None) -> dict[str, Any]:
    """Say what speaks against a group of officers, and what cannot be told; never that they may act.

    Args:
        findings: one for each code, in the order in which the codes were sent.
        act: what the officers are about to do, if that was said.

    Returns:
        The members of `together`. Codes are named by their place, counted from 0.
    """
    found = judge(
        [
            Scanned(each.verdict, each.certificate, each.issuer.area if each.issuer else None)
            for each in findings
        ],
        act,
    )
    return {
        "all_valid": all(each.verdict is Verdict.VALID for each in findings),
        "against": [
            {**_told(each.reason, each.codes), "rule": _rule(each.article) if each.article else None}
            for each in found.against
        ],
        "cannot_tell": [_told(each.reason, each.codes) for each in found.open],
        "categories": [{"category": name, "codes": codes} for name, codes in found.categories.items()],
    }


def _told(reason: Against | Open, codes: Sequence[int]) -> dict[str, Any]:
    return {"reason": reason, "codes": codes, "message": {"zh-CN": reason.zh, "en": reason.en}}


def _rule(article: Provision) -> dict[str, Any]:
    return {"key": article.rule, "document": {"zh-CN": article.document.zh, "en": article.document.en}}


def to_json(content: object) -> bytes:
    """Write JSON."""
    return orjson.dumps(content)


def http_status(finding: Finding, *, is_path: bool) -> int:
    """Give the HTTP status: only "cannot tell" is a failure; a path that is no code is not found."""
    verdict = finding.verdict
    if verdict is Verdict.UNCONFIRMED:
        return 503
    return 404 if is_path and verdict is Verdict.NOT_A_CERTIFICATE else 200


def _status(finding: Finding, as_of: float | None) -> dict[str, str | None] | None:
    standing = finding.standing
    if standing is None or as_of is None:
        return None
    until = standing.until if finding.reason is Reason.SUSPENDED else None
    return {
        "since": iso(standing.since) if standing.since else None,
        "until": iso(until) if until else None,
        "as_of": iso(int(as_of)),
    }


def _certificate(certificate: Certificate, issuer: Issuer | None) -> dict[str, Any]:
    return {
        "number": certificate.number,
        "kind": _KINDS[certificate.kind],
        "holder": certificate.holder,
        "agency": certificate.agency,
        "categories": certificate.categories,
        "area": certificate.area,
        "powers": _POWERS[certificate.powers],
        "valid_from": iso(certificate.valid_from),
        "valid_until": iso(certificate.valid_until),
        "issuer": {"code": certificate.issuer, "name": issuer.name if issuer else None},
        "photo": f"/photos/{certificate.photo.hex()}" if certificate.photo else None,
        "restricted": certificate.restricted,
    }
