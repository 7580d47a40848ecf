"""A hundred random histories over the API agree with a model that was written from rules.md alone.

The model shares no code with the lifecycle: it is a table of what rules.md says, in days.
"""

import itertools
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, rule, run_state_machine_as_test
from starlette.testclient import TestClient

from tests.api.conftest import Api, wanted
from tests.office import BASE_URL
from verifier.certificate.dates import add_months, day_of, start_of_day
from verifier.cli.issuing import issuing_app
from verifier.cli.office import Office, read_roots
from verifier.register.audit import audit
from verifier.register.feed import DirectFeed
from verifier.scanning.node import Node
from verifier.settings import Settings
from verifier.status.follower import Follower, Instant

DAY = 86_400
YEARS = {"im": 6, "changji": 5}
EVENTS = (
    "suspend", "reinstate", "withdraw", "cancel", "cancel-expired", "lose", "return", "destroy",
    "ask-review", "uphold", "reverse", "damage", "renew", "reissue",
)  # fmt: skip


@dataclass
class Model:
    """One certificate, as rules.md has it."""

    role: str
    number: str
    code: str
    begins: int
    ends: int
    void: str | None = None
    void_since: int = 0
    suspended_until: int = 0
    before: "Model | None" = None
    review: str = "none"
    card: int = 0
    succeeded: bool = False

    def verdict(self, now: float) -> str:
        if self.void:
            return "expired" if self.void == "expired" else "revoked"
        if now >= self.ends:
            return "expired"
        return "suspended" if now < self.suspended_until else "valid"

    def allows(self, event: str, now: int) -> bool:
        im, expired = self.role == "im", now >= self.ends
        suspended = self.void is None and now < self.suspended_until
        lost = self.void == "lost"
        match event:
            case "suspend":  # IM-2023 has none; XJ-2022 Art 18
                return not im and not self.void and not suspended and not expired
            case "reinstate":
                return not im and suspended
            case "withdraw" | "cancel":  # IM-2023 Art 21, 22; XJ-2022 Art 17
                return not self.void or lost
            case "cancel-expired":
                return (not self.void or lost) and expired
            case "lose":  # IM-2023 Art 19; XJ-2022 Art 15
                return not self.void
            case "return":
                return (bool(self.void) or expired) and self.card < 1
            case "destroy":  # IM-2023 Art 23
                return im and (bool(self.void) or expired) and self.card < 2
            case "ask-review":  # IM-2023 Art 24
                fresh = now < self.void_since + 30 * DAY
                return im and self.void in {"withdrawn", "cancelled"} and self.review == "none" and fresh
            case "uphold" | "reverse":
                return im and self.review == "asked"
            case "damage":  # IM-2023 Art 18; XJ-2022 Art 15
                return not self.void and not suspended and not expired
            case "renew":  # IM-2023 Art 17; XJ-2022 Art 16
                return not self.void and not suspended and not expired and now >= add_months(self.ends, -3)
            case _:  # reissue: IM-2023 Art 19; XJ-2022 Art 15
                waits = 30 * DAY if im else 0
                due = now >= self.void_since + waits and now >= self.suspended_until
                return lost and not self.succeeded and not expired and due

    def happens(self, event: str, now: int) -> None:
        was = Model(**vars(self))
        match event:
            case "suspend":
                self.suspended_until = add_months(now, 3)
            case "reinstate":
                self.suspended_until = 0
            case "withdraw" | "cancel" | "cancel-expired" | "lose" | "damage" | "renew":
                names = {
                    "withdraw": "withdrawn",
                    "cancel-expired": "expired",
                    "lose": "lost",
                    "cancel": "cancelled",
                }
                self.void, self.void_since, self.before = names.get(event, "replaced"), now, was
                self.succeeded = self.succeeded or event in {"damage", "renew"}
            case "return" | "destroy":
                self.card = 1 if event == "return" else 2
            case "ask-review":
                self.review = "asked"
            case "uphold":
                self.review = "upheld"
            case "reverse":
                assert self.before
                self.void, self.void_since = self.before.void, self.before.void_since
                self.suspended_until, self.review = self.before.suspended_until, "none"
                self.before = was
            case "reissue":
                self.succeeded = True


