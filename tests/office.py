"""What the register's tests issue."""

from typing import Final

from verifier.certificate.jurisdictions import jurisdiction_of
from verifier.certificate.lifecycle import Event, Standing
from verifier.cli.office import Office
from verifier.issuing.issuance import Order, Terms
from verifier.register.actors import Actor
from verifier.register.certificates import let_happen

NOW: Final = 1_800_000_000
DAY: Final = 86_400
BASE_URL: Final = "https://v.example.gov.cn"
TESTER: Final = Actor(name="test")


def order(number: str) -> Order:
    return Order(
        number=number,
        holder="马晓东",
        agency="新疆维吾尔自治区机关事务管理局",
        categories=("机关事务管理",),
        area="全疆",
    )


def terms(issuer: str = "650000") -> Terms:
    return Terms(
        issuer=issuer,
        valid_from=NOW,
        valid_until=jurisdiction_of(issuer).validity_end(NOW),
        base_url=BASE_URL,
    )


def happen(
    office: Office, event: Event, number: str, *, now: int = NOW + DAY, **details: str | int
) -> Standing:
    with office.ledger(now) as ledger:
        happened = let_happen(ledger, event, number, actor=TESTER, now=now, **details)  # type: ignore[arg-type]  # as the test says
    return happened.standing
