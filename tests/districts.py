"""Authorities and agencies of several areas, and who of them may ask."""

from typing import Any, Final

from sqlalchemy import insert

from tests.office import NOW, TESTER, terms
from verifier.cli.office import Office
from verifier.issuing.issuance import Order, issue
from verifier.register import tables
from verifier.register.actors import Actor

AGENCIES: Final = {
    ("650000", "新疆维吾尔自治区应急管理厅"): None,
    ("150000", "内蒙古自治区应急管理厅"): None,
    ("150000", "通辽市应急管理局"): "150500",
    ("150000", "奈曼旗应急管理局"): "150525",
    ("150000", "库伦旗应急管理局"): "150524",
}
"""Issuer and name, with the area where it is not the issuer's own."""
PLACES: Final = ("650000", "652300", "652324", "150000", "150500", "150524", "150525", "150600")
ACTORS: Final = (
    TESTER,
    *(Actor(name=f"authority {code}", authority=code) for code in PLACES),
    *(Actor(name=f"agency {agency}", authority=issuer, agency=agency) for issuer, agency in AGENCIES),
)


def enter(office: Office) -> None:
    """Enter all of them. Their areas have no other way into the register."""
    contact = {f"complaint_{field}": "" for field in ("body", "phone", "url")}
    with office.database.writing() as connection:
        for code in set(PLACES) - {"650000", "150000"}:
            connection.execute(
                insert(tables.authority).values(code=code, name=code, area=code, level="", **contact)
            )
        for (issuer, agency), area in AGENCIES.items():
            connection.execute(insert(tables.agency).values(issuer=issuer, name=agency, area=area, **contact))


def application(number: str, agency: str = "新疆维吾尔自治区应急管理厅", **facts: Any) -> Order:
    usual = {
        "number": number,
        "holder": "马晓东",
        "agency": agency,
        "categories": ("应急管理",),
        "area": "全疆",
    }
    return Order(**(usual | facts))


def restricted(number: str, **facts: Any) -> Order:
    hidden = {"holder": None, "agency": None, "categories": (), "area": None, "restricted": True}
    return Order(**({"number": number} | hidden | facts))


def put_in_force(office: Office, *orders: Order, issuer: str = "650000", now: int = NOW) -> None:
    with office.ledger(now) as ledger:
        issue(
            ledger, orders, terms=terms(issuer), signer=office.certificate_signer(issuer),
            actor=TESTER, now=now,
        )  # fmt: skip
