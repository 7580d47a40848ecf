"""The parts of the private side, put together from the settings: each is opened when it is first needed."""

import os
import pwd
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import cached_property

from sqlalchemy import Connection

from keys.custody import RootCustody, Unsigned
from keys.files import PassphraseFile
from keys.ring import KeyRing
from keys.roots import Roots, TrustError
from keys.rotation import Known
from keys.signers import KeySigner, KeyStore
from keys.trust import Purpose, SignedLists, TrustList
from verifier.certificate.dates import iso
from verifier.certificate.errors import LiangzhengError
from verifier.cli import options
from verifier.cli.key_stores import open_key_store
from verifier.cli.publishing import unsigned_lists
from verifier.issuing.issuance import Terms
from verifier.issuing.status_publication import StatusPublisher
from verifier.photos import PhotoStore, open_store
from verifier.register import authorities
from verifier.register.actors import Actor
from verifier.register.authorities import Authorities, Published
from verifier.register.database import Database, open_database
from verifier.register.ledger import Ledger, writing
from verifier.settings import Settings


class Office:
    """Settings, register, keys and trust list of this machine.

    Args:
        settings: as they were read.
        create: make the register where there is none.
        clock: tells which keys have come to sign, in seconds since 1970.
    """

    def __init__(
        self, settings: Settings, *, create: bool = False, clock: Callable[[], float] = time.time
    ) -> None:
        self.settings = settings
        self._create = create
        self._clock = clock
        self._stores: dict[str, KeyStore] = {}

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
        """The private keys but the root."""
        return KeyRing(self.settings.keys_dir, passphrase=self._passphrase, stores=self._store)

    def _store(self, scheme: str) -> KeyStore:
        """Open a place for keys other than files."""
        if scheme not in self._stores:
            self._stores[scheme] = open_key_store(scheme, self.settings)
        return self._stores[scheme]

    @cached_property
    def custody(self) -> RootCustody:
        """The root key, where it is here."""
        return RootCustody(
            self.settings.keys_dir, passphrase=self._passphrase, root_file=self.settings.root_key_file
        )

    @property
    def _passphrase(self) -> PassphraseFile:
        return PassphraseFile(self.settings.passphrase_path)

    @property
    def roots(self) -> Roots:
        """The pinned root keys."""
        return read_roots(self.settings)

    def certificate_signer(self, issuer: str, kind: int = 0) -> KeySigner:
        """Open the key that signs an issuer's certificates of a kind: the newest that verifiers know.

        Raises:
            RotationError: there is none.
            KeyFileError: it cannot be opened.
        """
        return self.ring.signer(Purpose.CERTIFICATE, issuer, kind, now=self.now, known=self.known())

    def status_signer(self) -> KeySigner:
        """Open the key that signs messages about the status of certificates.

        Raises:
            RotationError: there is none.
            KeyFileError: it cannot be opened.
        """
        return self.ring.signer(Purpose.STATUS, now=self.now, known=self.known())

    def known(self) -> Known:
        """The kids that verifiers know."""
        with self.database.reading() as connection:
            return _kids(self.published(connection))

    @property
    def now(self) -> int:
        """The time."""
        return int(self._clock())

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
        return Published(lambda: self.roots)

    @contextmanager
    def ledger(self, now: int) -> Iterator[Ledger]:
        """Write to the register: all of the block or nothing."""
        with writing(self.database, self._status_signer_under, trust=self.published, now=now) as ledger:
            yield ledger

    @contextmanager
    def recording(self, now: int) -> Iterator[Ledger]:
        """Write to the register as a command does: with the status lists behind it, as far as that works."""
        with self.ledger(now) as ledger:
            yield ledger
        self.publish_status_lists(self.now)  # by now much may have been published by others

    def publish_status_lists(self, now: int) -> None:
        """Bring the status lists up to date. What was recorded before stands, whatever comes of it."""
        try:
            self.status_publisher.publish(now)
        except LiangzhengError as error:
            options.note(f"note: the status lists were not published: {error}")

    @cached_property
    def status_publisher(self) -> StatusPublisher:
        """Publishes the status lists."""
        return StatusPublisher(self.database, self.published, self._status_signer_under)

    def _status_signer_under(self, trust: TrustList | None) -> KeySigner:
        return self.ring.signer(Purpose.STATUS, now=self.now, known=_kids(trust))

    def remark_on(self, terms: Terms, agencies: Collection[str | None], now: int) -> None:
        """Say what was issued as asked for, and is hardly what was meant."""
        if terms.valid_until <= now:
            options.note(f"note: what begins on {iso(terms.valid_from)} has expired already")
        with self.database.reading() as connection:
            listed = {(agency.issuer, agency.name) for agency in authorities.agencies(connection)}
        for agency in sorted({name for name in agencies if name and (terms.issuer, name) not in listed}):
            options.note(f"note: {agency} is in no directory; complaints about it go to the issuer")

    def prepare_trust(
        self, now: int, listed: Authorities | None = None, *, version: int | None = None
    ) -> Unsigned:
        """Write the next lists for a root that is elsewhere.

        Args:
            now: when they begin.
            listed: authorities and agencies to enter first.
            version: theirs; by default the next.

        Raises:
            TrustError: they would be empty, or two keys have the same kid.
        """
        with self.database.writing() as connection:
            if listed is not None:
                authorities.enter(connection, listed)
            return self._unsigned(connection, now, version)

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
        self.custody.signer()  # where there is no root, nothing is entered
        with self.ledger(now) as ledger:
            if listed is not None:
                authorities.enter(ledger.connection, listed)
            lists = self.custody.sign(self._unsigned(ledger.connection, now, None))
            published = self._publish(ledger, lists, now)
        self._take_over(published, now)
        self.publish_status_lists(now)
        return published

    def publish_signed(self, lists: SignedLists, now: int) -> TrustList:
        """Publish lists that a root elsewhere signed.

        Raises:
            TrustError: a verifier would refuse them.
        """
        with self.ledger(now) as ledger:
            published = self._publish(ledger, lists, now)
        self._take_over(published, now)
        self.publish_status_lists(now)
        return published

    def _publish(self, ledger: Ledger, lists: SignedLists, now: int) -> TrustList:
        published = TrustList.open(lists, self.roots)
        if published.ends <= now:
            raise TrustError("the trust list has expired already")
        if ledger.trust is not None:
            published.require_successor_of(ledger.trust)
            if published.version == ledger.trust.version:
                raise TrustError(f"trust list {published.version} was published already")
        authorities.publish(ledger.connection, lists, version=published.version, now=now)
        ledger.trust = published
        return published

    def _take_over(self, published: TrustList, now: int) -> None:
        """Write down what follows from the list that verifiers know now."""
        self.ring.settle(now, _kids(published))
        if len(self.roots.pinned) > 1 and self.custody.is_here:
            self.custody.export()  # whoever pins the new root needs the old one no more

    def _unsigned(self, connection: Connection, now: int, version: int | None) -> Unsigned:
        everything = [entry.kid for entry in self.ring.entries()]
        newest = authorities.newest_version(connection)
        return unsigned_lists(
            connection,
            self.ring.settled(now, everything),
            address=self.settings.address,
            now=now,
            version=newest + 1 if version is None else version,
        )


def _kids(trust: TrustList | None) -> Known:
    return {kid.hex() for kid in trust.keys} if trust else ()


def read_roots(settings: Settings) -> Roots:
    """Read the pinned root keys.

    Raises:
        TrustError: it is missing or out of form.
    """
    try:
        return Roots.from_pem(settings.root_key_file.read_bytes())
    except OSError as error:
        raise TrustError(
            f"no root key at {settings.root_key_file}: run `liangzheng demo` or `keys create`"
        ) from error


def seconds_now() -> int:
    """Read the clock, once in each command."""
    return int(time.time())
