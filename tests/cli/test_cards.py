"""`liangzheng card`: what is in force gets a card, what is not gets one clear line."""

import re
import sqlite3
from pathlib import Path

import pytest

from tests.issuing.printing import decoded, pages
from tests.running import liangzheng, succeed
from verifier.certificate import code
from verifier.cli.office import Office
from verifier.register import authorities
from verifier.register.certificates import find
from verifier.settings import Settings

SHOWN = "31000099001"
AGENCY = "新疆维吾尔自治区机关事务管理局"


def test_every_certificate_in_force_of_the_demo_is_printed_and_read(demo_dir: Path, tmp_path: Path) -> None:
    office = Office(Settings(data_dir=demo_dir))
    with office.database.reading() as connection:
        agencies = {agency.name for agency in authorities.agencies(connection)}
        texts = {
            number: code.to_text(find(connection, number).signed, office.settings.address)
            for number in (SHOWN, "31000099101", "31000099104", "31000099105", "31000099106")
        }
    office.database.close()
    read = set[str]()
    for agency in sorted(agencies):
        succeed(demo_dir, "card", "--agency", agency, "--pdf", str(tmp_path / "cards.pdf"))
        printed = pages((tmp_path / "cards.pdf").read_bytes())
        fronts, backs = printed[::2], printed[1::2]
        assert all(agency in front.text for front in fronts)
        found = [decoded(front.picture) for front in fronts]
        assert all(len(codes) == 1 for codes in found)
        assert len(backs) == len(fronts)
        read |= {codes[0] for codes in found}
    assert {number for number, text in texts.items() if text in read} == {SHOWN}  # others: suspended, void


def test_all_forms_are_written_at_once(demo_dir: Path, tmp_path: Path) -> None:
    names = ("card.pdf", "card.png", "card.svg", "card.html")
    files = [str(tmp_path / name) for name in names]
    options = [
        word for pair in zip(("--pdf", "--png", "--svg", "--page"), files, strict=True) for word in pair
    ]
    succeed(demo_dir, "card", SHOWN, *options)
    starts = {path.name: path.read_bytes()[:4] for path in tmp_path.iterdir()}
    assert starts == {
        "card.pdf": b"%PDF",
        "card.png": b"\x89PNG",
        "card-back.png": b"\x89PNG",
        "card.svg": b"<svg",
        "card-back.svg": b"<svg",
        "card.html": b"<!do",
    }


def test_several_numbers_are_one_document(demo_dir: Path, tmp_path: Path) -> None:
    file = tmp_path / "cards.pdf"
    said = succeed(demo_dir, "card", SHOWN, "31000099107", SHOWN, "05505239903", "--pdf", str(file))
    assert said == "3 cards\n"
    assert [number in page.text for number, page in zip(
        (SHOWN, "31000099107", "05505239903"), pages(file.read_bytes())[::2], strict=True
    )] == [True] * 3  # fmt: skip


def test_equal_force_is_for_inner_mongolia_alone(demo_dir: Path, tmp_path: Path) -> None:
    """IM-2023 Art 15; Xinjiang's is a draft."""
    file = tmp_path / "page.html"
    for number, is_equal in (("05505239902", True), (SHOWN, False)):
        succeed(demo_dir, "card", number, "--page", str(file))
        assert ("同等效力" in file.read_text()) is is_equal


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        ((SHOWN,), 2, "say what to write"),
        (("--pdf", "x"), 2, "either numbers or --agency"),
        ((SHOWN, "--agency", AGENCY, "--pdf", "x"), 2, "either numbers or --agency"),
        ((SHOWN, "31000099107", "--png", "x"), 2, "take one certificate"),
        (("99999999999", "--pdf", "x"), 1, "no certificate 99999999999"),
        (("--agency", "某局", "--pdf", "x"), 1, "no certificates of 某局"),
        (("--agency", AGENCY, "--issuer", "150000", "--pdf", "x"), 1, "by issuer 150000"),
        (("31000099101", "--pdf", "x"), 1, "no card for 31000099101: The certificate is suspended"),
        (("31000099104", "--pdf", "x"), 1, "no card for 31000099104: The certificate was cancelled"),
        (("31000099105", "--pdf", "x"), 1, "reported lost and is void"),
        (("05505239901", "--pdf", "x"), 1, "withdrawn and is void"),
        ((SHOWN, "31000099106", "--pdf", "x"), 1, "no card for 31000099106: .* past its last day"),
    ],
)
def test_what_gets_no_card_is_said_in_one_line_and_nothing_is_written(
    demo_dir: Path, tmp_path: Path, arguments: tuple[str, ...], status: int, says: str
) -> None:
    file = tmp_path / "x"
    done = liangzheng(demo_dir, "card", *(str(file) if each == "x" else each for each in arguments))
    assert done.returncode == status
    assert len(done.stderr.splitlines()) == 1
    assert re.search(says, done.stderr)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", ["lost", "exchanged"])
def test_a_photo_that_is_not_the_one_signed_stops_the_card(
    data_dir: Path, tmp_path: Path, damage: str
) -> None:
    photos = list((data_dir / "photos").iterdir())
    for path in photos:
        path.unlink()
        if damage == "exchanged":
            path.write_bytes(b"another")
    done = liangzheng(data_dir, "card", SHOWN, "--pdf", str(tmp_path / "x"))
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert f"the photo of {SHOWN}" in done.stderr
    assert not (tmp_path / "x").exists()


def test_rows_changed_by_hand_get_no_card(data_dir: Path, tmp_path: Path) -> None:
    with sqlite3.connect(data_dir / "register.sqlite") as database:
        database.execute("UPDATE certificate SET holder = '冒名者' WHERE number = ?", (SHOWN,))
    database.close()
    done = liangzheng(data_dir, "card", SHOWN, "--pdf", str(tmp_path / "x"))
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "states other facts than its signed code" in done.stderr
    assert not (tmp_path / "x").exists()
