"""Photos as they come in → the one form in which they are kept and served."""

import io
import struct
import warnings
from typing import Final

from PIL import Image, ImageOps

from verifier.certificate.errors import LiangzhengError

WIDTH: Final = 295
HEIGHT: Final = 413
"""Pixels of an ID photo of 25 x 35 mm at 300 dpi."""
LARGEST_BYTES: Final = 8 << 20
_QUALITY: Final = 82
LARGEST_PIXELS: Final = 40_000_000
_BOMBS: Final = (Image.DecompressionBombWarning, Image.DecompressionBombError)
_BROKEN: Final = (OSError, ValueError, SyntaxError, TypeError, LookupError, OverflowError, struct.error)
"""What a decoder may raise on a file that was made to harm it."""
_ORIENTATION: Final = 0x0112
_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""By the EXIF orientation of a camera that was held another way (TIFF 6.0, tag 274)."""


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
            warnings.simplefilter("ignore")  # of odd metadata, which is thrown away
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(upload), formats=("JPEG", "PNG")) as image:
                if image.width * image.height > LARGEST_PIXELS:
                    raise PhotoError(f"the photo has more than {LARGEST_PIXELS // 1_000_000} million pixels")
                turn = _TURNS.get(int(image.getexif().get(_ORIENTATION) or 1))
                image.draft("RGB", (HEIGHT, HEIGHT))  # unpacks no more than is needed
                upright = image.convert("RGB")
    except _BOMBS as error:
        raise PhotoError("the photo has too many pixels") from error
    except _BROKEN as error:
        if isinstance(error, PhotoError):
            raise
        raise PhotoError("the photo is no readable JPEG or PNG") from error
    if turn is not None:
        upright = upright.transpose(turn)
    out = io.BytesIO()
    ImageOps.fit(upright, (WIDTH, HEIGHT), Image.Resampling.LANCZOS).save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()
