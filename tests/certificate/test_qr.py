"""The symbol: read by two decoders, no larger than it need be, refused where it would be too fine."""

import io
import xml.etree.ElementTree as ET
from itertools import accumulate
from operator import xor

import pytest
import segno
import zxingcpp
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image
from pyzbar import pyzbar
from segno import consts

from tests.builders import BASE_URL, certificate, restricted, signed
from tests.certificate.strategies import certificates
from verifier.certificate import claims, code, cose, qr
from verifier.certificate.bounds import BOUNDS
from verifier.certificate.model import Certificate

SAMPLES = {
    "typical": certificate(holder="马晓东", agency="新疆维吾尔自治区应急管理厅执法局"),
    "restricted": restricted(),
    "long": certificate(agency="新疆维吾尔自治区应急管理厅执法局"),
}


def pixels(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("L")


def zxing_reads(image: Image.Image) -> list[str]:
    return [found.text for found in zxingcpp.read_barcodes(image)]


def zbar_reads(image: Image.Image) -> list[str]:
    return [found.data.decode() for found in pyzbar.decode(image, symbols=[pyzbar.ZBarSymbol.QRCODE])]


@pytest.mark.parametrize("of", SAMPLES.values(), ids=SAMPLES)
@pytest.mark.parametrize("level", ["L", "M", "Q", "H"])
def test_two_decoders_read_exactly_the_text(of: Certificate, level: qr.Level) -> None:
    encoded = signed(of)
    image = pixels(qr.png(qr.symbol(encoded, BASE_URL, level=level), scale=4))
    text = code.to_text(encoded, BASE_URL)
    assert zxing_reads(image) == [text]
    assert zbar_reads(image) == [text]


def test_a_typical_code_fits_version_11_and_a_long_one_12() -> None:
    assert int(qr.symbol(signed(SAMPLES["typical"]), BASE_URL).version) <= 11
    assert int(qr.symbol(signed(SAMPLES["long"]), BASE_URL).version) <= 12


@pytest.mark.parametrize("of", SAMPLES.values(), ids=SAMPLES)
def test_the_address_is_alphanumeric_and_the_digits_are_numeric(of: Certificate) -> None:
    """As small as those two segments come out, and smaller than any one mode."""
    encoded = signed(of)
    symbol, text = qr.symbol(encoded, BASE_URL), code.to_text(encoded, BASE_URL)
    segments = [
        (f"{BASE_URL.upper()}/", consts.MODE_ALPHANUMERIC),
        (code.to_digits(encoded), consts.MODE_NUMERIC),
    ]
    expected = segno.make(segments, error="M", micro=False, boost_error=False)  # type: ignore[arg-type]  # takes segments
    assert symbol.matrix == expected.matrix
    assert (symbol.error, symbol.mode) == ("M", None)
    assert int(symbol.version) < int(segno.make(text, error="M", micro=False, boost_error=False).version)


def test_there_is_a_quiet_zone_of_four_modules_in_every_drawing() -> None:
    symbol = qr.symbol(signed(certificate()), BASE_URL)
    side = symbol.symbol_size(border=4)[0]
    image = pixels(qr.png(symbol, scale=3))
    assert image.size == (3 * side, 3 * side)
    assert set(image.crop((0, 0, 3 * side, 12)).tobytes()) == {255}
    svg = ET.fromstring(qr.svg(symbol))
    assert svg.get("width") == str(4 * side)
    assert len(qr.terminal(symbol).splitlines()) == (side + 1) // 2


def printable(encoded: bytes, base_url: str) -> bool:
    try:
        qr.require_printable(encoded, certificate(), base_url)
    except qr.TooLargeError:
        return False
    return True


HOSTS = st.integers(4, 60).map(lambda size: "https://" + "v" * size)


@settings(max_examples=50, deadline=None)
@given(st.binary(min_size=300, max_size=360), HOSTS)
@example(b"\xff" * 341, BASE_URL)
@example(b"\xff" * 342, BASE_URL)
def test_printable_is_what_is_drawn_within_version_14(rest: bytes, base_url: str) -> None:
    encoded = b"\xd2" + rest
    assert printable(encoded, base_url) is (int(qr.symbol(encoded, base_url).version) <= BOUNDS.qr_version)


@pytest.mark.parametrize("size", range(4, 60, 5))
def test_printable_ends_exactly_where_version_14_ends(size: int) -> None:
    base_url = "https://" + "v" * size
    codes = [b"\xd2".ljust(count, b"\xff") for count in range(280, 380)]
    flags = [printable(encoded, base_url) for encoded in codes]
    last = flags.index(False) - 1
    assert flags == sorted(flags, reverse=True)
    assert int(qr.symbol(codes[last], base_url).version) == BOUNDS.qr_version
    assert int(qr.symbol(codes[last + 1], base_url).version) == BOUNDS.qr_version + 1


@given(certificates(), st.sampled_from([BASE_URL, "https://" + "v" * 200]))
def test_what_is_surely_printable_is(of: Certificate, base_url: str) -> None:
    payload = claims.encode(of)
    code_bytes = signed(of)
    most = claims.most_bytes(of) + cose.MOST_FRAME_BYTES
    assert len(payload) <= claims.most_bytes(of)
    assert len(code_bytes) <= most
    if qr.is_surely_printable(most, base_url):
        qr.require_printable(code_bytes, of, base_url)


@given(st.integers(1, BOUNDS.code_bytes), st.sampled_from([BASE_URL, "https://v"]))
def test_surely_printable_holds_for_the_greatest_code_of_a_size(size: int, base_url: str) -> None:
    if qr.is_surely_printable(size, base_url):
        qr.require_printable(b"\xff" * size, certificate(), base_url)


def test_a_typical_certificate_is_surely_printable() -> None:
    assert qr.is_surely_printable(claims.most_bytes(certificate()) + cose.MOST_FRAME_BYTES, BASE_URL)


def test_more_bytes_than_any_code_are_not_printable() -> None:
    assert not printable(b"\xd2".ljust(BOUNDS.code_bytes + 1, b"\xff"), "http://v")


@pytest.mark.parametrize(
    ("facts", "field", "characters"),
    [
        ({"agency": "局" * 100}, "agency", 100),
        ({"holder": "王" * 90}, "holder", 90),
        ({"area": "疆" * 110}, "area", 110),
        ({"categories": ("类" * 30,) * 3}, "category", 90),
        ({"agency": "a" * 100, "area": "疆" * 80}, "area", 80),
    ],
)
def test_the_refusal_names_the_field_that_takes_most_room(
    facts: dict[str, object], field: str, characters: int
) -> None:
    of = certificate(**facts)
    with pytest.raises(qr.TooLargeError, match=rf"longest field is {field} \({characters} characters\)"):
        qr.require_printable(signed(of), of, BASE_URL)


def test_what_no_symbol_holds_is_refused() -> None:
    with pytest.raises(qr.TooLargeError, match="no QR symbol"):
        qr.symbol(b"\xd2" * 1_500, BASE_URL, level="H")


@settings(max_examples=25)
@given(st.binary(max_size=300))
def test_outlines_enclose_just_the_black_modules(rest: bytes) -> None:
    symbol = qr.symbol(b"\xd2" + rest, BASE_URL)
    size = len(symbol.matrix)
    crossed = [[0] * (size + 1) for _ in range(size)]
    for loop in qr.outlines(symbol):
        for start, end in zip(loop, (*loop[1:], loop[0]), strict=True):
            assert (start[0] == end[0]) is not (start[1] == end[1])  # along one axis, and some way
            if start[0] == end[0]:
                for y in range(min(start[1], end[1]), max(start[1], end[1])):
                    crossed[y][start[0]] ^= 1
    filled = [list(accumulate(row, xor))[:-1] for row in crossed]
    assert filled == [list(row) for row in symbol.matrix]


def test_a_path_closes_every_loop() -> None:
    symbol = qr.symbol(signed(certificate()), BASE_URL)
    path = qr.path(symbol)
    assert path.count("M") == path.count("z") == len(qr.outlines(symbol))