def machine(tree: tuple[Path, dict[str, str]], folder: Path) -> type[RuleBasedStateMachine]:
    """Give the machine on copies of a register."""
    copies = itertools.count()

    class Histories(RuleBasedStateMachine):
        certificates = Bundle("certificates")

        def __init__(self) -> None:
            super().__init__()
            directory = folder / str(next(copies))
            shutil.copytree(tree[0], directory)
            self.office = Office(Settings(data_dir=directory, base_url=BASE_URL))
            clock = [float(int(time.time()))]
            self.app = TestClient(issuing_app(self.office, lambda: clock[0]), raise_server_exceptions=False)
            self.app.__enter__()
            self.api = Api(self.app, self.office, tree[1], clock)
            follower = Follower(
                DirectFeed(self.office.database.path), roots=read_roots(self.office.settings), max_age=10.0
            )
            self.node = Node(follower, base_url=BASE_URL, capacity=0)
            self.directory = directory

        @property
        def now(self) -> int:
            return int(self.api.clock[0])

        def new(self, role: str, number: str, content: dict[str, Any], *, ends: int | None = None) -> Model:
            begins = start_of_day(day_of(self.now))
            code = self.api.get(role, f"/certificates/{number}/code.txt").text
            assert content["verdict"] == "valid"
            return Model(role, number, code, begins, ends or add_months(begins, 12 * YEARS[role]))

        @rule(target=certificates, role=st.sampled_from(["im", "changji"]))
        def issue(self, role: str) -> Model:
            number = f"99{next(self.api.keys):09}"
            return self.new(role, number, self.api.issue(role, **wanted(role, number=number)))

        @rule(days=st.sampled_from([1, 29, 30, 31, 92, 5 * 365 - 80, 366]))
        def pass_time(self, days: int) -> None:
            self.api.clock[0] += days * DAY
            self.office.publish_trust(self.now)

        @rule(of=certificates, event=st.sampled_from(EVENTS), target=certificates)
        def let_happen(self, of: Model, event: str) -> Model:
            if of.succeeded and event not in {"damage", "renew", "reissue"}:
                return of  # the number is the successor's by now
            if of.succeeded:
                return of
            verb = {"cancel-expired": "cancel", "damage": "replace", "renew": "replace"}.get(event, event)
            reasons = {"cancel-expired": "expired", "damage": "damage", "renew": "renewal"}
            body = {"reason": reasons.get(event, "other")}
            reply = self.api.post(of.role, f"/certificates/{of.number}/{verb}", body)
            allowed = of.allows(event, self.now)
            assert (reply.status_code < 300) == allowed, (event, of, reply.text)
            if not allowed:
                assert reply.status_code == 409, reply.text
                return of
            of.happens(event, self.now)
            self.agree(of)
            if event in {"damage", "renew", "reissue"}:
                new = self.new(of.role, of.number, reply.json(), ends=None if event == "renew" else of.ends)
                self.agree(new)
                return new
            return of

        @rule(of=certificates)
        def look(self, of: Model) -> None:
            self.agree(of)

        def agree(self, of: Model) -> None:
            finding, _ = self.node.scan(of.code, Instant(self.api.clock[0], time.monotonic()))
            self.node._is_current = False  # each scan is a turn of its own
            assert finding.verdict.value == of.verdict(self.now), (of, finding)

        def teardown(self) -> None:
            with self.office.database.reading() as connection:
                audit(connection, self.office.trust())
            self.node.follower.close()
            self.app.__exit__(None, None, None)
            shutil.rmtree(self.directory)

    return Histories


# A node's scan asks the running loop for its turn.
@pytest.mark.anyio
async def test_a_hundred_histories_agree_with_an_independent_model(
    tree: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    run_state_machine_as_test(
        machine(tree, tmp_path), settings=settings(max_examples=100, stateful_step_count=25, deadline=None)
    )


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
