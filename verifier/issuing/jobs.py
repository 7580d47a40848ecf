"""Imports of tables as jobs: a table is kept, read, and applied in one transaction, whatever is killed.

A job is queued with the answer to its request. One thread runs the jobs in their order; what they did, and
that they have ended, is one commit, so that a job that was cut off runs again and does nothing twice.
"""

import json
import logging
import queue
import threading
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, insert, select, update

from keys.files import remove_file, write_private
from verifier.certificate.errors import LiangzhengError
from verifier.certificate.jurisdictions import jurisdiction_of
from verifier.issuing import imports, proposals, proposed
from verifier.issuing.forms import Form
from verifier.issuing.imports import ImportPlan
from verifier.issuing.issuance import terms_of
from verifier.issuing.proposals import Means
from verifier.issuing.proposed import Wish
from verifier.issuing.steps import shown
from verifier.register import authorities, clients, tables
from verifier.register.actors import Actor
from verifier.register.database import Database, RegisterError
from verifier.register.errors import NotFoundError
from verifier.register.ledger import Ledger

MOST_NAMED: Final = 1_000
"""Rows that a report names one by one: refused ones, and those of a dry run."""
_OPEN: Final = ("queued", "running")
_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOptions:
    """How a table is to be taken."""

    agency: str | None = None
    valid_from: int | None = None
    dry_run: bool = False
    accept_good: bool = False


@dataclass(slots=True)
class Progress:
    """How far the job that runs is, in rows."""

    read: int = 0
    done: int = 0


class Jobs:
    """The jobs of one process.

    Args:
        database: the register.
        ledger: opens a batch.
        means: what it takes to issue.
        folder: where tables wait; private.
        clock: gives the time.
    """

    def __init__(
        self,
        *,
        database: Database,
        ledger: Callable[[], AbstractContextManager[Ledger]],
        means: Means,
        folder: Path,
        clock: Callable[[], float],
    ) -> None:
        self._database, self._ledger, self._means = database, ledger, means
        self._folder, self._clock = folder, clock
        self._waiting: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._progress: dict[str, Progress] = {}
        self._thread = threading.Thread(target=self._run, name="imports", daemon=True)

    def start(self) -> None:
        """Go on with what was cut off, and wait for more."""
        columns = tables.job.c
        with self._database.reading() as connection:
            query = select(columns.id).where(columns.state.in_(_OPEN)).order_by(columns.time, columns.id)
            for job in connection.scalars(query):
                self._waiting.put(job)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether what is queued will be taken up."""
        return self._thread.is_alive()

    def close(self) -> None:
        """End after the job that runs; those that wait are taken up at the next start."""
        self._waiting.put(None)
        self._thread.join()

    def keep(self, job: str, table: bytes) -> None:
        """Keep a table for a job, durably and privately."""
        write_private(self._folder / job, table)

    def forget(self, job: str) -> None:
        """Remove a table that no job needs."""
        remove_file(self._folder / job)

    def queued(self, job: str) -> None:
        """Take up a job whose row is committed."""
        self._waiting.put(job)

    def progress_of(self, job: str) -> Progress:
        """Tell how far a job is that has not ended."""
        return self._progress.get(job, Progress())

    def _run(self) -> None:
        while (job := self._waiting.get()) is not None:
            self._progress[job] = Progress()
            try:
                self._take(job, self._progress[job])
                self.forget(job)
            except _EndedError:
                pass
            except RegisterError:  # it stays queued, and is taken up at the next start
                _log.exception("import %s could not be written", job)
            except Exception as error:  # noqa: BLE001 # a fault of ours: this job ends, those after it go on
                self._give_up(job, error)
            finally:
                del self._progress[job]

    def _give_up(self, job: str, error: Exception) -> None:
        """End a job that no start could finish; of the error, the log gets nothing that it may quote."""
        where = "".join(traceback.format_tb(error.__traceback__))
        _log.error("import %s failed: %s\n%s", job, type(error).__name__, where)
        try:
            with self._ledger() as ledger:
                _end(ledger.connection, job, "refused", {"detail": "The import failed: a fault of ours."})
            self.forget(job)
        except LiangzhengError:
            _log.exception("import %s could not be ended", job)

    def _take(self, job: str, progress: Progress) -> None:
        with self._database.reading() as connection:
            row = connection.execute(select(tables.job).where(tables.job.c.id == job)).first()
            if row is None or row.state not in _OPEN:  # without a row, its commit has failed
                return
            actor = clients.by_id(connection, row.client).actor
            issuer = authorities.issuer_of(connection, row.issuer)
        options = JobOptions(**json.loads(row.options))
        now = int(self._clock())

        def on_read(rows: int) -> None:
            progress.read += rows

        try:
            terms = terms_of(issuer, self._means.base_url, valid_from=options.valid_from or now)
            plan = imports.plan(
                self._folder / job,
                rules=jurisdiction_of(issuer.area),
                terms=terms,
                agency=options.agency or actor.agency,
                progress=on_read,
            )
            proposes = actor.agency is not None and plan.form is not Form.CLEAN_UP
            # What is proposed must be possible for the issuer, who decides on it.
            judged = Actor(name=actor.name, authority=issuer.code) if proposes else actor
            with self._database.reading() as connection:
                plan.compare(connection, actor=judged, now=now, asker=actor)
            with self._ledger() as ledger:
                report = _report(plan, options)
                if report["accepted"] and not options.dry_run:
                    do = self._propose if proposes else self._apply
                    do(ledger, plan, actor, progress, now)
                _end(ledger.connection, job, "done" if report["accepted"] else "refused", report)
        except (RegisterError, _EndedError):
            raise
        except LiangzhengError as error:
            with self._ledger() as ledger:
                _end(ledger.connection, job, "refused", {"detail": str(error)})

    def _apply(self, ledger: Ledger, plan: ImportPlan, actor: Actor, progress: Progress, now: int) -> None:
        def on_done(rows: int) -> None:
            progress.done += rows

        imports.apply(ledger, plan, signer_of=self._means.signer_of, actor=actor, now=now, progress=on_done)

    def _propose(self, ledger: Ledger, plan: ImportPlan, actor: Actor, progress: Progress, now: int) -> None:
        """An agency's table asks for certificates; its levels decide on each."""
        for step in plan.steps:
            wish = Wish(
                action=proposed.Action(step.action.value),
                number=step.number,
                order=step.order,
                change=step.change,
                reason=step.reason,
            )
            proposals.propose(ledger, [wish], means=self._means, actor=actor, now=now)
            progress.done += 1


