"""Walks the stories of `life` over the agencies' API, and writes down what came of each step."""

import time
from typing import NamedTuple

from sqlalchemy import select

from tests.api.conftest import ROLES, Api, wanted
from tests.whole.life import Step, Story
from verifier.cli.office import read_roots
from verifier.register import tables
from verifier.register.audit import audit
from verifier.register.feed import DirectFeed
from verifier.scanning.node import Node
from verifier.status.follower import Follower, Instant

DAY = 86_400


class Row(NamedTuple):
    """A row of the table."""

    event: str
    who: str
    says: str
    rule: str
    before: str
    after: str


def who(role: str) -> str:
    """Say who acts, as the rules have it."""
    if role == "-":
        return ""
    authority, agency = ROLES[role]
    level = "region" if authority.endswith("0000") else "prefecture" if authority.endswith("00") else "county"
    return "agency" if agency else f"{level}'s justice department"


class Walk:
    """One story on its way."""

    def __init__(self, api: Api, story: Story) -> None:
        self.api, self.story = api, story
        self.rows: list[Row] = []
        follower = Follower(
            DirectFeed(api.office.database.path), roots=read_roots(api.office.settings), max_age=10.0
        )
        self.node = Node(follower, base_url=api.office.settings.address, capacity=0)
        self.code = ""

    async def go(self) -> list[Row]:
        """Walk it; every expectation of the story is asserted."""
        self._begin()
        for step in self.story.steps:
            self._take(step)
        self.node.follower.close()
        with self.api.office.database.reading() as connection:
            audit(connection, self.api.office.trust())
        return self.rows

    def scan(self, code: str) -> str:
        """Scan a code, as a node does, at the time of the story."""
        finding, _ = self.node.scan(code, Instant(self.api.clock[0], time.monotonic()))
        self.node._is_current = False  # each scan of the story is a turn of its own
        verdict, reason = finding.verdict.value, finding.reason.value
        return verdict if verdict == reason else f"{verdict}: {reason}"

    def _begin(self) -> None:
        story = self.story
        body = wanted(story.issuer, number=story.number, **story.facts)
        first = "file" if body.get("kind") == "ministry" else "issue"
        if story.proposed_by:
            (made,) = self.api.post(
                story.proposed_by, "/proposals", {"items": [{"action": "issue"} | body]}
            ).json()
            self.rows.append(Row("propose", who(story.proposed_by), "", made["steps"][0]["rule"], "", ""))
            for role in story.reviewed_by:
                reply = self.api.post(role, f"/proposals/{made['id']}/approve")
                assert reply.status_code == 200, reply.text
                last = role == story.reviewed_by[-1]
                rule, says = made["steps"][0]["rule"], "the issuer decides" if last else ""
                if not last:
                    self.rows.append(Row("approve", who(role), says, rule, "", ""))
        else:
            reply = self.api.post(story.issuer, "/certificates", body)
            assert reply.status_code == 201, reply.text
        self.code = self._code()
        assert self.scan(self.code) == "valid"
        self.rows.append(Row(first, who(story.issuer), "", self._basis(), "", "valid"))

    def _take(self, step: Step) -> None:
        if step.later:
            self.api.clock[0] += step.later * DAY
            self.api.office.publish_trust(int(self.api.clock[0]))
        before, old = self.scan(self.code), self.code
        rule = ""
        if step.event != "-":
            rule = self._ask(step)
        assert self.scan(old) == step.after, step
        after = step.after
        if step.new:
            self.code = self._code()
            assert self.code != old
            assert self.scan(self.code) == step.new, step
            after = f"{step.after}; the new one {step.new}"
        if step.refused:
            after = f"refused; still {step.after}"
        self.rows.append(
            Row("—" if step.event == "-" else step.event, who(step.who), step.says, rule, before, after)
        )

    def _ask(self, step: Step) -> str:
        path = f"/certificates/{self.story.number}/{step.event}"
        reply = self.api.post(step.who, path, step.body)
        if step.refused is not None:
            assert reply.status_code in {403, 409}, (step, reply.text)
            assert reply.json()["rule"] == step.refused, (step, reply.text)
            return step.refused
        assert reply.status_code in {200, 201}, (step, reply.text)
        return self._basis(newest=not step.new)

    def _basis(self, *, newest: bool = True) -> str:
        """Give the article of the last event, or of the one before: a new certificate comes after the old."""
        columns = tables.event.c
        with self.api.office.database.reading() as connection:
            bases = connection.scalars(select(columns.basis).order_by(columns.id.desc()).limit(2)).all()
        return str(bases[0 if newest else 1])

    def _code(self) -> str:
        reply = self.api.get(self.story.issuer, f"/certificates/{self.story.number}/code.txt")
        assert reply.status_code == 200
        return reply.text


def table(story: Story, rows: list[Row]) -> str:
    """Write one story as a table."""
    lines = [
        "| event | who | what | rule | verdict before | verdict after |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return f"### {story.rules}: {story.title}\n\n" + "\n".join(lines) + "\n"
