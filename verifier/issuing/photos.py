"""Photos as they come in → the one form in which they are kept and served."""

import io
import warnings
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError

from verifier.certificate.errors import LiangzhengError

WIDTH: Final = 295
HEIGHT: Final = 413
"""Pixels of an ID photo of 25 x 35 mm at 300 dpi."""
LARGEST_BYTES: Final = 8 << 20
_QUALITY: Final = 82
_BOMBS: Final = (Image.DecompressionBombWarning, Image.DecompressionBombError)
"""Raised above 89 million pixels, before they are unpacked."""


class PhotoError(LiangzhengError, ValueError):
    """Not a photo that can be used."""


def prepare(upload: bytes) -> bytes:
    """Decode a photo and encode it anew: one size, one format, no metadata.

    Args:
        upload: a JPEG or PNG file.

    Returns:
        A JPEG of 295 x 413 pixels; the same for the same upload.

    Raises:
        PhotoError: too large, broken, or neither JPEG nor PNG.
    """
    if len(upload) > LARGEST_BYTES:
        raise PhotoError(f"the photo is larger than {LARGEST_BYTES >> 20} MB")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(upload), formats=("JPEG", "PNG")) as image:
                upright = ImageOps.exif_transpose(image).convert("RGB")
    except _BOMBS as error:
        raise PhotoError("the photo has too many pixels") from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise PhotoError("the photo is no readable JPEG or PNG") from error
    out = io.BytesIO()
    ImageOps.fit(upright, (WIDTH, HEIGHT), Image.Resampling.LANCZOS).save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()
