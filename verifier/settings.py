"""Settings: read once from the environment (`LIANGZHENG_…`), strictly. Each is in the README's table."""

import os
import re
import shlex
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from verifier import photos
from verifier.certificate.errors import LiangzhengError

PREFIX: Final = "LIANGZHENG_"
DEFAULT_BASE_URL: Final = "http://127.0.0.1:8000"


# Letters of either case, so that it fits the alphanumeric mode of a QR.
_ADDRESS: Final = re.compile(r"https?://[0-9a-z.-]+(:[0-9]{1,5})?", re.ASCII | re.IGNORECASE)


class SettingsError(LiangzhengError, ValueError):
    """A setting is unknown or wrong. The message names it, and never repeats its value."""


def _address(url: str) -> str:
    address = url.rstrip("/")
    if not _ADDRESS.fullmatch(address):
        raise ValueError("must be http:// or https://, a host name, and a port or none; no path")
    return address


def _photo_store(location: str) -> str:
    if not photos.is_location(location):
        raise ValueError("must be a directory, or s3://bucket/prefix")
    return location


def _command(text: str) -> str:
    shlex.split(text)  # raises ValueError where a quotation is open
    return text


class Settings(BaseSettings):
    """All settings; in the embedded default each has a working default."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    data_dir: Path = Field(
        default=Path("data"), description="Where everything is kept that has no other place."
    )
    database_url: str = Field(default="", description="The register; default: an SQLite file in DATA_DIR.")
    base_url: Annotated[str, AfterValidator(lambda url: url and _address(url))] = Field(
        default="",
        description=f"Our public address; default: where `demo` last served, else {DEFAULT_BASE_URL}.",
    )
    root_key: Path = Field(
        default=Path(), description="The pinned root key, PEM; default: `root.pub.pem` in DATA_DIR."
    )
    passphrase_file: Path = Field(
        default=Path(),
        description="What the private keys are encrypted with; default: `keys/passphrase` in DATA_DIR.",
    )
    pkcs11_module: Path = Field(
        default=Path(), description="The PKCS#11 library of the tokens that hold keys; default: none."
    )
    pkcs11_pin_file: Path = Field(
        default=Path(), description="The user PIN of those tokens, in a file of mode 0600."
    )
    sign_command: Annotated[str, AfterValidator(_command)] = Field(
        default="", description="A program that signs for a key management service; default: none."
    )
    photo_store: Annotated[str, AfterValidator(_photo_store)] = Field(
        default="",
        description="A directory, or `s3://bucket/prefix`; default: `photos` in DATA_DIR.",
    )
    max_status_age: float = Field(
        default=10.0,
        gt=0,
        le=86_400,
        description="Seconds after which knowledge of the register no longer confirms.",
    )
    code_cache: int = Field(
        default=4_096, ge=0, le=1_000_000, description="Authenticated codes kept in memory, a worker."
    )
    look_ups_per_minute: int = Field(
        default=10,
        ge=1,
        le=10_000,
        description="Look-ups by number and name that one address may make, a worker.",
    )

    @property
    def register_url(self) -> str:
        """The register's database URL."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'register.sqlite').absolute()}"

    @property
    def address(self) -> str:
        """The address that codes carry and that scans are answered under."""
        if self.base_url:
            return self.base_url
        try:
            return _address(self._address_file.read_text(encoding="ascii").strip())
        except (OSError, ValueError):
            return DEFAULT_BASE_URL

    @property
    def is_address_known(self) -> bool:
        """Whether the address was set, or remembered from a demo."""
        return bool(self.base_url) or self._address_file.exists()

    @property
    def root_key_file(self) -> Path:
        """The pinned root key."""
        return self.data_dir / "root.pub.pem" if self.root_key == Path() else self.root_key

    @property
    def keys_dir(self) -> Path:
        """Where the private keys are."""
        return self.data_dir / "keys"

    @property
    def passphrase_path(self) -> Path:
        """The passphrase of the private keys."""
        return self.keys_dir / "passphrase" if self.passphrase_file == Path() else self.passphrase_file

    @property
    def sign_command_arguments(self) -> list[str]:
        """The signing program and its arguments; it is run without a shell."""
        return shlex.split(self.sign_command)

    @property
    def photos(self) -> str:
        """Where photos are, by digest: a directory or an S3 bucket."""
        return self.photo_store or str(self.data_dir / "photos")

    def remember_address(self, address: str) -> None:
        """Keep where the demo serves, so that codes drawn later lead there."""
        self._address_file.write_text(address + "\n", encoding="ascii")

    @property
    def _address_file(self) -> Path:
        return self.data_dir / "base-url"


def read() -> Settings:
    """Read the settings from the environment.

    Raises:
        SettingsError: one is unknown, or has no sense.
    """
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    unknown = sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)
    if unknown:
        raise SettingsError(f"unknown setting {unknown[0]}; known are {', '.join(sorted(known))}")
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise SettingsError(f"{PREFIX}{str(first['loc'][0]).upper()}: {first['msg']}") from None