def enter(
    connection: Connection, job: str, *, client: str, issuer: str, options: JobOptions, now: int
) -> None:
    """Enter a job; it is taken up after the commit."""
    connection.execute(
        insert(tables.job).values(
            id=job,
            client=client,
            time=now,
            issuer=issuer,
            agency=options.agency,
            options=json.dumps(
                {name: getattr(options, name) for name in JobOptions.__slots__}, ensure_ascii=False
            ),
            state="queued",
            read=0,
            done=0,
        )
    )


def by_id(connection: Connection, job: str, client: str) -> dict[str, Any]:
    """Give a job of a client: id, state, and its report once it has ended.

    Raises:
        NotFoundError: the client has no such job.
    """
    columns = tables.job.c
    row = connection.execute(
        select(columns.id, columns.state, columns.report).where(columns.id == job, columns.client == client)
    ).first()
    if row is None:
        raise NotFoundError(f"no import {job}")
    return {"id": row.id, "state": row.state, "report": json.loads(row.report) if row.report else None}


class _EndedError(LiangzhengError):
    """Another process has ended the job: what this one did with it is taken back."""


def _end(connection: Connection, job: str, state: str, report: dict[str, Any]) -> None:
    ended = connection.execute(
        update(tables.job)
        .where(tables.job.c.id == job, tables.job.c.state.in_(_OPEN))
        .values(state=state, report=json.dumps(report, ensure_ascii=False))
    )
    if not ended.rowcount:
        raise _EndedError("the import has ended")


def _report(plan: ImportPlan, options: JobOptions) -> dict[str, Any]:
    applies = bool(plan.steps) and (options.accept_good or not plan.refused)
    refused = [
        {"row": row.row, "reason": row.reason, **({"sheet": row.sheet} if row.sheet else {})}
        for row in plan.refused[:MOST_NAMED]
    ]
    diff = {"diff": [shown(step) for step in plan.steps[:MOST_NAMED]]} if options.dry_run else {}
    return {
        "form": plan.form,
        "rows": plan.rows,
        "accepted": len(plan.steps) if applies else 0,
        "refused": refused,
        "refused_in_all": len(plan.refused),
        "dry_run": options.dry_run,
        **diff,
    }
