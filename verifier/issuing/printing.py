"""A certificate of the register → what its card is made of: genuine, in force or about to be."""

from typing import Final

from keys.trust import TrustList
from verifier.certificate.verdicts import Verdict
from verifier.issuing.cards import Card, CardError
from verifier.photos import PhotoStore
from verifier.register.certificates import require_genuine
from verifier.register.ledger import Registered

_PRINTED: Final = frozenset({Verdict.VALID, Verdict.NOT_YET_VALID})
"""Cards are made before their first day, and not while a certificate is taken away."""


def is_printed(found: Registered, now: int) -> bool:
    """Tell whether a card may be made now."""
    return found.reason(now).verdict in _PRINTED


def require_printed(found: Registered, now: int) -> None:
    """Refuse a card of what does not hold.

    Raises:
        CardError: void, suspended or expired; says which.
    """
    if not is_printed(found, now):
        raise CardError(f"no card for {found.certificate.number}: {found.reason(now).en}")


def card_of(found: Registered, *, trust: TrustList, photos: PhotoStore, base_url: str) -> Card:
    """Put together what a card shows.

    Raises:
        TamperedError: the register's rows are not what was signed.
        CardError: its photo is not in the store.
        PhotoStoreError: the store cannot be asked.
    """
    require_genuine(found, trust)
    certificate = found.certificate
    photo = photos.read(certificate.photo) if certificate.photo is not None else None
    if certificate.photo is not None and photo is None:
        raise CardError(f"the photo of {certificate.number} is not in the store")
    return Card(
        certificate=certificate,
        code=found.signed,
        base_url=base_url,
        issuer=trust.issuers[certificate.issuer].name,
        photo=photo,
    )
