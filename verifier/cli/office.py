"""The parts of the private side, put together from the settings: each is opened when it is first needed."""

import os
import pwd
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Final

from sqlalchemy import Connection

from keys.ring import Entry, KeyRing
from keys.signers import LocalSigner
from keys.trust import (
    DIRECTORY_TYPE,
    TRUST_TYPE,
    Purpose,
    RootKey,
    StatusLists,
    TrustError,
    TrustList,
    encode_directory,
    encode_trust,
)
from verifier.certificate import cose
from verifier.certificate.dates import add_months, iso
from verifier.cli import options
from verifier.issuing.issuance import Terms
from verifier.photos import PhotoStore, open_store
from verifier.register import authorities, indices
from verifier.register.actors import Actor
from verifier.register.authorities import Authorities, Published
from verifier.register.database import Database, open_database
from verifier.register.ledger import Ledger, writing
from verifier.settings import Settings
from verifier.status.follower import SignedLists

TRUST_MONTHS: Final = 13
"""How long a trust list holds; it should be published anew each year."""


class Office:
    """Settings, register, keys and trust list of this machine."""

    def __init__(self, settings: Settings, *, create: bool = False) -> None:
        self.settings = settings
        self._create = create

    @cached_property
    def database(self) -> Database:
        """The register."""
        return open_database(self.settings.register_url, create=self._create)

    @cached_property
    def photos(self) -> PhotoStore:
        """The photo store."""
        return open_store(self.settings.photos)

    @cached_property
    def ring(self) -> KeyRing:
        """The private keys."""
        return KeyRing(
            self.settings.keys_dir,
            passphrase_file=self.settings.passphrase_path,
            root_file=self.settings.root_key_file,
        )

    @cached_property
    def root(self) -> RootKey:
        """The pinned root key."""
        return read_root(self.settings)

    @cached_property
    def status_signer(self) -> LocalSigner:
        """The key that signs the heads of the log."""
        return self.ring.signer(Purpose.STATUS)

    @property
    def actor(self) -> Actor:
        """The operator, as the events will have it: by the account, not by what the environment says."""
        try:
            return Actor(name=f"cli:{pwd.getpwuid(os.getuid()).pw_name}")
        except KeyError:
            return Actor(name=f"cli:uid-{os.getuid()}")

    def trust(self) -> TrustList:
        """The published trust list.

        Raises:
            TrustError: none was published, or it does not hold under the pinned root.
        """
        with self.database.reading() as connection:
            return self.trust_in(connection)

    def trust_in(self, connection: Connection) -> TrustList:
        """The published trust list as a connection sees it.

        Raises:
            TrustError: as `trust`.
        """
        trust = self.published(connection)
        if trust is None:
            raise TrustError("no trust list was published yet: run `liangzheng keys trust`")
        return trust

    @cached_property
    def published(self) -> Published:
        """The published trust list, opened once for each version."""
        return Published(lambda: self.root)

    @contextmanager
    def ledger(self, now: int) -> Iterator[Ledger]:
        """Write to the register: all of the block or nothing."""
        with writing(self.database, self.status_signer, trust=self.published, now=now) as ledger:
            yield ledger

    def remark_on(self, terms: Terms, agencies: Collection[str | None], now: int) -> None:
        """Say what was issued as asked for, and is hardly what was meant."""
        if terms.valid_until <= now:
            options.note(f"note: what begins on {iso(terms.valid_from)} has expired already")
        with self.database.reading() as connection:
            listed = {(agency.issuer, agency.name) for agency in authorities.agencies(connection)}
        for agency in sorted({name for name in agencies if name and (terms.issuer, name) not in listed}):
            options.note(f"note: {agency} is in no directory; complaints about it go to the issuer")

    def publishable(self, issuers: set[str]) -> list[Entry]:
        """Give the keys that belong to an issuer of the register, and those that belong to none."""
        return [entry for entry in self.ring.entries() if entry.issuer is None or entry.issuer in issuers]

    def publish_trust(self, now: int, listed: Authorities | None = None) -> TrustList:
        """Sign the trust list and the directory of what the register and the ring hold, and publish them.

        Nothing is published that a verifier would refuse.

        Args:
            now: the time.
            listed: authorities and agencies to enter first.

        Returns:
            The new trust list.

        Raises:
            TrustError: it would be empty, too large, or not by the pinned root.
        """
        root = self.ring.root()
        with self.ledger(now) as ledger:
            if listed is not None:
                authorities.enter(ledger.connection, listed)
            lists = self._sign_lists(ledger, root, now)
            published = TrustList.open(*lists, self.root)
            if ledger.trust is not None:
                published.require_successor_of(ledger.trust)
            authorities.publish(ledger.connection, lists, version=published.version, now=now)
            ledger.trust = published
        return published

    def _sign_lists(self, ledger: Ledger, root: LocalSigner, now: int) -> SignedLists:
        connection = ledger.connection
        issuers = authorities.issuers(connection)
        shared = {
            "version": authorities.newest_version(connection) + 1,
            "issued": now,
            "ends": add_months(now, TRUST_MONTHS),
        }
        trust = encode_trust(
            **shared,
            issuers=issuers,
            keys=[entry.public_key() for entry in self.publishable({issuer.code for issuer in issuers})],
            status_lists=StatusLists(uri=f"{self.settings.address}/status/{{list}}", size=indices.LIST_SIZE),
        )
        directory = encode_directory(**shared, agencies=authorities.agencies(connection))
        return SignedLists(
            cose.sign_document(trust, typ=TRUST_TYPE, signer=root),
            cose.sign_document(directory, typ=DIRECTORY_TYPE, signer=root),
        )


def read_root(settings: Settings) -> RootKey:
    """Read the pinned root key.

    Raises:
        TrustError: it is missing or out of form.
    """
    try:
        return RootKey.from_pem(settings.root_key_file.read_bytes())
    except OSError as error:
        raise TrustError(
            f"no root key at {settings.root_key_file}: run `liangzheng demo` or `keys create`"
        ) from error


def seconds_now() -> int:
    """Read the clock, once in each command."""
    return int(time.time())
