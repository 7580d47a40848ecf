"""Twenty years of an authority: keys rotate each year, are stolen, move into a token that breaks; a new root.

Time is simulated; everything else is real: the tokens (SoftHSM2), the register, the log, two scanning nodes
(one that ran all the time since it pinned the first root, one started anew for each look), the offline check.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from keys.roots import Roots
from keys.rotation import RotationError
from keys.signers import SignerError
from keys.trust import Contact, Issuer, KeyState, Purpose, TrustList
from tests.keys.softhsm import SoftHsm, module
from tests.office import TESTER, order
from verifier.certificate.code import to_text
from verifier.certificate.cose import parse_code
from verifier.certificate.lifecycle import Event
from verifier.certificate.model import Kid
from verifier.certificate.verdicts import Reason
from verifier.cli.office import Office
from verifier.issuing import resigning
from verifier.issuing.issuance import issue, terms_of
from verifier.register import authorities
from verifier.register.certificates import find, let_happen
from verifier.register.feed import DirectFeed
from verifier.scanning.check import Finding, RefusedError, authenticate, check
from verifier.settings import Settings
from verifier.status.follower import Follower, Instant

DAY = 86_400
YEAR = 365 * DAY
START = 1_800_000_000
ISSUER = "650000"
ADDRESS = "https://v.example.gov.cn"


@dataclass
class Print:
    """A code as it was printed once, and what the test knows of it."""

    number: str
    text: str
    kid: Kid
    valid_until: int
    void: bool = False


class Authority:
    """An authority through the years."""

    def __init__(self, directory: Path, hsm: SoftHsm) -> None:
        self.now = START
        self.hsm = hsm
        settings = Settings(
            data_dir=directory, base_url=ADDRESS, pkcs11_module=module(), pkcs11_pin_file=hsm.pin_file
        )
        self.office = Office(settings, create=True, clock=lambda: self.now)
        self.prints: list[Print] = []
        self.office.custody.create()
        self.office.ring.create(Purpose.STATUS, now=START)
        self.office.ring.create(Purpose.CERTIFICATE, now=START, issuer=ISSUER)
        contact = Contact(body="执法监督处", phone="0991-0000000")
        issuer = Issuer(code=ISSUER, name="新疆维吾尔自治区司法厅", area=ISSUER, complaint=contact)
        self.office.publish_trust(START, authorities.Authorities(issuers=[issuer]))
        self.pinned_at_first = self.office.roots
        self.running = self.node(self.pinned_at_first)

    def node(self, pinned: Roots) -> Follower:
        follower = Follower(DirectFeed(self.office.database.path), roots=pinned, max_age=10)
        follower.refresh(Instant(self.now, 0))
        return follower

    def issue(self) -> Print:
        number = f"{31_000_000_001 + len(self.prints)}"
        with self.office.database.reading() as connection:
            issuer = authorities.issuer_of(connection, ISSUER)
        with self.office.ledger(self.now) as ledger:
            issue(
                ledger, [order(number)], terms=terms_of(issuer, ADDRESS, valid_from=self.now),
                signer=self.office.certificate_signer(ISSUER), actor=TESTER, now=self.now,
            )  # fmt: skip
        return self.print(number)

    def print(self, number: str) -> Print:
        with self.office.database.reading() as connection:
            found = find(connection, number)
        made = Print(
            number,
            to_text(found.signed, ADDRESS),
            parse_code(found.signed).kid,
            found.certificate.valid_until,
        )
        self.prints.append(made)
        return made

    def withdraw(self, number: str) -> None:
        with self.office.ledger(self.now) as ledger:
            let_happen(ledger, Event.WITHDRAWN, number, actor=TESTER, now=self.now)
        for made in self.prints:
            made.void = made.void or made.number == number

    def rotate(self, purpose: Purpose, issuer: str | None = None, where: str | None = None) -> None:
        """Make the successor, publish, and let the overlap pass; the old key signs until its end."""
        known = self.office.known()
        ((old, new),) = self.office.ring.rotate(
            purpose, issuer, now=self.now, signs_from=self.now + 7 * DAY, known=known, where=where
        )
        self.office.publish_trust(self.now)
        signer = self.office.ring.signer
        assert signer(purpose, issuer, now=self.now, known=self.office.known()).kid.hex() == old.kid
        self.now += 8 * DAY
        assert signer(purpose, issuer, now=self.now, known=self.office.known()).kid.hex() == new.kid

    def compromise(self, kid: Kid, purpose: Purpose, issuer: str | None = None) -> None:
        entries = self.office.ring.compromise(kid.hex(), now=self.now, known=self.office.known())
        if not any(
            entry.state is KeyState.ACTIVE and entry.purpose is purpose and entry.issuer == issuer
            for entry in entries
        ):
            self.office.ring.create(purpose, now=self.now, issuer=issuer)
        self.office.publish_trust(self.now)

    def look(self) -> None:
        """Scan every code that was ever printed, at both nodes and offline."""
        self.running.refresh(Instant(self.now, 0))
        anew = self.node(self.office.roots)
        for follower in (self.running, anew):
            assert follower.fault is None
            assert follower.trust is not None
            for made in self.prints:
                found = scan(made.text, follower.trust, follower, self.now)
                assert found.reason is self.truth(made), (made, self.now)
        for made in self.prints:
            self.look_offline(made, anew.trust)
        anew.close()

    def truth(self, made: Print) -> Reason:
        if made.void:
            return Reason.WITHDRAWN
        return Reason.EXPIRED if self.now >= made.valid_until else Reason.VALID

    def look_offline(self, made: Print, trust: TrustList | None) -> None:
        assert trust is not None
        reason = scan(made.text, trust, None, self.now).reason
        if trust.keys[made.kid].state is KeyState.COMPROMISED:
            assert reason is Reason.KEY_COMPROMISED
        else:
            assert reason is (Reason.EXPIRED if self.now >= made.valid_until else Reason.VALID)


def scan(text: str, trust: TrustList, follower: Follower | None, now: int) -> Finding:
    try:
        authentic = authenticate(text, trust=trust, base_url=ADDRESS, now=now)
    except RefusedError as refused:
        return Finding(refused.reason)
    look_up = follower.replica.look_up if follower else None
    return check(authentic, trust=trust, look_up=look_up, fresh=True, now=now)


@pytest.fixture
def authority(tmp_path: Path, hsm: SoftHsm) -> Iterator[Authority]:
    living = Authority(tmp_path, hsm)
    yield living
    living.running.close()
    living.office.database.close()


def test_twenty_years(authority: Authority) -> None:
    for year in range(20):
        authority.now = START + year * YEAR
        authority.rotate(Purpose.CERTIFICATE, ISSUER)
        if year % 3 == 1:
            authority.rotate(Purpose.STATUS)
        first = authority.issue()
        authority.issue()
        if year % 4 == 0:
            authority.withdraw(first.number)
        authority.look()
        if year in AT:
            AT[year](authority)
            authority.issue()
            authority.look()
    known = authority.office.trust()
    assert len(authority.prints) > 45
    assert len({made.kid for made in authority.prints}) >= 20
    states = [key.state for key in known.keys.values() if key.issuer == ISSUER]
    assert states.count(KeyState.ACTIVE) == 1
    assert states.count(KeyState.COMPROMISED) == 1
    assert authority.running.trust is not None  # the node that pinned the first root followed to the last
    assert len(authority.running.trust.signed_by.way) == 2


def a_key_is_stolen(authority: Authority) -> None:
    office, old = authority.office, authority.prints[-1]
    authority.compromise(old.kid, Purpose.CERTIFICATE, ISSUER)
    authority.look()  # online everything goes on to hold, offline nothing by that key
    node = authority.node(office.roots)
    replica = node.replica
    before = _places(office)
    signed = resigning.resign(
        office.database, replica, of=old.kid, signer_of=office.certificate_signer, now=authority.now,
    )  # fmt: skip
    node.close()
    live = [made for made in authority.prints if made.kid == old.kid and not made.void]
    assert signed == len(live) > 0
    assert _places(office) == before  # not one index or digest changed
    for made in live:
        assert authority.print(made.number).kid != old.kid  # the new print holds offline again


def keys_move_into_a_token(authority: Authority) -> None:
    authority.hsm.make_token("first")
    authority.rotate(Purpose.CERTIFICATE, ISSUER, where="pkcs11:first")
    authority.issue()


def the_token_breaks(authority: Authority) -> None:
    office = authority.office
    lost = office.certificate_signer(ISSUER)
    authority.issue()
    authority.hsm.destroy("first")
    with pytest.raises(SignerError, match="no such token"):
        authority.issue()
    authority.look()  # whatever it signed goes on to hold
    office.ring.retire(lost.kid.hex(), now=authority.now, known=office.known())
    with pytest.raises(RotationError, match="no active certificate key"):
        office.certificate_signer(ISSUER)
    authority.hsm.make_token("second")
    office.ring.create(Purpose.CERTIFICATE, now=authority.now, issuer=ISSUER, where="pkcs11:second")
    office.publish_trust(authority.now)


def the_root_changes(authority: Authority) -> None:
    new = authority.office.custody.hand_over(authority.now)
    published = authority.office.publish_trust(authority.now)
    assert published.signed_by.root.kid == new.kid
    assert [root.kid for root in authority.office.roots.pinned] == [new.kid]


def a_status_key_is_stolen(authority: Authority) -> None:
    authority.compromise(authority.office.status_signer().kid, Purpose.STATUS)


AT = {
    6: a_key_is_stolen,
    8: keys_move_into_a_token,
    9: the_token_breaks,
    12: the_root_changes,
    15: a_status_key_is_stolen,
}


def _places(office: Office) -> set[tuple[int, int, bytes]]:
    with office.database.reading() as connection:
        rows = connection.exec_driver_sql("SELECT status_list, idx, digest FROM code").all()
    return {(row[0], row[1], row[2]) for row in rows}
