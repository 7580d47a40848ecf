"""What an answer can be: the closed list of verdicts and reasons, and each reason's public words.

One table feeds the JSON, the page, the metrics and the test vectors. A reason belongs to one verdict.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Verdict(StrEnum):
    """The answer to "is it genuine, and does it hold now?" (docs/code-format.md, "Verdicts")."""

    VALID = "valid"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    FORGED = "forged"
    NOT_A_CERTIFICATE = "not_a_certificate"
    UNCONFIRMED = "unconfirmed"


class Reason(StrEnum):
    """Why. Ordered as the checks are made."""

    # 1 text, 2 structure
    NOT_OUR_TEXT = "not_our_text"
    TOO_LONG = "too_long"
    FOREIGN_HOST = "foreign_host"
    MALFORMED = "malformed"
    # 3 to 7: the key, and what it signed
    UNKNOWN_KEY = "unknown_key"
    WRONG_ALGORITHM = "wrong_algorithm"
    BAD_SIGNATURE = "bad_signature"
    BAD_CLAIMS = "bad_claims"
    WRONG_ISSUER = "wrong_issuer"
    WRONG_KIND = "wrong_kind"
    WRONG_PURPOSE = "wrong_purpose"
    KEY_COMPROMISED = "key_compromised"
    # 8 register
    NOT_REGISTERED = "not_registered"
    DIFFERS = "differs_from_register"
    # 9 freshness
    STATUS_STALE = "status_stale"
    TRUST_EXPIRED = "trust_expired"
    # 10 state and dates
    WITHDRAWN = "withdrawn"
    CANCELLED = "cancelled"
    LOST = "lost"
    REPLACED = "replaced"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    SUSPENDED = "suspended"
    VALID = "valid"


@dataclass(frozen=True, slots=True)
class Public:
    """What the public is told of a reason."""

    verdict: Verdict
    zh: str
    en: str


PUBLIC: Final[dict[Reason, Public]] = {
    Reason.NOT_OUR_TEXT: Public(
        Verdict.NOT_A_CERTIFICATE,
        "这不是行政执法证件的二维码。",
        "This is not the code of an enforcement certificate.",
    ),
    Reason.TOO_LONG: Public(
        Verdict.NOT_A_CERTIFICATE,
        "内容过长，不是行政执法证件的二维码。",
        "Too long to be the code of an enforcement certificate.",
    ),
    Reason.FOREIGN_HOST: Public(
        Verdict.NOT_A_CERTIFICATE,
        "二维码指向其他网址，不是本核验服务的地址，请勿相信该网址显示的内容。",
        "The code leads to another address than this service's. Do not trust what that address shows.",
    ),
    Reason.MALFORMED: Public(
        Verdict.NOT_A_CERTIFICATE,
        "这串数字不是行政执法证件的编码，可能没有扫描完整。",
        "These digits are not the code of an enforcement certificate; the scan may be incomplete.",
    ),
    Reason.UNKNOWN_KEY: Public(
        Verdict.FORGED, "签发密钥不属于任何发证机关。", "The signing key belongs to no issuing authority."
    ),
    Reason.WRONG_ALGORITHM: Public(
        Verdict.FORGED,
        "签名算法与发证机关的密钥不符。",
        "The signature algorithm is not that of the issuer's key.",
    ),
    Reason.BAD_SIGNATURE: Public(
        Verdict.FORGED,
        "签名无效：内容被改动过，或不是发证机关签发的。",
        "The signature does not hold: altered, or not issued by the authority.",
    ),
    Reason.BAD_CLAIMS: Public(
        Verdict.FORGED, "签名内容不符合证件格式。", "What was signed is not in the form of a certificate."
    ),
    Reason.WRONG_ISSUER: Public(
        Verdict.FORGED, "签发密钥属于另一发证机关。", "The signing key belongs to another issuing authority."
    ),
    Reason.WRONG_KIND: Public(
        Verdict.FORGED, "该密钥无权签发这一种类的证件。", "The key may not sign certificates of this kind."
    ),
    Reason.WRONG_PURPOSE: Public(
        Verdict.FORGED, "该密钥不用于签发证件。", "The key does not serve to sign certificates."
    ),
    Reason.KEY_COMPROMISED: Public(
        Verdict.FORGED,
        "签发密钥已泄露，不能据此确认真伪。",
        "The signing key was compromised; by itself it proves nothing.",
    ),
    Reason.NOT_REGISTERED: Public(
        Verdict.FORGED, "登记库中没有这份证件。", "The register knows no such certificate."
    ),
    Reason.DIFFERS: Public(Verdict.FORGED, "内容与登记库不一致。", "The content differs from the register."),
    Reason.STATUS_STALE: Public(
        Verdict.UNCONFIRMED,
        "暂时无法查询登记库，请稍后再试。",
        "The register cannot be asked at the moment. Please try again shortly.",
    ),
    Reason.TRUST_EXPIRED: Public(
        Verdict.UNCONFIRMED,
        "本服务的信任名录已过期，暂时无法核验，请稍后再试。",
        "This service's trust list has expired; it cannot verify for now. Please try again later.",
    ),
    Reason.WITHDRAWN: Public(
        Verdict.REVOKED, "证件已被撤销，无效。", "The certificate was withdrawn and is void."
    ),
    Reason.CANCELLED: Public(
        Verdict.REVOKED, "证件已注销，无效。", "The certificate was cancelled and is void."
    ),
    Reason.LOST: Public(
        Verdict.REVOKED, "证件已申报遗失并作废。", "The certificate was reported lost and is void."
    ),
    Reason.REPLACED: Public(
        Verdict.REVOKED, "证件已换发，原证作废。", "The certificate was replaced; this one is void."
    ),
    Reason.EXPIRED: Public(Verdict.EXPIRED, "证件已过有效期。", "The certificate is past its last day."),
    Reason.NOT_YET_VALID: Public(
        Verdict.NOT_YET_VALID, "证件尚未生效。", "The certificate does not hold yet."
    ),
    Reason.SUSPENDED: Public(
        Verdict.SUSPENDED,
        "证件已被暂扣，在暂扣期内不得执法。",
        "The certificate is suspended; its holder may not enforce until it ends.",
    ),
    Reason.VALID: Public(Verdict.VALID, "证件真实，目前有效。", "The certificate is genuine and holds now."),
}


def verdict_of(reason: Reason) -> Verdict:
    """Give the verdict that a reason belongs to."""
    return PUBLIC[reason].verdict
