"""What is killed: a process that imports tables and records events, and notes what was acknowledged."""

import os
import random
from pathlib import Path

from loadtest.stock import AGENCY, write_roster
from tests.office import TESTER
from verifier.certificate.jurisdictions import jurisdiction_of
from verifier.certificate.lifecycle import Event
from verifier.cli.office import Office
from verifier.issuing import imports
from verifier.issuing.issuance import Terms
from verifier.register.certificates import let_happen
from verifier.settings import Settings

BATCH = 15
FIRST = 10_000_000_000
EACH = 1_000_000 * BATCH
"""Numbers that each run may use."""
NOW = 1_800_000_000
XINJIANG = "650000"


def work(data_dir: Path, acknowledged: Path, seed: int) -> None:
    """Write to the register until killed; note each commit only after it returned."""
    chance = random.Random(seed)
    office = Office(Settings(data_dir=data_dir))
    note = os.open(acknowledged, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    issued: list[str] = []
    for go in range(1_000_000):
        if not issued or chance.random() < 0.3:
            issued = _import(office, data_dir, first=FIRST + seed * EACH + go * BATCH)
            os.write(note, f"import {issued[0]}\n".encode())
        else:
            number = chance.choice(issued)
            event = chance.choice([Event.SUSPENDED, Event.WITHDRAWN, Event.LOST, Event.CANCELLED])
            issued.remove(number)
            with office.ledger(NOW + go) as ledger:
                let_happen(ledger, event, number, actor=TESTER, now=NOW + go, issuer=XINJIANG)
            office.status_publisher.publish(NOW + go)
            os.write(note, f"{event} {number}\n".encode())


def _import(office: Office, data_dir: Path, first: int) -> list[str]:
    roster = data_dir / "roster.csv"
    write_roster(roster, BATCH, first)
    rules = jurisdiction_of(XINJIANG)
    terms = Terms(
        issuer=XINJIANG, valid_from=NOW, valid_until=rules.validity_end(NOW), base_url="https://v.example"
    )
    plan = imports.plan(roster, rules=rules, terms=terms, agency=AGENCY)
    with office.ledger(NOW) as ledger:
        imports.apply(ledger, plan, signer_of=office.certificate_signer, actor=TESTER, now=NOW)
    return [step.number for step in plan.steps]
