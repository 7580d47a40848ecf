"""The one writer of a process: many callers, one transaction for those that wait together.

A commit with synchronous=FULL and its two signatures cost the same for one piece of work as for fifty. So
pieces that wait while a commit is under way go into the next one together. Each is still all or nothing by
itself, and is answered only after the commit that it is in.
"""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import Any, Final, TypeVar

from verifier.certificate.errors import LiangzhengError
from verifier.register.database import as_register_error
from verifier.register.ledger import Ledger

T = TypeVar("T")
MOST_TOGETHER: Final = 64
"""Pieces of one transaction: a bound on how long the first of them waits for the others."""
MOST_WAITING: Final = 4_096
"""Pieces that may wait; above that the caller is told to come back."""

_Piece = tuple[Callable[[Ledger], Any], "Future[Any]"]
_Outcome = tuple[Any, BaseException | None]


class OverloadedError(LiangzhengError):
    """More waits to be written than can be written soon."""


class Writer:
    """Writes what it is given, in the order in which it comes, from one thread.

    Args:
        ledger: opens a batch.
    """

    def __init__(self, ledger: Callable[[], AbstractContextManager[Ledger]]) -> None:
        self._ledger = ledger
        self._waiting: queue.Queue[_Piece | None] = queue.Queue(MOST_WAITING)
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[Ledger], T]) -> "Future[T]":
        """Have a piece of work done.

        Args:
            work: all of what it writes is in force after the commit, or none where it raises; it may be
                called twice, if another piece beside it fails, and what it did the first time is taken back.

        Returns:
            Its result, once it is committed; else what it raised, or what kept the batch from being written.

        Raises:
            OverloadedError: too much waits; nothing was done.
        """
        future: Future[T] = Future()
        try:
            self._waiting.put_nowait((work, future))
        except queue.Full as error:
            raise OverloadedError("too many writes are waiting") from error
        return future

    @property
    def is_alive(self) -> bool:
        """Whether what is submitted will be written."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Write what waits, and end."""
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (first := self._waiting.get()) is not None:
            pieces, ends = [first], False
            while len(pieces) < MOST_TOGETHER and not self._waiting.empty():
                piece = self._waiting.get()
                if piece is None:
                    ends = True
                    break
                pieces.append(piece)
            self._write([piece for piece in pieces if piece[1].set_running_or_notify_cancel()])
            if ends:
                return

    def _write(self, pieces: list[_Piece]) -> None:
        try:
            try:
                done = self._all(pieces)
            except Exception:  # noqa: BLE001 # one of them failed, and all were taken back: told apart below
                done = self._each(pieces)
        except Exception as error:  # noqa: BLE001 # handed to those who asked: nothing was written
            for _, future in pieces:
                future.set_exception(error)
            return
        for (_, future), (result, failure) in zip(pieces, done, strict=True):
            if failure is None:
                future.set_result(result)
            else:
                future.set_exception(failure)

    def _all(self, pieces: list[_Piece]) -> list[_Outcome]:
        """Do all pieces, or none: nearly always there is nothing to take back, and savepoints cost time."""
        with self._ledger() as ledger:
            return [(work(ledger), None) for work, _ in pieces]

    def _each(self, pieces: list[_Piece]) -> list[_Outcome]:
        """Do each piece so that its failure is its own."""
        done: list[_Outcome] = []
        with self._ledger() as ledger:
            for work, _ in pieces:
                try:
                    with as_register_error(), ledger.apart():
                        result = work(ledger)
                except Exception as error:  # noqa: BLE001 # handed to whoever asked for the work
                    done.append((None, error))
                else:  # what it left to be written is written as well: only now is it done
                    done.append((result, None))
        return done
