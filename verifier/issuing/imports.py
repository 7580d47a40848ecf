"""A table → steps → the register: all is checked before anything is written, and all is done or nothing."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from verifier.certificate.errors import LiangzhengError
from verifier.certificate.jurisdictions import Jurisdiction
from verifier.certificate.model import Kind
from verifier.issuing import issuance
from verifier.issuing.forms import Form
from verifier.issuing.issuance import IssuanceError, Order, Terms, require_issuable
from verifier.issuing.photos import PhotoError, prepare
from verifier.issuing.rosters import Application, Listed, Refused, Roster, read_roster
from verifier.issuing.steps import Action, Match, SignerOf, Situation, Step, step_of
from verifier.photos import PhotoStore
from verifier.register.actors import Actor
from verifier.register.certificates import unknown
from verifier.register.ledger import Ledger, Particulars
from verifier.register.listing import by_numbers

_PORTION: Final = 500
_Progress = Callable[[int], None]


def _nobody(_rows: int) -> None:
    """Tell nobody."""


@dataclass(slots=True, kw_only=True)
class ImportPlan:
    """What a table asks for, and what of it is refused."""

    form: Form
    rows: int
    terms: Terms
    steps: list[Step]
    """What is done, in the order of the rows; until `compare`, of new certificates only."""
    refused: list[Refused]
    photos: "PhotoSource | None" = None
    without_photo: int = 0
    waiting: list[Listed] = field(default_factory=list)
    """Rows whose step depends on what the register has."""

    @property
    def issues(self) -> bool:
        """Whether it is a table of new certificates, and no other."""
        return self.form in {Form.NEW_ISSUE, Form.OFFICER_LIST}

    def compare(
        self,
        connection: Connection,
        *,
        actor: Actor,
        now: int,
        reason: str | None = None,
        asker: Actor | None = None,
        progress: _Progress = _nobody,
    ) -> None:
        """Work out the steps against the register; refuse the rows that do not agree with it.

        Args:
            connection: an open connection; nothing is written.
            actor: who will apply it.
            now: when it will be applied.
            reason: the reason code of replacements; None: told by what changes.
            asker: who sent the table, where another decides on it: rows on what the asker may not see are
                refused as if there were none.
            progress: told how many rows were compared since the last call.
        """
        self._refuse_taken(connection)
        at = Situation(
            connection=connection, terms=self.terms, actor=actor, now=now, reason=reason, asker=asker
        )
        for portion in _portions(self.waiting):
            self._compare(portion, at)
            progress(len(portion))
        self.waiting = []
        self.refused.sort(key=lambda refused: (refused.sheet, refused.row))

    def _refuse_taken(self, connection: Connection) -> None:
        numbers = [step.number for step in self.steps]
        taken = issuance.taken_numbers(connection, self.terms.issuer, numbers)
        if taken:
            for step in self.steps:
                if step.number in taken:
                    reason = f"number {step.number} is already in the register"
                    self.refused.append(Refused(step.row, step.sheet, reason))
            self.steps = [step for step in self.steps if step.number not in taken]

    def _compare(self, portion: Sequence[Listed], at: Situation) -> None:
        known = by_numbers(at.connection, self.terms.issuer, [row.number for row in portion])
        for row in portion:
            try:
                if row.number not in known:
                    raise unknown(row.number, self.terms.issuer)
                match = Match(row, *known[row.number])
                step = step_of(match, at)
                restricted = match.found.certificate.restricted
                if step.change is not None and self._has_photo(row.number) and restricted:
                    raise PhotoError("a restricted certificate has no photo")
            except LiangzhengError as error:
                self.refused.append(Refused(row.row, row.sheet, str(error)))
            else:
                self.steps.append(step)

    def _has_photo(self, number: str) -> bool:
        if self.photos is None:
            return False
        has = self.photos.read(number) is not None
        self.without_photo += not has
        return has

    def take_photos(self) -> None:
        """Keep the photos. Decoding takes long, so it is done before the register is held."""
        if self.photos is not None:
            for at, step in enumerate(self.steps):
                if step.action in _MAKING:
                    self.steps[at] = step.with_photo(self.photos.take(step.number))


_MAKING: Final = frozenset({Action.ISSUE, Action.REPLACE, Action.REISSUE, Action.REMAKE})
"""The actions that bring a new certificate."""


@dataclass(frozen=True, slots=True)
class PhotoSource:
    """A folder of photos named by certificate number, and the store that they go to."""

    folder: Path
    store: PhotoStore

    def take(self, number: str) -> bytes | None:
        """Keep the photo of a number, if there is one, and give its digest.

        Raises:
            PhotoError: it cannot be used.
            PhotoStoreError: it cannot be kept.
        """
        photo = self.read(number)
        return self.store.keep(photo) if photo else None

    def read(self, number: str) -> bytes | None:
        """Give the photo of a number, if there is one, as it would be kept.

        Raises:
            PhotoError: it cannot be used.
        """
        for suffix in (".jpg", ".jpeg", ".png"):
            path = self.folder / f"{number}{suffix}"
            if path.is_file():
                return prepare(path.read_bytes())
        return None


def plan(
    file: Path,
    *,
    rules: Jurisdiction,
    terms: Terms,
    agency: str | None,
    photos: PhotoSource | None = None,
    progress: _Progress = _nobody,
) -> ImportPlan:
    """Read a table of any form and check each of its rows by itself; the register is not asked.

    Args:
        file: the table.
        rules: of the issuer's region.
        terms: on which its certificates are issued; those in place of others begin with them as well.
        agency: the enforcing body of the rows that name none.
        photos: where the photos of new certificates are.
        progress: told how many rows were read since the last call.

    Returns:
        The plan, to be compared with the register (`ImportPlan.compare`), and then applied.

    Raises:
        TableError: the file as a whole cannot be used.
    """
    seen = 0

    def on_rows(rows: int, _total: int | None) -> None:
        nonlocal seen
        progress(rows - seen)
        seen = rows

    roster = read_roster(file, rules=rules, agency=agency, progress=on_rows)
    made = ImportPlan(
        form=roster.form, rows=roster.rows, terms=terms, steps=[], refused=roster.refused, photos=photos
    )
    if made.issues:
        _plan_new(made, roster)
    else:
        made.waiting = [*roster.applications, *roster.clean_ups]
    return made


def _plan_new(made: ImportPlan, roster: Roster) -> None:
    for row in roster.applications:
        order = _order(row)
        try:
            require_issuable(order, made.terms)
            if made.photos is not None:
                made.without_photo += made.photos.read(order.number) is None
        except (IssuanceError, PhotoError) as error:
            made.refused.append(Refused(row.row, row.sheet, str(error)))
        else:
            made.steps.append(
                Step(
                    row=row.row,
                    sheet=row.sheet,
                    number=row.number,
                    agency=row.agency,
                    action=Action.ISSUE,
                    order=order,
                )
            )
    made.refused.sort(key=lambda refused: (refused.sheet, refused.row))


def apply(
    ledger: Ledger,
    plan: ImportPlan,
    *,
    signer_of: SignerOf,
    actor: Actor,
    now: int,
    progress: _Progress = _nobody,
) -> None:
    """Do what a compared plan says, in the one transaction of the ledger.

    Args:
        ledger: the open batch; the plan comes into force with its commit, or nothing of it does.
        plan: compared with the register, its photos taken.
        signer_of: opens the key of an issuer for a kind.
        actor: who does it.
        now: when.
        progress: told how many steps were done since the last call.

    Raises:
        LiangzhengError: something has changed since the comparison, or is not for this actor to do.
    """
    orders = [step.order for step in plan.steps if step.order is not None]
    if orders:
        signer = signer_of(plan.terms.issuer, Kind.ENFORCEMENT)
        issuance.issue(
            ledger, orders, terms=plan.terms, signer=signer, actor=actor, now=now, progress=progress
        )
    for step in plan.steps:
        if step.order is None:
            step.apply(ledger, terms=plan.terms, signer_of=signer_of, actor=actor, now=now)
            progress(1)


def _portions(rows: Sequence[Listed]) -> Iterator[Sequence[Listed]]:
    for at in range(0, len(rows), _PORTION):
        yield rows[at : at + _PORTION]


def _order(row: Application) -> Order:
    return Order(
        number=row.number,
        holder=row.holder,
        agency=row.agency,
        categories=row.categories,
        area=row.area,
        particulars=Particulars(
            id_number=row.id_number,
            enforcement_types=row.enforcement_types,
            qualification=row.qualification,
        ),
    )
