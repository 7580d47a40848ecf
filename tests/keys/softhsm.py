"""Real tokens: SoftHSM2's, in a directory of the tests' own."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from keys.pkcs11 import TokenStore

PIN = "739184"
_MODULES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
)


def module() -> Path:
    return next(Path(each) for each in _MODULES if Path(each).exists())


class SoftHsm:
    """A machine's token reader; the library looks for its tokens where `SOFTHSM2_CONF` says."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.tokens = directory / "tokens"
        self.tokens.mkdir(parents=True)
        self.configuration = directory / "softhsm2.conf"
        self.configuration.write_text(f"directories.tokendir = {self.tokens}\nlog.level = ERROR\n")
        self.pin_file = directory / "pin"
        self.pin_file.write_text(PIN + "\n")
        self.pin_file.chmod(0o600)
        self.environment = {
            "LIANGZHENG_PKCS11_MODULE": str(module()),
            "LIANGZHENG_PKCS11_PIN_FILE": str(self.pin_file),
            "SOFTHSM2_CONF": str(self.configuration),
        }

    def make_token(self, label: str) -> None:
        before = set(self.tokens.iterdir())
        subprocess.run(
            [
                "softhsm2-util",
                "--init-token",
                "--free",
                "--label",
                label,
                "--pin",
                PIN,
                "--so-pin",
                "57239184",
            ],
            env=os.environ | self.environment,
            check=True,
            capture_output=True,
        )
        (made,) = set(self.tokens.iterdir()) - before
        (self.directory / label).symlink_to(made)

    @contextmanager
    def without(self, label: str) -> Iterator[None]:
        """Take a token out of the reader."""
        place = (self.directory / label).readlink()
        away = self.directory / "away"
        place.rename(away)
        try:
            yield
        finally:
            away.rename(place)

    def destroy(self, label: str) -> None:
        """Break a token for good."""
        shutil.rmtree((self.directory / label).readlink())

    def store(self) -> TokenStore:
        return TokenStore(module=module(), pin_file=self.pin_file)
