"""Certificate ↔ CWT claims (RFC 8392), as the payload of a code.

One certificate has exactly one encoding (RFC 8949 4.2.1). The decoder therefore encodes what it read and
compares: whatever is not deterministic (order, duplicate keys, indefinite lengths, long integers, floats)
is refused by that one rule, whatever else it may be.

Payloads come here only after their signature was verified: `cose` sees to that.
"""

from typing import Any, Final

import cbor2

from verifier.certificate.model import Certificate, InvalidCertificateError, Kind, Powers, StatusReference

ISS: Final = 1
EXP: Final = 4
NBF: Final = 5
CERTIFICATE: Final = -70001

NUMBER: Final = 1
KIND: Final = 2
HOLDER: Final = 3
AGENCY: Final = 4
CATEGORY: Final = 5
AREA: Final = 6
POWERS: Final = 7
STATUS: Final = 8
PHOTO: Final = 9
RESTRICTED: Final = 10

_KINDS: Final = tuple(Kind)
_POWERS: Final = tuple(Powers)
_LARGEST_INTEGER: Final = (1 << 64) - 1


class ClaimsError(ValueError):
    """Signed bytes that are not the claims of a certificate in their one allowed form."""


def encode(certificate: Certificate) -> bytes:
    """Give the claims of a certificate in deterministic CBOR.

    Args:
        certificate: the facts.

    Returns:
        The payload of its code, some 60 to 330 bytes.
    """
    facts: dict[int, Any] = {NUMBER: _number_claim(certificate.number), KIND: int(certificate.kind)}
    if certificate.restricted:
        facts[STATUS] = (certificate.status.list, certificate.status.index)
        facts[RESTRICTED] = True
    else:
        categories = certificate.categories
        facts[HOLDER] = certificate.holder
        facts[AGENCY] = certificate.agency
        facts[CATEGORY] = categories[0] if len(categories) == 1 else categories
        facts[AREA] = certificate.area
        if certificate.powers:
            facts[POWERS] = int(certificate.powers)
        facts[STATUS] = (certificate.status.list, certificate.status.index)
        if certificate.photo is not None:
            facts[PHOTO] = certificate.photo
    # Keys are written in their deterministic order, which is that of their encoded bytes.
    return cbor2.dumps(
        {
            ISS: certificate.issuer,
            EXP: certificate.valid_until,
            NBF: certificate.valid_from,
            CERTIFICATE: facts,
        }
    )


def decode(payload: bytes) -> Certificate:
    """Read the claims of a payload whose signature has been verified.

    Args:
        payload: CBOR bytes.

    Returns:
        The certificate; `encode` of it gives the payload again, byte for byte.

    Raises:
        ClaimsError: anything else than the one encoding of a well-formed certificate.
    """
    try:
        claims = cbor2.loads(payload, max_depth=4)
        facts = claims[CERTIFICATE]
        category = facts.get(CATEGORY, ())
        powers = facts.get(POWERS)
        certificate = Certificate(
            issuer=_text(claims[ISS]),
            number=_number(facts[NUMBER]),
            kind=_KINDS[facts[KIND]],
            valid_from=claims[NBF],
            valid_until=claims[EXP],
            status=StatusReference(*facts[STATUS]),
            holder=facts.get(HOLDER),
            agency=facts.get(AGENCY),
            categories=(category,) if isinstance(category, str) else tuple(category),
            area=facts.get(AREA),
            powers=Powers.ALL if powers is None else _POWERS[powers],
            photo=facts.get(PHOTO),
            restricted=RESTRICTED in facts,
        )
        again = encode(certificate)
    except InvalidCertificateError as error:
        raise ClaimsError(str(error)) from error
    except (cbor2.CBORError, LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise ClaimsError("not the claims of a certificate") from error
    if again != payload:
        raise ClaimsError("not in deterministic encoding")
    return certificate


def _number_claim(number: str) -> int | str:
    """Give an integer where its decimal text is the number: two bytes a digit shorter."""
    if number.isdigit() and (number[0] != "0" or number == "0"):
        value = int(number)
        if value <= _LARGEST_INTEGER:
            return value
    return number


def _number(claim: object) -> str:
    return _text(claim) if isinstance(claim, str) else str(int(claim))  # type: ignore[call-overload]  # refused by TypeError


def _text(claim: object) -> str:
    if not isinstance(claim, str):
        raise TypeError("not a text")
    return claim
