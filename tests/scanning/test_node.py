"""A node: asks for news once a turn, catches up before it calls anything forged, keeps a bounded memory."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.office import BASE_URL, NOW, TESTER, happen, order, terms
from verifier.certificate import claims, cose
from verifier.certificate.code import to_digits, to_text
from verifier.certificate.lifecycle import Event
from verifier.certificate.model import StatusReference
from verifier.certificate.verdicts import Reason
from verifier.cli.office import Office
from verifier.issuing.issuance import issue
from verifier.register.certificates import find
from verifier.register.feed import DirectFeed
from verifier.scanning.node import Node
from verifier.status.follower import FeedError, Follower, Instant

NUMBER = "31000000001"


def at(seconds: float) -> Instant:
    return Instant(NOW + seconds, seconds)


@pytest.fixture
def node(office: Office) -> Iterator[Node]:
    follower = Follower(DirectFeed(office.database.path), roots=office.roots, max_age=10)
    yield Node(follower, base_url=BASE_URL, capacity=2)
    follower.close()


def code_of(office: Office, number: str = NUMBER) -> bytes:
    with office.database.reading() as connection:
        return find(connection, number, issuer="650000").signed


def scan(node: Node, text: str, now: Instant) -> Reason:
    """Scan once, in a turn of its own."""

    async def turn() -> Reason:
        return node.scan(text, now)[0].reason

    reason = asyncio.run(turn())
    node._next_turn()
    return reason


def issue_one(office: Office, number: str) -> None:
    with office.ledger(NOW) as ledger:
        issue(
            ledger, [order(number)], terms=terms(),
            signer=office.certificate_signer("650000"), actor=TESTER, now=NOW,
        )  # fmt: skip


def unregistered(office: Office) -> str:
    with office.database.reading() as connection:
        genuine = find(connection, NUMBER).certificate
    elsewhere = replace(genuine, status=StatusReference(0, genuine.status.index ^ 1))
    return to_digits(cose.sign_code(claims.encode(elsewhere), office.certificate_signer("650000")))


def test_a_change_is_seen_by_the_scan_of_the_next_turn(office: Office, node: Node) -> None:
    async def walk() -> list[Reason]:
        digits = to_digits(code_of(office))
        seen = [node.scan(digits, at(1))[0].reason]
        await asyncio.sleep(0)
        happen(office, Event.SUSPENDED, NUMBER, now=NOW + 1)
        seen.append(node.scan(digits, at(2))[0].reason)
        return seen

    assert asyncio.run(walk()) == [Reason.VALID, Reason.SUSPENDED]


def test_within_one_turn_the_register_is_asked_once(
    office: Office, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Instant] = []
    refresh = node.follower.refresh

    def counted(now: Instant) -> None:
        asked.append(now)
        refresh(now)

    monkeypatch.setattr(node.follower, "refresh", counted)

    async def turn() -> None:
        for _ in range(50):
            assert node.scan(to_digits(code_of(office)), at(1))[0].reason is Reason.VALID

    asyncio.run(turn())
    assert len(asked) == 1


def test_a_certificate_issued_within_the_turn_is_not_called_forged(office: Office, node: Node) -> None:
    async def turn() -> Reason:
        assert node.scan(to_digits(code_of(office)), at(1))[0].reason is Reason.VALID
        issue_one(office, "31000000009")
        return node.scan(to_digits(code_of(office, "31000000009")), at(1))[0].reason

    assert asyncio.run(turn()) is Reason.VALID


@pytest.mark.parametrize("is_register_there", [True, False])
def test_an_unknown_index_is_forged_only_if_the_register_could_be_asked(
    *, office: Office, node: Node, monkeypatch: pytest.MonkeyPatch, is_register_there: bool
) -> None:
    digits = unregistered(office)
    assert scan(node, to_digits(code_of(office)), at(0)) is Reason.VALID
    if not is_register_there:

        def fail(*_: object, **__: object) -> None:
            raise FeedError("gone")

        monkeypatch.setattr(node.follower._feed, "poll", fail)
    expected = Reason.NOT_REGISTERED if is_register_there else Reason.STATUS_STALE
    assert scan(node, digits, at(1)) is expected  # even though what is known is fresh enough


def test_authentic_codes_are_kept_within_the_bound(office: Office, node: Node) -> None:
    for number in (NUMBER, "31000000002", "31000000003"):
        assert scan(node, to_digits(code_of(office, number)), at(0)) is Reason.VALID
    assert len(node._known) == 2


def test_spellings_of_one_code_take_no_place(office: Office, node: Node) -> None:
    text = to_text(code_of(office), BASE_URL)
    for spelling in (text, text.lower(), f" {text}", f"{text} "):
        assert scan(node, spelling, at(0)) is Reason.VALID
    assert len(node._known) == 0


def test_forged_codes_take_no_place(office: Office, node: Node) -> None:
    code = bytearray(code_of(office))
    code[-1] ^= 1
    assert scan(node, to_digits(bytes(code)), at(0)) is Reason.BAD_SIGNATURE
    assert len(node._known) == 0


def test_a_code_that_is_kept_is_judged_anew_under_each_trust_list(office: Office, node: Node) -> None:
    digits = to_digits(code_of(office))
    assert scan(node, digits, at(0)) is Reason.VALID
    before = node._known[digits]
    office.publish_trust(NOW)
    assert scan(node, digits, at(1)) is Reason.VALID
    assert node._known[digits] is not before


def test_a_kept_code_expires_on_time(office: Office, node: Node) -> None:
    digits = to_digits(code_of(office))
    end = terms().valid_until
    assert scan(node, digits, Instant(NOW, 0)) is Reason.VALID
    trust_ends = node.follower.trust.ends if node.follower.trust else 0
    assert trust_ends < end
    assert scan(node, digits, Instant(trust_ends - 1, 1)) is Reason.VALID
    assert scan(node, digits, Instant(trust_ends, 2)) is Reason.TRUST_EXPIRED


def test_before_the_first_list_nothing_is_confirmed(office: Office, node: Node) -> None:
    digits = to_digits(code_of(office))
    office.database.path.rename(office.database.path.with_suffix(".away"))
    assert scan(node, digits, at(0)) is Reason.STATUS_STALE
