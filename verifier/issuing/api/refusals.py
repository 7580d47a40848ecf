"""Errors of the inside → problem documents of the API: one table."""

import logging
from collections.abc import Mapping
from typing import Final

from starlette.responses import Response

from keys.files import KeyFileError
from keys.ring import RingError
from keys.roots import TrustError
from keys.rotation import RotationError
from keys.signers import SignerError
from verifier.certificate.errors import LiangzhengError
from verifier.certificate.jurisdictions import NumberError, UnknownJurisdictionError
from verifier.certificate.lifecycle import IllegalEventError, NotEntitledError
from verifier.certificate.model import InvalidCertificateError
from verifier.issuing.cards import CardError
from verifier.issuing.fonts import MissingGlyphError
from verifier.issuing.issuance import IssuanceError
from verifier.issuing.photos import PhotoError
from verifier.issuing.proposals import ProposalError
from verifier.photos import PhotoStoreError
from verifier.problems import problem
from verifier.register.calls import KeyReusedError
from verifier.register.certificates import AmbiguousError, ChangedError, TamperedError
from verifier.register.database import RegisterError
from verifier.register.errors import NotFoundError
from verifier.register.exclusions import ExcludedError
from verifier.register.writer import OverloadedError

REFUSALS: Final[dict[type[LiangzhengError], int]] = {
    NotFoundError: 404,
    AmbiguousError: 409,
    ChangedError: 412,
    IllegalEventError: 409,
    NotEntitledError: 403,
    ExcludedError: 409,
    ProposalError: 409,
    IssuanceError: 409,
    InvalidCertificateError: 422,
    NumberError: 422,
    UnknownJurisdictionError: 422,
    PhotoError: 422,
    CardError: 409,
    MissingGlyphError: 409,
    KeyReusedError: 422,
}
"""What whoever asked can mend, with the status that says how."""
FAULTS: Final[dict[type[LiangzhengError], int]] = {
    OverloadedError: 503,
    PhotoStoreError: 503,
    RegisterError: 503,
    TamperedError: 503,
    TrustError: 503,
    RingError: 503,
    RotationError: 503,
    KeyFileError: 503,
    SignerError: 503,
}
"""What only the operator can mend: the cause goes to the log, not to the answer."""
_RETRY_SECONDS: Final = "5"
_log: Final = logging.getLogger(__name__)


def refusal(error: LiangzhengError) -> Response:
    """Give the problem document of an error; its message is fit for whoever asked."""
    return problem(status_of(error), str(error), rule=getattr(error, "rule", None))


def status_of(error: LiangzhengError) -> int:
    """Give the HTTP status of a refusal."""
    return _status(REFUSALS, error)


def fault(error: LiangzhengError) -> Response:
    """Give the problem document of a fault of ours."""
    _log.error("%s: %s", type(error).__name__, error)
    return problem(
        _status(FAULTS, error),
        "The register or the photo store cannot be used at the moment. Nothing was done.",
        {"retry-after": _RETRY_SECONDS},
    )


def _status(table: Mapping[type[LiangzhengError], int], error: LiangzhengError) -> int:
    return next(status for kind, status in table.items() if isinstance(error, kind))
