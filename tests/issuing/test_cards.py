"""Cards: of the size of an ID-1 card, read by a scanner as printed, stating what was signed and no more."""

import io
import struct
import sys
import xml.etree.ElementTree as ET
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw, ImageFont

from tests.builders import BASE_URL
from tests.issuing.printing import (
    PHOTO,
    Page,
    card,
    decoded,
    dots,
    largest_card,
    pages,
    restricted_card,
)
from verifier.certificate import code, qr
from verifier.certificate.bounds import BOUNDS
from verifier.certificate.model import Kind, Powers
from verifier.issuing import cards, fonts
from verifier.issuing.cards import Card, CardError

SYMBOLS = {
    "restricted": restricted_card(),
    "typical": card(),
    "largest": largest_card(),
}
LETTERS = "Abcdefghijklmnopqrst" * 6
"""120 characters without a place to break."""
LONG = {
    "holder of one word": card(holder=LETTERS, area="疆"),
    "holder of many words": card(holder="Abd al Rahman " * 8 + "ibn Said"),
    "holder in Arabic letters without a space": card(holder="ئايگۈل" * 12, agency="局"),
    "agency of one word": card(agency=LETTERS),
    "agency of Han": card(agency="局" * 45),
    "category of one word": card(categories=(LETTERS,), agency="局", powers=Powers.ENTRUSTED),
    "eight categories": card(categories=("应急",) * 8, powers=Powers.TOWNSHIP),
    "area of one word": card(area=LETTERS, agency="局"),
    "issuer of Han": card(issuer="厅" * 120, powers=Powers.ENTRUSTED),
    "all rows of the back": card(
        agency="局",
        holder="某",
        categories=("应急管理类" * 6,),
        area="区" * 30,
        powers=Powers.ENTRUSTED,
        issuer="厅" * 120,
    ),
    "number": card(number="A1" * 16),
    "address": card(base_url="https://" + "v" * 60 + ".gov.cn"),
}


def sides(of: Card) -> tuple[Page, Page]:
    front, back = pages(cards.pdf([of]))
    return front, back


def near(found: tuple[float, float], wanted: tuple[float, float], *, within: float) -> bool:
    return all(abs(one - other) <= within for one, other in zip(found, wanted, strict=True))


def text_of(of: Card) -> str:
    return code.to_text(of.code, of.base_url)


@pytest.mark.parametrize("of", SYMBOLS.values(), ids=SYMBOLS)
def test_both_sides_are_of_the_size_of_a_card(of: Card) -> None:
    for side in sides(of):
        assert near(side.size, (85.6, 54), within=0.01)


@pytest.mark.parametrize("of", SYMBOLS.values(), ids=SYMBOLS)
def test_the_printed_symbol_is_28_mm_at_most_and_its_modules_are_4_dots_at_least(of: Card) -> None:
    drawing = qr.symbol(of.code, of.base_url)
    modules = len(drawing.matrix)
    left, top = dots(85.6 - 2.4 - 28), dots(11.2)
    place = sides(of)[0].picture.crop((left, top, left + dots(28) + 1, top + dots(30.5)))
    bits = place.point(lambda grey: 255 if grey < 128 else 0)
    box = bits.getbbox()
    assert box is not None
    printed = (box[2] - box[0], box[3] - box[1])
    module = printed[0] / modules
    assert near(printed, (module * modules, module * modules), within=1)
    assert module == pytest.approx(round(module), abs=1 / modules)  # whole dots
    assert round(module) / 300 * 25.4 >= 0.3386
    assert module * (modules + 8) <= dots(28)
    quiet = round(4 * module)
    around = (box[0] - quiet, box[1] - quiet, box[2] + quiet, box[3] + quiet)
    assert around[0] >= 0
    assert around[2] <= place.width
    zone = place.crop(around)
    edge = quiet - 1  # the renderer stretches a page to whole dots
    zone.paste(255, (edge, edge, zone.width - edge, zone.height - edge))
    assert zone.getextrema() == (255, 255)
    for y, row in enumerate(drawing.matrix):
        middle = box[1] + int((y + 0.5) * module)
        read = [bits.getpixel((box[0] + int((x + 0.5) * module), middle)) for x in range(modules)]
        assert read == [255 if dark else 0 for dark in row]


def test_the_largest_symbol_is_of_the_largest_version() -> None:
    assert int(qr.symbol(SYMBOLS["largest"].code, BASE_URL).version) == BOUNDS.qr_version


def test_a_symbol_finer_than_four_dots_is_refused() -> None:
    assert cards.module_dots(82) == 4  # one over the largest that may be issued, and still within 28 mm
    with pytest.raises(CardError, match="too fine"):
        cards.module_dots(83)


@pytest.mark.parametrize("of", [*SYMBOLS.values(), *LONG.values()], ids=[*SYMBOLS, *LONG])
def test_a_card_printed_at_300_dpi_is_read(of: Card) -> None:
    assert decoded(sides(of)[0].picture) == [text_of(of)]


