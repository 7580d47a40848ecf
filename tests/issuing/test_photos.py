"""Photos: whatever comes in, one plain form goes on."""

import io
import struct

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from verifier.issuing.photos import HEIGHT, LARGEST_BYTES, WIDTH, PhotoError, prepare
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
