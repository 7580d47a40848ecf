"""Photos as they come in → the one form in which they are kept and served.

Nothing of the upload goes on but its pixels: they are laid on a picture of our own, which is then encoded.
"""

import io
import re
import struct
import warnings
import zlib
from typing import Final

from PIL import Image, ImageOps

from verifier.certificate.errors import LiangzhengError

WIDTH: Final = 295
HEIGHT: Final = 413
"""Pixels of an ID photo of 25 x 35 mm at 300 dpi."""
LARGEST_BYTES: Final = 8 << 20
LARGEST_PIXELS: Final = 40_000_000
LEAST_WIDTH: Final = 100
LEAST_HEIGHT: Final = 140
"""Pixels below which a photo cannot be compared with a face."""
LONGEST_SHAPE: Final = 3
"""How many times one side is the other at most: of what is longer, little would be left."""
MOST_SCANS: Final = 50
"""Of a JPEG, each of which goes over the whole picture; a progressive one has some 10."""
_QUALITY: Final = 82
_BOMBS: Final = (Image.DecompressionBombWarning, Image.DecompressionBombError)
_BROKEN: Final = (
    OSError,
    EOFError,
    ValueError,
    SyntaxError,
    TypeError,
    LookupError,
    OverflowError,
    AssertionError,
    AttributeError,
    struct.error,
    zlib.error,
)
"""What a decoder may raise on a file that was made to harm it."""
_SCAN: Final = re.compile(rb"\xff\xda\x00[\x06\x08\x0a\x0c\x0e][\x00-\x04]")
"""The head of a scan: its length is 6 bytes and 2 for each of its components (ITU-T T.81, B.2.3)."""
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
_SIDEWAYS: Final = (5, 6, 7, 8)


class PhotoError(LiangzhengError, ValueError):
    """Not a photo that can be used."""


def prepare(upload: bytes) -> bytes:
    """Decode a photo and encode it anew: one size, one format, no metadata.

    Args:
        upload: a JPEG or PNG file.

    Returns:
        A JPEG of 295 x 413 pixels; the same for the same upload.

    Raises:
        PhotoError: too large, too small, too long, animated, broken, or neither JPEG nor PNG.
    """
    if len(upload) > LARGEST_BYTES:
        raise PhotoError(f"the photo is larger than {LARGEST_BYTES >> 20} MB")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd metadata, which is thrown away
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(upload), formats=("JPEG", "PNG")) as image:
                _require_bounded(image, upload)
                pixels = _portrait(image)
    except PhotoError:
        raise
    except _BOMBS as error:
        raise PhotoError("the photo has too many pixels") from error
    except _BROKEN as error:
        raise PhotoError("the photo is no readable JPEG or PNG") from error
    out = io.BytesIO()
    pixels.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()


def _require_bounded(image: Image.Image, upload: bytes) -> None:
    """Refuse by the head what should not be unpacked."""
    if image.width * image.height > LARGEST_PIXELS:
        raise PhotoError(f"the photo has more than {LARGEST_PIXELS // 1_000_000} million pixels")
    if max(image.size) > LONGEST_SHAPE * min(image.size):
        raise PhotoError(f"the photo is more than {LONGEST_SHAPE} times as long as wide, or as wide as long")
    if image.format == "PNG" and getattr(image, "is_animated", False):
        raise PhotoError("the photo is animated")
    if image.format != "PNG" and len(_SCAN.findall(upload)) > MOST_SCANS:
        raise PhotoError(f"the photo has more than {MOST_SCANS} scans")


def _portrait(image: Image.Image) -> Image.Image:
    """Give the picture upright, in our size, on white, on a canvas that knows nothing of the upload."""
    orientation = int(image.getexif().get(_ORIENTATION) or 1)
    sideways = orientation in _SIDEWAYS
    width, height = image.size[::-1] if sideways else image.size
    if width < LEAST_WIDTH or height < LEAST_HEIGHT:
        raise PhotoError(f"the photo is smaller than {LEAST_WIDTH} x {LEAST_HEIGHT} pixels")
    image.draft("RGB", (HEIGHT, HEIGHT))  # unpacks no more than is needed
    size = (HEIGHT, WIDTH) if sideways else (WIDTH, HEIGHT)
    fitted = ImageOps.fit(_colors(image), size, Image.Resampling.LANCZOS)
    if orientation in _TURNS:
        fitted = fitted.transpose(_TURNS[orientation])
    canvas = Image.new("RGB", (WIDTH, HEIGHT), "white")
    canvas.paste(fitted, mask=fitted if fitted.mode == "RGBA" else None)
    return canvas


def _colors(image: Image.Image) -> Image.Image:
    """Give RGB, or RGBA where parts are transparent."""
    if image.mode.startswith("I"):  # 16 bits of grey, which a plain conversion would cut off at 255
        image = image.convert("I").point(lambda level: level / 257).convert("L")
    mode = "RGBA" if image.has_transparency_data else "RGB"
    return image if image.mode == mode else image.convert(mode)