@pytest.mark.parametrize("dpi", [300, 600])
def test_the_pictures_are_read_too(dpi: int) -> None:
    made = cards.png(SYMBOLS["largest"], dpi)
    front, back = (Image.open(io.BytesIO(side)).convert("L") for side in (made.front, made.back))
    assert front.size == back.size
    assert near(front.size, (85.6 / 25.4 * dpi, 54 / 25.4 * dpi), within=1)
    assert decoded(front) == [text_of(SYMBOLS["largest"])]
    assert decoded(back) == []


def test_the_drawings_are_of_the_size_of_a_card_and_need_no_font() -> None:
    made = cards.svg(card())
    for side in (made.front, made.back):
        drawing = ET.fromstring(side)
        width, height = (float(str(drawing.get(name)).removesuffix("pt")) for name in ("width", "height"))
        assert near((width / 72 * 25.4, height / 72 * 25.4), (85.6, 54), within=0.01)
        assert b"<text" not in side


@pytest.mark.parametrize(
    "of", [card(), card(holder="ئايگۈل مەمەت"), card(holder="欧阳𬱖娜")], ids=["Han", "Arabic", "rare Han"]
)
def test_every_font_is_embedded(of: Card) -> None:
    used = {font for side in sides(of) for font in side.fonts}
    assert used
    assert {embedded for _, embedded in used} == {True}


@pytest.mark.parametrize("holder", ["阿依古丽·买买提", "欧阳𬱖娜", "𰻞某", "O'Neil — Jr."])
def test_a_name_comes_out_as_it_is_written(holder: str) -> None:
    front, _ = sides(card(holder=holder))
    assert "".join(holder.split()) in front.text


def ink(picture: Image.Image) -> Image.Image:
    box = picture.point(lambda grey: 255 if grey < 128 else 0).getbbox()
    assert box is not None
    return picture.crop(box)


def drawn(name: str, **shaping: Any) -> Image.Image:
    """Draw a name by another shaper."""
    font = ImageFont.truetype(str(fonts.PATHS[-1]), 200, layout_engine=ImageFont.Layout.RAQM)
    canvas = Image.new("L", (3_000, 600), 255)
    ImageDraw.Draw(canvas).text((100, 100), name, font=font, fill=0, direction="rtl", **shaping)
    return ink(canvas)


def difference(one: Image.Image, other: Image.Image) -> float:
    """Give the mean difference of two pictures, 0 to 1, whatever their sizes."""
    pixels = ImageChops.difference(one, other.resize(one.size)).tobytes()
    return sum(pixels) / len(pixels) / 255


def test_a_name_in_arabic_letters_runs_from_the_right_and_its_letters_join() -> None:
    name = "ئايگۈل"
    front, _ = sides(card(holder=name))
    assert set(name) <= set(front.text)
    printed = ink(front.picture.crop((dots(25), dots(16.8), dots(54.8), dots(26))))
    assert difference(printed, drawn(name)) < 0.15
    assert difference(printed, drawn(name[::-1])) > 0.2
    assert difference(printed, drawn(name, features=["-init", "-medi", "-fina"])) > 0.2


def test_a_name_runs_as_its_first_letter_does() -> None:
    """Unicode bidirectional algorithm (UAX 9), P2."""
    for name, runs_left in (("ئايگۈل ABC", True), ("ABC ئايگۈل", False), ("(ئايگۈل)", True), ("王", False)):
        fact = cards._fact(name)
        assert fact is not None
        assert fact["rtl"] is runs_left


def test_what_the_packaged_fonts_lack_is_set_in_a_font_of_the_system() -> None:
    """The tests' own Noto Sans CJK has it (tests/system_packages.sh)."""
    front, _ = sides(card(holder="𠮷某"))
    assert "𠮷某" in front.text
    assert len(front.fonts) == len(sides(card())[0].fonts) + 1
    assert {embedded for _, embedded in front.fonts} == {True}


@pytest.mark.parametrize("field", ["holder", "agency", "area", "categories"])
def test_a_character_that_no_font_has_is_refused_by_its_code_point(field: str) -> None:
    text = "某\U0003fffc"
    facts: dict[str, Any] = {field: (text,) if field == "categories" else text}
    with pytest.raises(fonts.MissingGlyphError, match=r"U\+3FFFC") as refused:
        cards.pdf([card(), card(**facts)])
    assert "某" not in str(refused.value)
    with pytest.raises(fonts.MissingGlyphError):
        cards.pdf([card(issuer=text)])


MARKUP = "#panic() $a$ *b* _c_ <d> [e] `f` \\u{41} // @g"


@pytest.mark.parametrize("field", ["holder", "agency", "area", "categories"])
def test_markup_in_a_fact_is_printed_as_it_stands(field: str) -> None:
    facts: dict[str, Any] = {field: (MARKUP,) if field == "categories" else MARKUP}
    printed = "".join(side.text for side in sides(card(**facts)))
    assert "".join(MARKUP.split()) in printed


def test_markup_in_the_issuers_name_is_printed_as_it_stands() -> None:
    assert "".join(MARKUP.split()) in sides(card(issuer=MARKUP))[1].text


