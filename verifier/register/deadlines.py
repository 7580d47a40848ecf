"""Deadlines: what the rules of each jurisdiction give a date to, and which certificates that concerns.

Each kind of deadline is the part of the certificates that one index holds, in the order of that index.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple, Self

from sqlalchemy import Column, ColumnElement, and_, func, not_, or_, true

from verifier.certificate.dates import add_months, iso
from verifier.certificate.errors import LiangzhengError
from verifier.certificate.jurisdictions import Jurisdiction, Words, jurisdictions
from verifier.certificate.lifecycle import EXPIRY, Card, Event
from verifier.register import tables

_DAY: Final = 86_400
CURSOR: Final = r"^(-?[0-9]{1,15})\.([0-9]{1,2})\.([0-9]{1,18})$"
"""What a position looks like."""


class DeadlineKind(StrEnum):
    """What is due.

    Attributes:
        zh: in words.
        en: the same in English.
    """

    zh: str
    en: str

    def __new__(cls, value: str, zh: str, en: str) -> Self:
        """Make a member; `DeadlineKind("renewal")` finds it by its value."""
        kind = str.__new__(cls, value)
        kind._value_ = value
        kind.zh, kind.en = zh, en
        return kind

    RENEWAL = "renewal", "换发到期证件", "renewal before the validity ends"
    EXPIRED = "expired", "注销过期证件", "an expired certificate is to be cancelled"
    SUSPENSION = "suspension", "暂扣期满", "a suspension ends"
    LOSS_NOTICE = "loss_notice", "遗失公告期满", "a notice of loss ends"
    REVIEW = "review", "复核待决", "a review is to be decided"
    RETURN = "return", "收回证件", "a void card is to be taken back"
    DESTRUCTION = "destruction", "销毁证件", "a card that was taken back is to be destroyed"
    PROPOSAL = "proposal", "申请待审", "a proposal is to be decided"


ORDER: Final = {kind: place for place, kind in enumerate(DeadlineKind)}
"""How kinds of the same second are ordered."""


class CursorError(LiangzhengError, ValueError):
    """Where to go on from is not what an earlier page said."""


class Position(NamedTuple):
    """Where a deadline stands in the whole list: no two are at the same place."""

    when: int
    kind: int
    row: int

    def __str__(self) -> str:
        """Write it for those who go on from here."""
        return f"{self.when}.{self.kind}.{self.row}"

    @classmethod
    def parse(cls, cursor: str) -> Self:
        """Read what `str` wrote.

        Raises:
            CursorError: it is something else.
        """
        found = re.fullmatch(CURSOR, cursor, re.ASCII)
        if found is None:
            raise CursorError("go on from the `next` of an earlier page")
        return cls(*map(int, found.groups()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """Something that is due."""

    kind: DeadlineKind
    number: str
    issuer: str
    agency: str | None
    """None where a restricted certificate does not state it."""
    when: int
    """In seconds since 1970. What has no last day of its own is due since it was asked for."""
    rule: str
    """The article."""
    note: Words | None = None
    position: Position

    def as_json(self, now: int) -> dict[str, Any]:
        """Give what programs are told of it."""
        note = self.note and {"zh-CN": self.note.zh, "en": self.note.en}
        return {
            "kind": self.kind,
            "number": self.number,
            "issuer": self.issuer,
            "agency": self.agency,
            "when": iso(self.when),
            "overdue": self.when <= now,
            "rule": self.rule,
            "message": {"zh-CN": self.kind.zh, "en": self.kind.en},
            "note": note,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The certificates of one jurisdiction with one kind of deadline, in the order of an index."""

    kind: DeadlineKind
    rule: str
    part: str
    """The condition of the index, word for word: SQLite compares the text."""
    column: Column[int]
    shift: int = 0
    """From the column to the deadline, in seconds."""
    above: int | None = None
    """The column is later than this."""
    up_to: int | None = None
    """The column is no later than this."""
    further: ColumnElement[bool] | None = None
    note: Words | None = None


