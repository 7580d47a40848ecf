"""Invented portraits: drawn from the certificate number, so that the demo shows nobody who exists."""

import colorsys
import hashlib
import io

from PIL import Image, ImageDraw

from verifier.issuing.photos import HEIGHT, WIDTH


def draw(number: str) -> bytes:
    """Draw a portrait in ID-photo form.

    Args:
        number: a certificate number; the same number gives the same face.

    Returns:
        A PNG file.
    """
    seed = hashlib.sha256(number.encode()).digest()
    big = (WIDTH * 2, HEIGHT * 2)
    image = Image.new("RGB", big, _color(0.57 + seed[0] / 4_000, 0.35, 0.86))
    pen = ImageDraw.Draw(image)
    skin = _color(0.07, 0.28 + seed[1] / 1_500, 0.97 - seed[1] / 1_000)
    hair = _color(0.06, 0.35, 0.10 + seed[2] / 1_100)
    coat = _color(0.6 + seed[3] / 2_500, 0.45, 0.28 + seed[3] / 900)
    middle, width = big[0] // 2, 105 + seed[4] % 14
    if seed[5] % 2:  # long hair behind the head
        pen.rounded_rectangle((middle - width - 28, 190, middle + width + 28, 560), 110, fill=hair)
    pen.rounded_rectangle((middle - 235, 560, middle + 235, 980), 120, fill=coat)
    pen.polygon([(middle - 60, 560), (middle + 60, 560), (middle, 700)], fill=(248, 248, 250))
    pen.rounded_rectangle((middle - 46, 450, middle + 46, 600), 40, fill=_darker(skin))
    pen.ellipse((middle - width, 190, middle + width, 510), fill=skin)
    pen.pieslice((middle - width - 10, 160, middle + width + 10, 420 + seed[6] % 40), 180, 360, fill=hair)
    for side in (-1, 1):
        x = middle + side * 46
        pen.ellipse((x - 9, 340, x + 9, 360), fill=(35, 30, 30))
        pen.line((x - 22, 316 + seed[7] % 6, x + 22, 316 + seed[7] % 6), fill=hair, width=8)
        if seed[8] % 3 == 0:  # glasses
            pen.ellipse((x - 32, 322, x + 32, 380), outline=(50, 50, 60), width=5)
    pen.line((middle, 370, middle - 8, 404), fill=_darker(skin), width=6)
    pen.arc((middle - 34, 410, middle + 34, 452 + seed[9] % 10), 20, 160, fill=(150, 70, 70), width=7)
    out = io.BytesIO()
    image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS).save(out, "PNG")
    return out.getvalue()


def _color(hue: float, saturation: float, value: float) -> tuple[int, int, int]:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, saturation, min(value, 1))
    return int(red * 255), int(green * 255), int(blue * 255)


def _darker(color: tuple[int, int, int]) -> tuple[int, int, int]:
    red, green, blue = (int(part * 0.88) for part in color)
    return red, green, blue