@pytest.mark.parametrize("of", LONG.values(), ids=LONG)
def test_a_long_text_stays_in_its_place(of: Card) -> None:
    front, back = sides(of)
    white = {
        "left of the photo": (front, (0, 12, 3.8, 53.9)),
        "between the column and the symbol": (front, (54.8, 12, 55.1, 53.9)),
        "below the number": (front, (0, 52.4, 85.5, 53.9)),
        "between the agency and the number": (front, (24, 41, 54, 42.2)),
        "left of the facts": (back, (0, 4, 3.8, 53.9)),
        "right of the facts": (back, (82, 4, 85.5, 53.9)),
        "between the facts and how to verify": (back, (0, 34.8, 85.5, 35.4)),
        "the lower edge": (back, (0, 51.5, 85.5, 53.9)),
    }
    for where, (side, box) in white.items():
        left, top, right, bottom = map(dots, box)
        assert side.picture.crop((left, top, right, bottom)).getextrema() == (255, 255), where


@pytest.mark.parametrize("of", LONG.values(), ids=LONG)
def test_a_long_text_is_printed_whole(of: Card) -> None:
    printed = "".join(side.text for side in sides(of))
    for text in of.texts:
        if "ئ" not in text:  # how a PDF orders Arabic letters is another matter
            assert "".join(text.split()) in printed
        assert set(text) - {" "} <= set(printed)


def test_front_and_back_state_what_they_should() -> None:
    front, back = sides(card(categories=("应急管理", "消防监督管理")))
    for fact in ("行政执法证", "阿依古丽·买买提", "新疆维吾尔自治区应急管理厅", "31000036001"):
        assert fact in front.text
    assert front.images == 1
    for fact in ("应急管理、消防监督管理", "全疆", "新疆维吾尔自治区司法厅", "发证机关", BASE_URL):
        assert fact in back.text


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"kind": Kind.SUPERVISION}, "行政执法监督证"),
        ({"kind": Kind.MINISTRY}, "国务院部门制发证件"),
        ({"kind": Kind.MINISTRY}, "备案机关"),
        ({"powers": Powers.TOWNSHIP}, "按简易程序作出行政处罚"),
        ({"powers": Powers.ENTRUSTED}, "只能在委托范围内执法"),
        ({"jpeg": None}, "未登记照片"),
    ],
)
def test_what_is_special_is_said(facts: dict[str, Any], says: str) -> None:
    assert says in "".join(side.text for side in sides(card(**facts)))


def test_a_restricted_card_shows_neither_person_nor_post() -> None:
    """IM-2023 Art 9; rules.md."""
    front, back = sides(restricted_card())
    assert front.images == back.images == 0
    for label in ("姓名", "执法机关", "执法类别", "执法区域", "照片", "执法权限"):
        assert label not in front.text + back.text
    assert "31000036001" in front.text
    assert "新疆维吾尔自治区司法厅" in back.text


def test_a_photo_other_than_the_one_signed_is_refused() -> None:
    good = card()
    for photo in (None, PHOTO + b"\0"):
        with pytest.raises(CardError, match="not the one"):
            Card(certificate=good.certificate, code=good.code, base_url=BASE_URL, issuer="某", photo=photo)
    hidden = restricted_card()
    with pytest.raises(CardError, match="not the one"):
        Card(certificate=hidden.certificate, code=hidden.code, base_url=BASE_URL, issuer="某", photo=PHOTO)


def test_many_cards_are_one_document_and_progress_is_told() -> None:
    done: list[int] = []
    made = cards.pdf([card(number=f"3100003600{at}") for at in range(5)], done.append)
    assert [f"3100003600{at // 2}" in page.text for at, page in enumerate(pages(made))] == [True] * 10
    assert sum(done) == 5


def test_the_same_cards_give_the_same_document() -> None:
    assert cards.pdf([card()]) == cards.pdf([card()])


def test_a_document_of_no_cards_or_of_one_too_many_is_refused() -> None:
    one = card()
    for count in (0, cards.MOST_CARDS + 1):
        with pytest.raises(CardError, match=f"1 to 1000 cards, not {count}"):
            cards.pdf([one] * count)


@settings(max_examples=60)
@given(st.data())
def test_a_broken_font_is_refused_and_nothing_worse(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    broken = bytearray(fonts.PATHS[-1].read_bytes())
    at = broken.index(b"cmap", 12)
    offset, length = struct.unpack_from(">II", broken, at + 8)
    places = st.one_of(st.integers(0, 400), st.integers(offset, offset + length - 1))
    for _ in range(data.draw(st.integers(1, 8))):
        broken[data.draw(places)] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "broken.ttf"
    path.write_bytes(broken[: data.draw(st.sampled_from([offset // 2, offset + length // 2, len(broken)]))])
    with suppress(struct.error):
        assert all(0 <= each <= sys.maxunicode for each in fonts.characters(path))


def test_ranges_without_end_are_refused() -> None:
    table = struct.pack(">HHHHI", 0, 1, 3, 10, 12) + struct.pack(
        ">HHIIIIII", 12, 0, 28, 0, 1, 0, 0xFFFFFFFF, 1
    )
    with pytest.raises(struct.error, match="out of order"):
        list(fonts.mapped(table))
