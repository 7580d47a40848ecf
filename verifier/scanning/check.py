"""The checks, in their order. A scan is followed by reading this file downwards.

 1. text → bytes, within bounds       7. may this key speak for this issuer and kind
 2. structure of the frame            8. register: index known, same digest
 3. kid → key                         9. freshness of what is known of the register
 4. alg is the key's                 10. state and dates
 5. signature                        11. the finding
 6. claims

"Invalid" is an answer. Only "cannot tell" is a failure, and it has a reason of its own.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from keys.trust import Issuer, KeyState, Purpose, TrustedKey, TrustList
from verifier.certificate import claims, code, cose
from verifier.certificate.errors import LiangzhengError
from verifier.certificate.lifecycle import Standing, reason_now
from verifier.certificate.model import Certificate, StatusReference
from verifier.certificate.verdicts import Reason, Verdict
from verifier.status.log import claims_digest
from verifier.status.replica import PLAINLY_VALID
from verifier.status.token_status_list import StatusType

_REASONS: Final[dict[type[Exception], Reason]] = {
    code.TextError: Reason.NOT_OUR_TEXT,
    code.TooLongError: Reason.TOO_LONG,
    code.ForeignHostError: Reason.FOREIGN_HOST,
    cose.MalformedError: Reason.MALFORMED,
    cose.SignatureError: Reason.BAD_SIGNATURE,
    claims.ClaimsError: Reason.BAD_CLAIMS,
}
_REFUSALS: Final = tuple(_REASONS)
# Every scan asks for these; an enum's members are slow to look up before Python 3.12.
_SIGNS: Final = Purpose.CERTIFICATE
_COMPROMISED: Final = KeyState.COMPROMISED
_FINAL: Final = (Verdict.REVOKED, Verdict.EXPIRED)

LookUp = Callable[[StatusReference], tuple[bytes | bytearray, Standing] | None]


class Authentic(NamedTuple):
    """A code whose signature holds and whose claims are in form: what checks 1 to 6 establish for ever."""

    certificate: Certificate
    key: TrustedKey
    digest: bytes
    """Of the signed claims, as the log has it."""


class Finding(NamedTuple):
    """What the checks found. Invariant: nothing of a refused code is in it."""

    reason: Reason
    certificate: Certificate | None = None
    """Set if signature, scope and register agreed; for `unconfirmed`, signature and scope alone."""
    issuer: Issuer | None = None
    standing: Standing | None = None
    """Set if the register was asked."""

    @property
    def verdict(self) -> Verdict:
        """The verdict that the reason belongs to."""
        return self.reason.verdict


class RefusedError(LiangzhengError):
    """A check that failed: the code is not authentic, or it cannot be told."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


def authenticate(text: str, *, trust: TrustList, base_url: str, now: float) -> Authentic:
    """Make checks 1 to 6.

    Args:
        text: what a scanner read: a URL or digits.
        trust: the trust list in force.
        base_url: our own address.
        now: seconds since 1970.

    Returns:
        The authentic code. Claims exist nowhere else: unsigned bytes never yield any.

    Raises:
        RefusedError: with the reason of the first check that failed.
    """
    try:
        # 1 text → bytes
        encoded = code.to_bytes(code.find_digits(text, base_url))
        # 2 structure
        frame = cose.parse_code(encoded)
        # 3 kid → key
        if now >= trust.ends:
            raise RefusedError(Reason.TRUST_EXPIRED)
        key = trust.keys.get(frame.kid)
        if key is None:
            raise RefusedError(Reason.UNKNOWN_KEY)
        # 4 alg
        if frame.alg != key.alg:
            raise RefusedError(Reason.WRONG_ALGORITHM)
        # 5 signature
        cose.verify(key.public, frame.signed, frame.signature)
        if key.purpose is not _SIGNS:
            raise RefusedError(Reason.WRONG_PURPOSE)
        # 6 claims
        return Authentic(claims.decode(frame.payload), key, claims_digest(frame.payload))
    except _REFUSALS as error:
        raise RefusedError(_REASONS[type(error)]) from error


def check(
    authentic: Authentic, *, trust: TrustList, look_up: LookUp | None, fresh: bool, now: float
) -> Finding:
    """Make checks 7 to 11: those whose result changes with time.

    Args:
        authentic: what `authenticate` gave, now or earlier under the same trust list.
        trust: the trust list in force.
        look_up: asks the replica of the register; None offline, where checks 8 and 9 cannot be made.
        fresh: whether the replica is fresh enough to rely on.
        now: seconds since 1970.

    Returns:
        The finding.
    """
    certificate, key, _ = authentic
    # 7 scope of the key, in its state at this time
    if key.issuer != certificate.issuer:
        return Finding(Reason.WRONG_ISSUER)
    if certificate.kind not in key.kinds:
        return Finding(Reason.WRONG_KIND)
    if key.state is _COMPROMISED and look_up is None:
        return Finding(Reason.KEY_COMPROMISED)
    issuer = trust.issuers[certificate.issuer]
    standing = None
    if look_up is not None:
        # 8 register
        registered = look_up(certificate.status)
        if registered is None:
            return Finding(Reason.NOT_REGISTERED) if fresh else _unconfirmed(certificate, issuer, key)
        digest, standing = registered
        if digest != authentic.digest:
            return Finding(Reason.DIFFERS)
    # 9 freshness, 10 state and dates: what is void or over stays so, whatever happened since
    reason = reason_now(
        standing or PLAINLY_VALID,
        valid_from=certificate.valid_from,
        valid_until=certificate.valid_until,
        now=now,
    )
    if look_up is not None and not fresh and reason.verdict not in _FINAL:
        return _unconfirmed(certificate, issuer, key)
    # 11 finding
    return Finding(reason, certificate, issuer, standing)


def check_by_list(
    authentic: Authentic, *, trust: TrustList, status: StatusType | None, now: float
) -> Finding:
    """Make checks 7, 10 and 11 without the register, by what a Token Status List says.

    Check 8 cannot be made: a list knows no digests. In check 9 the list takes the place of the log.

    Args:
        authentic: what `authenticate` gave.
        trust: the trust list in force.
        status: what a list says that was verified and is current; None: no such list says anything.
        now: seconds since 1970.

    Returns:
        The finding; never that it holds where nothing says so.
    """
    found = check(authentic, trust=trust, look_up=None, fresh=False, now=now)
    if found.certificate is None:
        return found
    if status is StatusType.INVALID:
        return found._replace(reason=Reason.VOID)
    if status is None and found.verdict not in _FINAL:
        return found._replace(reason=Reason.STATUS_STALE)
    if status is StatusType.SUSPENDED and found.reason is Reason.VALID:
        return found._replace(reason=Reason.SUSPENDED)
    return found


def _unconfirmed(certificate: Certificate, issuer: Issuer, key: TrustedKey) -> Finding:
    # A compromised key convinces nobody by itself: without the register, nothing that it signed is shown.
    if key.state is _COMPROMISED:
        return Finding(Reason.STATUS_STALE)
    return Finding(Reason.STATUS_STALE, certificate, issuer)
