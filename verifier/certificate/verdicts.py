"""What an answer can be: the closed list of verdicts and reasons, and each reason's public words.

One table feeds the JSON, the page, the metrics and the test vectors.
"""

from enum import StrEnum
from typing import Self


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
    """Why, with what the public is told of it. Ordered as the checks are made.

    Attributes:
        verdict: the one verdict that the reason belongs to.
        zh: the public words in Chinese.
        en: the same in English.
    """

    verdict: Verdict
    zh: str
    en: str

    def __new__(cls, value: str, verdict: Verdict, zh: str, en: str) -> Self:
        """Make a member; `Reason("valid")` finds it by its value."""
        reason = str.__new__(cls, value)
        reason._value_ = value
        reason.verdict, reason.zh, reason.en = verdict, zh, en
        return reason

    # 1 text, 2 structure
    NOT_OUR_TEXT = (
        "not_our_text",
        Verdict.NOT_A_CERTIFICATE,
        "这不是行政执法证件的二维码。",
        "This is not the code of an enforcement certificate.",
    )
    TOO_LONG = (
        "too_long",
        Verdict.NOT_A_CERTIFICATE,
        "内容过长，不是行政执法证件的二维码。",
        "Too long to be the code of an enforcement certificate.",
    )
    FOREIGN_HOST = (
        "foreign_host",
        Verdict.NOT_A_CERTIFICATE,
        "二维码指向其他网址，不是本核验服务的地址，请勿相信该网址显示的内容。",
        "The code leads to another address than this service's. Do not trust what that address shows.",
    )
    MALFORMED = (
        "malformed",
        Verdict.NOT_A_CERTIFICATE,
        "这串数字不是行政执法证件的编码，可能没有扫描完整。",
        "These digits are not the code of an enforcement certificate; the scan may be incomplete.",
    )
    # 3 to 7: the key, and what it signed
    UNKNOWN_KEY = (
        "unknown_key",
        Verdict.FORGED,
        "签发密钥不属于任何发证机关。",
        "The signing key belongs to no issuing authority.",
    )
    WRONG_ALGORITHM = (
        "wrong_algorithm",
        Verdict.FORGED,
        "签名算法与发证机关的密钥不符。",
        "The signature algorithm is not that of the issuer's key.",
    )
    BAD_SIGNATURE = (
        "bad_signature",
        Verdict.FORGED,
        "签名无效：内容被改动过，或不是发证机关签发的。",
        "The signature does not hold: altered, or not issued by the authority.",
    )
    BAD_CLAIMS = (
        "bad_claims",
        Verdict.FORGED,
        "签名内容不符合证件格式。",
        "What was signed is not in the form of a certificate.",
    )
    WRONG_ISSUER = (
        "wrong_issuer",
        Verdict.FORGED,
        "签发密钥属于另一发证机关。",
        "The signing key belongs to another issuing authority.",
    )
    WRONG_KIND = (
        "wrong_kind",
        Verdict.FORGED,
        "该密钥无权签发这一种类的证件。",
        "The key may not sign certificates of this kind.",
    )
    WRONG_PURPOSE = (
        "wrong_purpose",
        Verdict.FORGED,
        "该密钥不用于签发证件。",
        "The key does not serve to sign certificates.",
    )
    KEY_COMPROMISED = (
        "key_compromised",
        Verdict.FORGED,
        "签发密钥已泄露，不能据此确认真伪。",
        "The signing key was compromised; by itself it proves nothing.",
    )
    # 8 register
    NOT_REGISTERED = (
        "not_registered",
        Verdict.FORGED,
        "登记库中没有这份证件。",
        "The register knows no such certificate.",
    )
    DIFFERS = (
        "differs_from_register",
        Verdict.FORGED,
        "内容与登记库不一致。",
        "The content differs from the register.",
    )
    # 9 freshness
    STATUS_STALE = (
        "status_stale",
        Verdict.UNCONFIRMED,
        "暂时无法查询登记库，请稍后再试。",
        "The register cannot be asked at the moment. Please try again shortly.",
    )
    TRUST_EXPIRED = (
        "trust_expired",
        Verdict.UNCONFIRMED,
        "本服务的信任名录已过期，暂时无法核验，请稍后再试。",
        "This service's trust list has expired; it cannot verify for now. Please try again later.",
    )
    # 10 state and dates
    WITHDRAWN = (
        "withdrawn",
        Verdict.REVOKED,
        "证件已被撤销，无效。",
        "The certificate was withdrawn and is void.",
    )
    CANCELLED = (
        "cancelled",
        Verdict.REVOKED,
        "证件已注销，无效。",
        "The certificate was cancelled and is void.",
    )
    LOST = (
        "lost",
        Verdict.REVOKED,
        "证件已申报遗失并作废。",
        "The certificate was reported lost and is void.",
    )
    REPLACED = (
        "replaced",
        Verdict.REVOKED,
        "证件已换发，原证作废。",
        "The certificate was replaced; this one is void.",
    )
    VOID = (
        "void",
        Verdict.REVOKED,
        "证件已作废，无效；状态名单不说明原因。",
        "The certificate is void; a status list does not say why.",
    )
    EXPIRED = ("expired", Verdict.EXPIRED, "证件已过有效期。", "The certificate is past its last day.")
    NOT_YET_VALID = (
        "not_yet_valid",
        Verdict.NOT_YET_VALID,
        "证件尚未生效。",
        "The certificate does not hold yet.",
    )
    SUSPENDED = (
        "suspended",
        Verdict.SUSPENDED,
        "证件已被暂扣，在暂扣期内不得执法。",
        "The certificate is suspended; its holder may not enforce until it ends.",
    )
    VALID = ("valid", Verdict.VALID, "证件真实，目前有效。", "The certificate is genuine and holds now.")
