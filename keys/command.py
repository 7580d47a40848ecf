"""Keys behind a program of the operator's, for a key management service (docs/signers.md).

The program is kept running, and asked line by line, with values in hexadecimal: `create NAME` → `ok X Y`,
`sign NAME DIGEST` → `ok SIGNATURE`, or `error TEXT`. One that hangs, ends or talks nonsense is ended, and
started anew by the next call; the call that met it fails.
"""

import os
import re
import selectors
import subprocess
import threading
import time
from collections.abc import Sequence
from functools import partial
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec

from keys.signers import ANSWER_SECONDS, Made, RemoteSigner, SignerError

SCHEME: Final = "command:"
_LONGEST_ANSWER: Final = 1_024
_OWN: Final = "LIANGZHENG_"
_NAME: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}", re.ASCII)
_PUBLIC: Final = re.compile(r"([0-9a-f]{64}) ([0-9a-f]{64})", re.ASCII)
_SIGNATURE: Final = re.compile(r"([0-9a-f]{64})([0-9a-f]{64})", re.ASCII)


class CommandStore:
    """A program that makes keys and signs with them.

    Args:
        command: the program and its arguments; run without a shell.
        seconds: how long it may take for an answer.
    """

    def __init__(self, command: Sequence[str], *, seconds: float = ANSWER_SECONDS) -> None:
        self._command = tuple(command)
        self._seconds = seconds
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def create(self, name: str) -> Made:
        """Have the program make a key of that name.

        Raises:
            SignerError: it cannot, or the name is out of form.
        """
        if not _NAME.fullmatch(name):
            raise SignerError("a key's name has 1 to 64 letters, digits, '.', '_' and '-'")
        x, y = self._ask(f"create {name}", _PUBLIC)
        try:
            public = ec.EllipticCurvePublicNumbers(int(x, 16), int(y, 16), ec.SECP256R1()).public_key()
        except ValueError as error:
            raise SignerError("the signing program gave a key that is not on P-256") from error
        return Made(SCHEME + name, public)

    def open(self, location: str, public: ec.EllipticCurvePublicKey) -> RemoteSigner:
        """Give the signer of a key.

        Raises:
            SignerError: the location is out of form.
        """
        name = location.removeprefix(SCHEME)
        if not location.startswith(SCHEME) or not _NAME.fullmatch(name):
            raise SignerError("the key's location is out of form")
        return RemoteSigner(public, partial(self.sign, name))

    def sign(self, name: str, digest: bytes) -> tuple[int, int]:
        """Have a key sign a digest; give r and s as they came.

        Raises:
            SignerError: it cannot.
        """
        r, s = self._ask(f"sign {name} {digest.hex()}", _SIGNATURE)
        return int(r, 16), int(s, 16)

    def close(self) -> None:
        """End the program."""
        with self._lock:
            self._end()

    def _ask(self, question: str, form: re.Pattern[str]) -> tuple[str, ...]:
        with self._lock:
            answer = self._answer(question)
            if answer.startswith("error "):
                raise SignerError(f"the signing program says: {_printable(answer[6:])}")
            found = form.fullmatch(answer.removeprefix("ok ")) if answer.startswith("ok ") else None
            if found is None:
                self._end()  # whatever it says next may be the answer to something else
                raise SignerError("the signing program gave an answer out of form")
        return found.groups()

    def _answer(self, question: str) -> str:
        """Get an answer, or end the program."""
        try:
            return self._exchange(question)
        except SignerError:
            self._end()
            raise
        except (OSError, ValueError) as error:
            self._end()
            raise SignerError("the signing program cannot be run, or ended") from error

    def _exchange(self, question: str) -> str:
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(question.encode("ascii") + b"\n")
        process.stdin.flush()
        answer, deadline = bytearray(), time.monotonic() + self._seconds
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while not answer.endswith(b"\n"):
                left = deadline - time.monotonic()
                if left <= 0 or not selector.select(left):
                    raise SignerError(f"the signing program gave no answer in {self._seconds:g} seconds")
                part = os.read(process.stdout.fileno(), _LONGEST_ANSWER)
                answer += part
                if not part or len(answer) > _LONGEST_ANSWER:
                    raise SignerError("the signing program ended, or says too much")
        return answer[:-1].decode("ascii")

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._end()
            others = {name: value for name, value in os.environ.items() if not name.startswith(_OWN)}
            self._process = subprocess.Popen(  # noqa: S603 # the operator's own program, as set
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=others,
            )
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                assert pipe is not None
                try:
                    pipe.close()
                except OSError:  # a question that it never read is lost with it
                    continue


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text[:200])
