"""What the register says where it has nothing to give."""

from verifier.certificate.errors import LiangzhengError


class NotFoundError(LiangzhengError, LookupError):
    """The register has no such certificate, issuer or agency, or not for whoever asks."""
