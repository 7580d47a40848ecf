"""Photos by content: a file is named by the digest that its code carries, so it cannot be exchanged."""

import hashlib
from pathlib import Path

from keys.files import write_whole
from verifier.certificate.model import PHOTO_DIGEST_BYTES


def keep(directory: Path, photo: bytes) -> bytes:
    """Keep a photo, durably.

    Args:
        directory: the photo store.
        photo: the JPEG file, as it will be served.

    Returns:
        The first 12 bytes of its SHA-256.

    Raises:
        OSError: it cannot be written.
    """
    digest = hashlib.sha256(photo).digest()[:PHOTO_DIGEST_BYTES]
    path = directory / f"{digest.hex()}.jpg"
    if not path.exists():
        write_whole(path, photo)
    return digest
