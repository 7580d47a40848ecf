"""The whole way: the picture that the command draws, two decoders, the URL, the answer and the page."""

import hashlib
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
import zxingcpp
from PIL import Image
from pyzbar.pyzbar import ZBarSymbol
from pyzbar.pyzbar import decode as zbar_decode

from tests.running import LIANGZHENG, Server, environment, free_port, succeed
from verifier.certificate.code import to_digits

SHOWN = "31000099001"


class Case(NamedTuple):
    """What the demo shows, and what a scan of it must say."""

    shows: str
    number: str | None
    verdict: str
    reason: str
    word: str
    holder: str | None


CASES = [
    Case("valid", SHOWN, "valid", "valid", "有效", "郝友轮"),
    Case("valid, Inner Mongolia", "05505230001", "valid", "valid", "有效", "那日苏"),
    Case("suspended", "31000099101", "suspended", "suspended", "暂扣", "赵清和"),
    Case("suspension-ended", "31000099102", "valid", "valid", "有效", "阿依古丽·买买提"),
    Case("reinstated", "31000099103", "valid", "valid", "有效", "钱志远"),
    Case("withdrawn", "05505239901", "revoked", "withdrawn", "撤销", "郑海涛"),
    Case("cancelled", "31000099104", "revoked", "cancelled", "注销", "孙文博"),
    Case("lost", "31000099105", "revoked", "lost", "遗失", "李春生"),
    Case("expired", "31000099106", "expired", "expired", "已过期", "周建国"),
    Case("not-yet-valid", "31000099107", "not_yet_valid", "not_yet_valid", "尚未生效", "吴晓梅"),
    Case("restricted", "31000099108", "valid", "valid", "有效", None),
    Case("forged", None, "forged", "bad_signature", "伪造", None),
    Case("unregistered", None, "forged", "not_registered", "伪造", None),
    Case("differs", None, "forged", "differs_from_register", "伪造", None),
]


class Place(NamedTuple):
    """A demo that is served under the address that its codes carry."""

    data_dir: Path
    server: Server


@pytest.fixture(scope="module")
def place(demo_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    data_dir, port = tmp_path_factory.mktemp("whole") / "data", free_port()
    shutil.copytree(demo_dir, data_dir)
    succeed(data_dir, "demo", "--no-serve", "--port", str(port))
    command = [str(LIANGZHENG), "serve", "scan", "--port", str(port)]
    with Server(command, environment(data_dir), port) as server:
        yield Place(data_dir, server)


def scanned(picture: Path) -> str:
    """Read a picture with two decoders that share no code."""
    with Image.open(picture) as image:
        first = [found.text for found in zxingcpp.read_barcodes(image)]
        second = [found.data.decode() for found in zbar_decode(image, symbols=[ZBarSymbol.QRCODE])]
    assert first == second
    (text,) = first
    return text


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.shows)
def test_what_a_camera_reads_is_answered_rightly(place: Place, tmp_path: Path, case: Case) -> None:
    picture = place.data_dir / "demo" / f"{case.shows}.png"
    if case.number:
        picture = tmp_path / "code.png"
        succeed(place.data_dir, "code", case.number, "--png", str(picture))
    url = urlsplit(scanned(picture))
    assert (url.scheme, url.netloc) == ("http", f"127.0.0.1:{place.server.port}")

    answer = place.server.get(url.path)
    assert answer.status == 200
    assert (answer.json["verdict"], answer.json["reason"]) == (case.verdict, case.reason)
    certificate = answer.json["certificate"]
    assert (certificate is None) == (case.verdict == "forged")
    if certificate:
        assert (certificate["number"], certificate["holder"]) == (case.number, case.holder)

    page = place.server.get(url.path, accept="text/html")
    text = page.body.decode()
    assert page.status == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert len(page.body) < 30_000
    assert case.word in text
    if case.holder:
        assert case.holder in text
    if case.verdict == "forged":
        assert "冒名者" not in text
        assert "郝友轮" not in text


@pytest.mark.parametrize(
    "path",
    [
        "/123",
        "/hello",
        "/wxp://f2f0",
        "/%E4%BD%A0%E5%A5%BD",
        "/BEGIN:VCARD%0AN:x",
        "/1/2",
        "/../etc/passwd",
        "/",
    ],
)
def test_a_code_that_is_not_ours_is_answered_plainly(place: Place, path: str) -> None:
    answer = place.server.get(path)
    assert (answer.status, answer.json["verdict"]) == (404, "not_a_certificate")
    page = place.server.get(path, accept="text/html,application/xhtml+xml")
    assert page.status == 404
    assert "不是行政执法证件" in "".join(page.body.decode().split())


def test_all_certificates_of_both_rosters_are_valid(place: Place) -> None:
    numbers = [f"055052300{row:02}" for row in range(1, 41)] + [f"310000990{row:02}" for row in range(1, 16)]
    with sqlite3.connect(place.data_dir / "register.sqlite") as connection:
        query = "SELECT number, signed FROM code JOIN certificate ON certificate.id = code.certificate"
        codes: dict[str, bytes] = dict(connection.execute(query).fetchall())
    connection.close()
    digits = [to_digits(codes[number]) for number in numbers]
    for at in range(0, len(digits), 10):
        reply = place.server.post("/check", {"codes": digits[at : at + 10]}).json
        assert reply["together"]["all_valid"] is True
        shown = [answer["certificate"]["number"] for answer in reply["answers"]]
        assert shown == numbers[at : at + 10]


def test_the_photo_on_the_page_is_the_one_whose_hash_is_in_the_code(place: Place) -> None:
    path = urlsplit(succeed(place.data_dir, "code", SHOWN, "--text").strip()).path
    shown = place.server.get(path).json["certificate"]["photo"]
    assert f'src="{shown}"' in place.server.get(path, accept="text/html").body.decode()
    photo = place.server.get(shown)
    assert (photo.status, photo.headers["content-type"]) == (200, "image/jpeg")
    assert shown == f"/photos/{hashlib.sha256(photo.body).hexdigest()[:24]}"


def test_svg_and_terminal_show_the_same_code(place: Place, tmp_path: Path) -> None:
    drawing = tmp_path / "code.svg"
    succeed(place.data_dir, "code", SHOWN, "--svg", str(drawing))
    assert drawing.read_text().startswith("<?xml")
    shown = succeed(place.data_dir, "code", SHOWN).splitlines()
    halves = {" ": "00", "▀": "10", "▄": "01", "█": "11"}
    rows = [[halves[cell] for cell in line] for line in shown if line]
    pixels = [255 * int(pair[half]) for line in rows for half in (0, 1) for pair in line]
    image = Image.frombytes("L", (len(rows[0]), len(rows) * 2), bytes(pixels))
    (found,) = zxingcpp.read_barcodes(
        image.resize((image.width * 6, image.height * 6), Image.Resampling.NEAREST)
    )
    assert found.text == succeed(place.data_dir, "code", SHOWN, "--text").strip()
