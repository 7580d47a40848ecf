"""Photos: whatever comes in, one plain form goes on."""

import contextlib
import io
import re
import struct
import tracemalloc
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from verifier.issuing.photos import (
    HEIGHT,
    LARGEST_BYTES,
    LARGEST_PIXELS,
    MOST_SCANS,
    WIDTH,
    PhotoError,
    prepare,
)
from verifier.issuing.samples.portraits import draw


def png(size: tuple[int, int] = (600, 800), **save: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(out, "PNG", **save)
    return out.getvalue()


def test_a_photo_becomes_a_jpeg_of_one_size_and_the_same_each_time() -> None:
    photo = prepare(draw("31000099001"))
    with Image.open(io.BytesIO(photo)) as image:
        assert (image.format, image.size, image.mode) == ("JPEG", (WIDTH, HEIGHT), "RGB")
    assert photo == prepare(draw("31000099001"))
    assert len(photo) < 40_000


def test_metadata_is_stripped() -> None:
    info = PngInfo()
    info.add_text("Comment", "where the photo was taken")
    exif = Image.Exif()
    exif[0x010E] = "whose camera it was"
    photo = prepare(png(pnginfo=info, exif=exif))
    assert b"taken" not in photo
    assert b"camera" not in photo
    with Image.open(io.BytesIO(photo)) as image:
        assert not image.getexif()


def test_a_photo_taken_sideways_is_put_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    upper = Image.new("RGB", (400, 560), (0, 0, 0))
    upper.paste((255, 255, 255), (0, 0, 400, 280))
    out = io.BytesIO()
    upper.rotate(90, expand=True).save(out, "PNG", exif=exif)
    with Image.open(io.BytesIO(prepare(out.getvalue()))) as image:
        assert image.convert("L").getpixel((WIDTH // 2, 20)) == 255
        assert image.convert("L").getpixel((WIDTH // 2, HEIGHT - 20)) == 0


@pytest.mark.parametrize(
    "upload",
    [b"", b"x", b"\xff\xd8\xff", png()[:200], b"GIF89a" + bytes(100), b"<svg xmlns='http://www.w3.org/2000/svg'/>",
     b"\x89PNG\r\n\x1a\n" + bytes(50), b"%PDF-1.7"],
)  # fmt: skip
def test_what_is_no_photo_is_refused(upload: bytes) -> None:
    with pytest.raises(PhotoError, match="no readable JPEG or PNG"):
        prepare(upload)


def test_a_picture_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(bomb, "PNG")
    assert len(bomb.getvalue()) < 200_000
    with pytest.raises(PhotoError):
        prepare(bomb.getvalue())


def test_a_file_over_the_bound_is_refused() -> None:
    with pytest.raises(PhotoError, match="larger than 8 MB"):
        prepare(bytes(LARGEST_BYTES + 1))


@pytest.mark.parametrize("tag", [0x0100, 0x0112, 0x011A, 0x8769])
@pytest.mark.parametrize("kind", [2, 3, 5, 99])
def test_hostile_metadata_is_no_matter(tag: int, kind: int) -> None:
    """A number written as text, a text as a ratio, a pointer to nowhere: in a real camera's place for it."""
    turned = struct.pack("<HHII", 0x0112, 3, 1, 6)
    odd = struct.pack("<HHII", tag, kind, 4, 0x7FFF_FFFF)
    exif = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 2) + turned + odd + struct.pack("<I", 0)
    out = io.BytesIO()
    Image.new("RGB", (600, 800)).save(out, "JPEG", exif=exif)
    try:
        photo = prepare(out.getvalue())
    except PhotoError:
        return
    assert photo.startswith(b"\xff\xd8")


def encoded(image: Image.Image, kind: str = "PNG", **save: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **save)
    return out.getvalue()


def jpeg(**save: Any) -> bytes:
    with Image.open(io.BytesIO(draw("31000099001"))) as portrait:
        return encoded(portrait, "JPEG", **save)


def middle(photo: bytes) -> tuple[int, ...]:
    with Image.open(io.BytesIO(photo)) as image:
        pixel = image.getpixel((WIDTH // 2, HEIGHT // 2))
    assert isinstance(pixel, tuple)
    return pixel


def segments(photo: bytes) -> list[int]:
    """Give the markers of a JPEG from its start to its end, which must be the end of the file."""
    assert photo[:2] == b"\xff\xd8"
    markers, at = [], 2
    while photo[at + 1] != 0xDA:
        assert photo[at] == 0xFF
        markers.append(photo[at + 1])
        at += 2 + int.from_bytes(photo[at + 2 : at + 4])
    (end,) = re.finditer(rb"\xff[^\x00]", photo[at + 2 :])
    assert end[0] == b"\xff\xd9"
    assert at + 2 + end.end() == len(photo)
    return [*markers, 0xDA]


PLAIN = {0xE0, 0xDB, 0xC0, 0xC4, 0xDA}
"""JFIF's head, quantisation, frame, Huffman tables, one scan: no APP1 to APP15, no COM."""
PAYLOAD = b"PK\x03\x04<script>alert('forged')</script>PK\x05\x06" + bytes(18)


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def with_chunk(kind: bytes, content: bytes) -> bytes:
    """Put a chunk behind the head of a PNG."""
    picture = draw("31000099001")
    return picture[:33] + chunk(kind, content) + picture[33:]


POLYGLOTS = {
    "JPEG and archive": lambda: jpeg() + PAYLOAD,
    "JPEG and comment": lambda: jpeg(comment=PAYLOAD),
    "JPEG and page in its EXIF": lambda: jpeg(exif=b"Exif\0\0" + PAYLOAD),
    "JPEG and profile": lambda: jpeg(icc_profile=PAYLOAD),
    "JPEG and XMP": lambda: jpeg(xmp=PAYLOAD),
    "JPEG and segment of an application": lambda: jpeg(extra=b"\xff\xeb\x00\x4a" + PAYLOAD.ljust(72)),
    "JPEG and second JPEG": lambda: jpeg() + jpeg(comment=PAYLOAD),
    "PNG and archive": lambda: draw("31000099001") + PAYLOAD,
    "PNG and text": lambda: with_chunk(b"tEXt", b"Comment\0" + PAYLOAD),
    "PNG and packed text": lambda: with_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(PAYLOAD, 0)),
    "PNG and international text": lambda: with_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + PAYLOAD),
    "PNG and profile": lambda: with_chunk(b"iCCP", b"icc\0\0" + zlib.compress(PAYLOAD, 0)),
    "PNG and private chunk": lambda: with_chunk(b"prVt", PAYLOAD),
}


@pytest.mark.parametrize("polyglot", POLYGLOTS.values(), ids=POLYGLOTS.keys())
def test_nothing_of_a_polyglot_goes_on_but_its_pixels(polyglot: Callable[[], bytes]) -> None:
    upload = polyglot()
    assert b"<script>" in upload
    photo = prepare(upload)
    assert set(segments(photo)) == PLAIN
    assert b"script" not in photo
    assert b"PK\x03\x04" not in photo
    assert photo == prepare(jpeg() if upload.startswith(b"\xff\xd8") else draw("31000099001"))


@pytest.mark.parametrize(
    ("size", "taken"), [((100, 140), True), ((99, 140), False), ((100, 139), False), ((1, 1), False)]
)
def test_a_photo_too_small_to_compare_is_refused(size: tuple[int, int], *, taken: bool) -> None:
    if taken:
        assert set(segments(prepare(png(size)))) == PLAIN
        return
    with pytest.raises(PhotoError, match="smaller than 100 x 140 pixels"):
        prepare(png(size))


def test_the_size_is_that_of_the_upright_photo() -> None:
    exif = Image.Exif()
    exif[0x0112] = 8
    prepare(png((140, 100), exif=exif))
    with pytest.raises(PhotoError, match="smaller than"):
        prepare(png((100, 140), exif=exif))


@pytest.mark.parametrize("size", [(901, 300), (300, 901), (30_000, 1), (1, 30_000)])
def test_a_photo_that_is_a_strip_is_refused(size: tuple[int, int]) -> None:
    prepare(png((900, 300)))
    with pytest.raises(PhotoError, match="more than 3 times"):
        prepare(png(size))


def test_one_pixel_row_over_the_bound_is_refused() -> None:
    side = 6_324
    assert side * side <= LARGEST_PIXELS < side * (side + 2)
    prepare(encoded(Image.new("1", (side, side))))
    with pytest.raises(PhotoError, match="more than 40 million pixels"):
        prepare(encoded(Image.new("1", (side, side + 2))))


def test_a_jpeg_of_endless_scans_is_refused_before_it_is_unpacked() -> None:
    """A few bytes each, over 40 million pixels each: minutes of decoding in a small file."""
    plain = encoded(Image.new("RGB", (6_300, 6_300)), "JPEG", progressive=True, quality=10)
    scan = plain[plain.rindex(b"\xff\xda") : -2]
    assert len(scan) < 1_000
    already = plain.count(b"\xff\xda")
    prepare(plain[:-2] + scan * (MOST_SCANS - already) + b"\xff\xd9")
    with pytest.raises(PhotoError, match="more than 50 scans"):
        prepare(plain[:-2] + scan * (MOST_SCANS - already + 1) + b"\xff\xd9")


@pytest.mark.parametrize("kind", [b"tEXt", b"zTXt", b"iTXt", b"iCCP"])
def test_a_bomb_in_a_chunk_is_not_unpacked(kind: bytes) -> None:
    packed = zlib.compress(bytes(100_000_000))
    heads = {b"zTXt": b"a\0\0", b"iTXt": b"a\0\1\0\0\0", b"iCCP": b"a\0\0", b"tEXt": b"a\0"}
    upload = with_chunk(kind, heads[kind] + packed)
    tracemalloc.start()
    with contextlib.suppress(PhotoError):
        prepare(upload)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000_000


def test_an_animated_photo_is_refused() -> None:
    frames = [Image.new("RGB", (200, 280), colour) for colour in ("red", "blue")]
    with pytest.raises(PhotoError, match="animated"):
        prepare(encoded(frames[0], save_all=True, append_images=frames[1:]))


def test_of_a_camera_s_file_of_several_pictures_the_first_is_taken() -> None:
    frames = [Image.new("RGB", (200, 280), colour) for colour in ("red", "blue")]
    photo = prepare(encoded(frames[0], "MPO", save_all=True, append_images=frames[1:]))
    assert middle(photo) == (254, 0, 0)
    assert set(segments(photo)) == PLAIN


def palette(**save: Any) -> bytes:
    image = Image.new("P", (200, 280), 1)
    image.putpalette([0, 0, 0, 200, 10, 10])
    return encoded(image, **save)


SHADES = {
    "CMYK": (encoded(Image.new("RGB", (200, 280), (200, 40, 40)).convert("CMYK"), "JPEG"), (200, 40, 40)),
    "grey JPEG": (encoded(Image.new("L", (200, 280), 90), "JPEG"), (90, 90, 90)),
    "16 bits of grey": (encoded(Image.new("I;16", (200, 280), 100 * 257)), (100, 100, 100)),
    "16 bits, white": (encoded(Image.new("I;16", (200, 280), 65_535)), (255, 255, 255)),
    "one bit": (encoded(Image.new("1", (200, 280), 1)), (255, 255, 255)),
    "palette": (palette(), (200, 10, 10)),
    "transparent palette": (palette(transparency=1), (255, 255, 255)),
    "transparent": (encoded(Image.new("RGBA", (200, 280), (255, 0, 0, 0))), (255, 255, 255)),
    "half transparent": (encoded(Image.new("RGBA", (200, 280), (0, 0, 0, 127))), (128, 128, 128)),
    "grey and alpha": (encoded(Image.new("LA", (200, 280), (90, 255))), (90, 90, 90)),
    "one transparent colour": (
        encoded(Image.new("RGB", (200, 280), (10, 20, 30)), transparency=(10, 20, 30)),
        (255, 255, 255),
    ),
}


@pytest.mark.parametrize(("upload", "shade"), SHADES.values(), ids=SHADES.keys())
def test_every_kind_of_colour_is_shown_as_it_looks_on_white(upload: bytes, shade: tuple[int, ...]) -> None:
    photo = prepare(upload)
    assert all(abs(is_ - must) <= 3 for is_, must in zip(middle(photo), shade, strict=True))
    assert set(segments(photo)) == PLAIN


REAL = [jpeg(), jpeg(progressive=True, comment=b"taken"), draw("31000099001"), palette(transparency=1),
        with_chunk(b"zTXt", b"a\0\0" + zlib.compress(b"taken"))]  # fmt: skip


def prepared_or_refused(upload: bytes) -> None:
    """Prepare it, or refuse it with our own error: never anything else, never anything more than pixels."""
    try:
        photo = prepare(upload)
    except PhotoError:
        return
    assert set(segments(photo)) == PLAIN


@given(
    st.sampled_from([b"", b"\xff\xd8", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n"]), st.binary(max_size=400)
)
def test_arbitrary_bytes_raise_only_our_error(head: bytes, upload: bytes) -> None:
    prepared_or_refused(head + upload)


@given(st.sampled_from(REAL), st.data())
def test_damaged_photos_raise_only_our_error(real: bytes, data: st.DataObject) -> None:
    damaged = bytearray(real)
    for _ in range(data.draw(st.integers(1, 6))):
        # Most decisions fall in the first bytes.
        at = data.draw(st.integers(0, 700) | st.integers(0, len(real) - 1))
        part = data.draw(st.binary(max_size=8))
        damaged[at : at + data.draw(st.integers(0, 8))] = part
    prepared_or_refused(bytes(damaged))


@given(st.sampled_from(REAL), st.floats(0, 1))
def test_truncated_photos_raise_only_our_error(real: bytes, part: float) -> None:
    prepared_or_refused(real[: int(len(real) * part)])


@given(
    st.sampled_from([b"IHDR", b"PLTE", b"tRNS", b"eXIf", b"iCCP", b"zTXt", b"iTXt", b"acTL", b"fcTL", b"fdAT",
                     b"cHRM", b"gAMA", b"pHYs", b"sRGB", b"IDAT", b"IEND"]),
    st.binary(max_size=60),
)  # fmt: skip
def test_chunks_of_any_content_raise_only_our_error(kind: bytes, content: bytes) -> None:
    """With a right checksum, unlike damage, so that the decoder looks at them."""
    prepared_or_refused(with_chunk(kind, content))


@given(st.integers(0xC0, 0xFE), st.binary(max_size=60))
def test_segments_of_any_content_raise_only_our_error(marker: int, content: bytes) -> None:
    plain = jpeg()
    segment = bytes((0xFF, marker)) + struct.pack(">H", len(content) + 2) + content
    prepared_or_refused(plain[:2] + segment + plain[2:])


def test_a_palette_that_is_not_there_is_refused() -> None:
    """Found by damaging pictures at random: the decoder asserts that there is one."""
    head = struct.pack(">IIBBBBB", 200, 280, 8, 3, 0, 0, 0)
    pixels = zlib.compress((b"\0" + bytes(200)) * 280)
    parts = ((b"IHDR", head), (b"IDAT", pixels), (b"IEND", b""))
    with pytest.raises(PhotoError, match="no readable JPEG or PNG"):
        prepare(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts))


def test_half_a_photo_is_refused() -> None:
    for real in REAL:
        with pytest.raises(PhotoError, match="no readable JPEG or PNG"):
            prepare(real[: len(real) // 2])
