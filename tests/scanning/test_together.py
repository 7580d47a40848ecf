"""Officers who come together, over the real server: what speaks against them, in JSON, with its article."""

import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.office import TESTER, happen, order
from tests.running import Server, serving
from verifier.certificate.code import to_digits
from verifier.certificate.jurisdictions import jurisdiction_of
from verifier.certificate.lifecycle import Event
from verifier.certificate.model import Powers
from verifier.cli.office import Office
from verifier.issuing.issuance import Order, Terms, issue
from verifier.register.certificates import find
from verifier.settings import Settings

_DAY = 86_400


class Place(NamedTuple):
    server: Server
    digits: dict[str, str]
    """By what is special of it."""


def _emergency(number: str, **changes: Any) -> Order:
    return replace(order(number), agency="新疆维吾尔自治区应急管理厅", categories=("应急管理",), **changes)


ORDERS = {
    "xinjiang": _emergency("31000036001", holder="阿依古丽·买买提"),
    "second": _emergency("31000036002", holder="马晓东"),
    "township": _emergency("31000036003", holder="李静", powers=Powers.TOWNSHIP),
    "suspended": _emergency("31000036004", holder="周明"),
    "naiman": replace(order("05505236001"), area="奈曼旗", holder="苏日娜"),
    "sumu": replace(order("05505236003"), area="奈曼旗", holder="乌兰", powers=Powers.TOWNSHIP),
    "kulun": replace(order("05505236002"), area="内蒙古自治区通辽市库伦旗", holder="孟绍"),
}


@pytest.fixture(scope="module")
def place(demo_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    directory = tmp_path_factory.mktemp("together") / "data"
    shutil.copytree(demo_dir, directory)
    office = Office(Settings(data_dir=directory))
    now = int(time.time())
    digits = {}
    for name, wanted in ORDERS.items():
        issuer = "150000" if wanted.number.startswith("0") else "650000"
        until = jurisdiction_of(issuer).validity_end(now - _DAY)
        terms = Terms(
            issuer=issuer, valid_from=now - _DAY, valid_until=until, base_url=office.settings.base_url
        )
        with office.ledger(now) as ledger:
            signer = office.certificate_signer(issuer)
            issue(ledger, [wanted], terms=terms, signer=signer, actor=TESTER, now=now)
        with office.database.reading() as connection:
            digits[name] = to_digits(find(connection, wanted.number, issuer=issuer).signed)
    happen(office, Event.SUSPENDED, ORDERS["suspended"].number, now=now, reason="lent")
    office.database.close()
    with serving(directory) as server:
        yield Place(server, digits)


def _together(place: Place, *names: str, **more: str) -> dict[str, Any]:
    codes = [place.digits.get(name, name) for name in names]
    reply = place.server.post("/check", {"codes": codes, **more})
    assert reply.status == 200
    together: dict[str, Any] = reply.json["together"]
    return together


def _against(together: dict[str, Any]) -> list[tuple[str, list[int], str | None]]:
    return [
        (each["reason"], each["codes"], each["rule"] and each["rule"]["key"]) for each in together["against"]
    ]


def test_nothing_speaks_against_two_officers_and_their_categories_are_listed(place: Place) -> None:
    assert _together(place, "xinjiang", "second") == {
        "all_valid": True,
        "against": [],
        "cannot_tell": [],
        "categories": [{"category": "应急管理", "codes": [0, 1]}],
    }


def test_one_officer_is_too_few_by_the_article_and_a_second_scan_of_the_code_changes_nothing(
    place: Place,
) -> None:
    alone = _together(place, "xinjiang")["against"]
    assert alone == [
        {
            "reason": "too_few",
            "codes": [0],
            "message": {
                "zh-CN": "持有有效证件的执法人员不足两人。",
                "en": "Fewer than two officers hold a certificate that is in force.",
            },
            "rule": {
                "key": "XJ-EM-2020 Art 16",
                "document": {
                    "zh-CN": "《自治区应急管理系统行政执法证件管理办法》第十六条",
                    "en": "Xinjiang Emergency Management System, Measures on Enforcement Certificates,"
                    " Article 16",
                },
            },
        }
    ]
    assert _against(_together(place, "xinjiang", "xinjiang")) == [
        ("too_few", [0, 1], "XJ-EM-2020 Art 16"),
        ("same_person", [0, 1], "XJ-EM-2020 Art 16"),
    ]


def test_a_suspended_officer_is_named(place: Place) -> None:
    assert _against(_together(place, "xinjiang", "second", "suspended")) == [
        ("not_valid", [2], "XJ-EM-2020 Art 15")
    ]


def test_areas_that_do_not_meet_are_named(place: Place) -> None:
    assert _against(_together(place, "naiman", "kulun")) == [("areas_do_not_meet", [0, 1], "IM-2023 Art 15")]
    assert _against(_together(place, "xinjiang", "naiman")) == [("areas_do_not_meet", [0, 1], None)]


def test_an_act_outside_the_powers_of_a_township_is_named(place: Place) -> None:
    assert _together(place, "xinjiang", "township", act="simple_penalty")["against"] == []
    assert _against(_together(place, "xinjiang", "township", act="seal")) == [
        ("outside_powers", [1], "XJ-EM-2020 Art 8")
    ]
    assert _against(_together(place, "naiman", "sumu", act="seal")) == [
        ("outside_powers", [1], "IM-2023 Art 15")
    ]


def test_of_a_forged_code_nothing_is_used_or_shown(place: Place) -> None:
    forged = place.digits["kulun"][:-1] + str((int(place.digits["kulun"][-1]) + 1) % 10)
    reply = place.server.post("/check", {"codes": [place.digits["naiman"], forged]})
    assert reply.json["answers"][1]["verdict"] == "forged"
    assert _against(reply.json["together"]) == [("not_valid", [1], None)]
    assert "库伦" not in reply.body.decode()


def test_it_never_says_that_anything_is_lawful(place: Place) -> None:
    for names in (["xinjiang", "second"], ["naiman"], ["xinjiang", "naiman", "township"]):
        text = str(_together(place, *names, act="inspection"))
        assert "合法" not in text
        assert "lawful" not in text.lower()