def is_under(rules: Jurisdiction) -> ColumnElement[bool]:
    """Give the condition that `jurisdiction_of` gives these rules for a certificate of their region."""
    systems = [other for other in jurisdictions().values() if other.area == rules.area and other.categories]
    before = systems[: systems.index(rules)] if rules in systems else systems
    excluded = [not_(_names(other.categories)) for other in before]
    return and_(_names(rules.categories) if rules.categories else true(), *excluded)


def _names(categories: Iterable[str]) -> ColumnElement[bool]:
    listed = tables.certificate.c.categories  # a JSON array: a name with its quotes is one of its elements
    return or_(*(func.instr(listed, json.dumps(name, ensure_ascii=False)) > 0 for name in categories))


def sources_of(rules: Jurisdiction, now: int) -> Iterator[Source]:
    """Give all kinds of deadlines that a jurisdiction knows for certificates."""
    columns = tables.certificate.c
    yield Source(
        kind=DeadlineKind.RENEWAL, rule=rules.renewal.rule, part=tables.ENDS,
        column=columns.valid_until, above=now, up_to=_last_end(now, rules.renewal.months),
    )  # fmt: skip
    if EXPIRY in rules.reasons(Event.CANCELLED):
        yield Source(
            kind=DeadlineKind.EXPIRED, rule=rules.basis(Event.CANCELLED, EXPIRY), part=tables.ENDS,
            column=columns.valid_until, up_to=now,
        )  # fmt: skip
    if rules.suspension is not None:
        yield Source(
            kind=DeadlineKind.SUSPENSION, rule=rules.suspension.rule, part=tables.SUSPENDED,
            column=columns.until, above=now,
        )  # fmt: skip
    yield Source(
        kind=DeadlineKind.LOSS_NOTICE, rule=rules.loss.rule, part=tables.LOST, column=columns.since,
        shift=rules.loss.notice_days * _DAY, further=columns.valid_until > now, note=_reissue_note(rules),
    )  # fmt: skip
    if rules.review is not None:
        yield Source(
            kind=DeadlineKind.REVIEW, rule=rules.review.rule, part=tables.REVIEWED,
            column=columns.review_since,
        )  # fmt: skip
    yield from _cards(rules)


def _cards(rules: Jurisdiction) -> Iterator[Source]:
    """Give what is to happen to void cards; one that is lost cannot be taken back."""
    columns = tables.certificate.c
    steps = [
        (DeadlineKind.RETURN, Card.HELD, (Event.RETURNED, Event.DESTROYED)),
        (DeadlineKind.DESTRUCTION, Card.RETURNED, (Event.DESTROYED,)),
    ]
    for kind, card, events in steps:
        known = [rules.events[event] for event in events if event in rules.events]
        if known:
            yield Source(
                kind=kind, rule=known[0].rule, part=tables.CARD, column=columns.since,
                further=columns.card == int(card),
            )  # fmt: skip


def _last_end(now: int, months: int) -> int:
    """Give the latest end of a validity whose renewal can be asked for now.

    An end is the start of a day. Its window opens some months before it (`lifecycle`), where the 31st becomes
    a shorter month's last day: so several ends can have windows that open on the same day.
    """
    first = add_months(now, months)
    return max(end for end in range(first, first + 4 * _DAY, _DAY) if add_months(end, -months) <= now)


def _reissue_note(rules: Jurisdiction) -> Words:
    wait = rules.loss.reissue_after_days
    if not wait:
        return Words(zh="可以补办，不必等公告期满", en="it may be reissued before that")
    if wait == rules.loss.notice_days:
        return Words(zh="期满后可以补办", en="it may be reissued then")
    return Words(
        zh=f"报失{wait}日后可以补办", en=f"it may be reissued {wait} days after the loss was reported"
    )
