"""The tables of the register. Their history is in `migrations`; a test compares the two.

`event` and `log` are append-only and chained by hash; the state columns of `certificate` are a projection,
written in the same transaction as the event that they come from.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    text,
)

METADATA: Final = MetaData()
# SQLite gives a rowid, and with it speed, to INTEGER alone.
_Id = BigInteger().with_variant(Integer, "sqlite")

authority = Table(
    "authority",
    METADATA,
    Column("code", String(18), primary_key=True),
    Column("name", String(120), nullable=False),
    Column("area", String(6), nullable=False),
    Column("level", String(120), nullable=False),
    Column("complaint_body", String(120), nullable=False),
    Column("complaint_phone", String(120), nullable=False),
    Column("complaint_url", String(200), nullable=False),
)

agency = Table(
    "agency",
    METADATA,
    Column("issuer", ForeignKey("authority.code"), primary_key=True),
    Column("name", String(120), primary_key=True),
    Column("complaint_body", String(120), nullable=False),
    Column("complaint_phone", String(120), nullable=False),
    Column("complaint_url", String(200), nullable=False),
)

certificate = Table(
    "certificate",
    METADATA,
    Column("id", _Id, primary_key=True, autoincrement=False),
    Column("issuer", ForeignKey("authority.code"), nullable=False),
    Column("number", String(32), nullable=False),
    Column("kind", SmallInteger, nullable=False),
    Column("holder", String(120)),
    Column("agency", String(120)),
    Column("categories", String, nullable=False),  # JSON array of texts
    Column("area", String(120)),
    Column("powers", SmallInteger, nullable=False),
    Column("valid_from", BigInteger, nullable=False),
    Column("valid_until", BigInteger, nullable=False),
    Column("photo", LargeBinary(12)),
    Column("restricted", Boolean, nullable=False),
    # The projection of its events.
    Column("state", SmallInteger, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger),
    Column("reason", SmallInteger, nullable=False),
    Column("event", _Id, nullable=False),
)
# Named by issuer and number; at most one of that name is in force (3: revoked).
Index(
    "certificate_in_force",
    certificate.c.issuer,
    certificate.c.number,
    unique=True,
    sqlite_where=text("state <> 3"),
    postgresql_where=text("state <> 3"),
)
Index("certificate_number", certificate.c.number)

# For the public officer list and its searches. What the list leaves out for ever is not in them; the dates
# are, so that whole runs of expired certificates are passed over without looking at their rows; the first
# has all that counting asks for.
LISTED: Final = "state <> 3 AND NOT restricted"
Index(
    "certificate_by_agency",
    certificate.c.issuer,
    certificate.c.agency,
    certificate.c.number,
    certificate.c.valid_from,
    certificate.c.valid_until,
    certificate.c.state,
    certificate.c.until,
    certificate.c.restricted,
    sqlite_where=text(LISTED),
    postgresql_where=text(LISTED),
)
Index(
    "certificate_by_agency_and_holder",
    certificate.c.issuer,
    certificate.c.agency,
    certificate.c.holder,
    certificate.c.number,
    certificate.c.valid_until,
    sqlite_where=text(LISTED),
    postgresql_where=text(LISTED),
)
Index(
    "certificate_by_holder",
    certificate.c.issuer,
    certificate.c.holder,
    certificate.c.number,
    certificate.c.valid_until,
    sqlite_where=text(LISTED),
    postgresql_where=text(LISTED),
)

particulars = Table(
    "particulars",
    METADATA,
    Column("certificate", ForeignKey("certificate.id"), primary_key=True, autoincrement=False),
    Column("id_number", String(18)),
    Column("enforcement_types", String, nullable=False),  # JSON array of texts
    Column("qualification", String(120)),
    comment="what the register knows of a holder and the public never sees",
)

code = Table(
    "code",
    METADATA,
    Column("status_list", Integer, primary_key=True, autoincrement=False),
    Column("idx", Integer, primary_key=True, autoincrement=False),
    Column("certificate", ForeignKey("certificate.id"), nullable=False, index=True),
    Column("digest", LargeBinary(12), nullable=False),
    Column("signed", LargeBinary(424), nullable=False),
)

event = Table(
    "event",
    METADATA,
    Column("id", _Id, primary_key=True, autoincrement=False),
    Column("certificate", ForeignKey("certificate.id"), nullable=False, index=True),
    Column("event", String(20), nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("actor", String(120), nullable=False),
    Column("reason", String(40), nullable=False),
    Column("until", BigInteger),
    Column("digest", LargeBinary(12), nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
)
# For the public notices, the newest first; nearly all events are of no such kind.
NOTIFIED: Final = "event IN ('lost', 'withdrawn', 'cancelled', 'replaced')"
Index(
    "event_notified",
    event.c.time,
    sqlite_where=text(NOTIFIED),
    postgresql_where=text(NOTIFIED),
)

status_list = Table(
    "status_list",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("size", Integer, nullable=False),
    Column("given", Integer, nullable=False),
    Column("permutation", LargeBinary, nullable=False),
)

log = Table(
    "log",
    METADATA,
    Column("sequence", _Id, primary_key=True, autoincrement=False),
    Column("status_list", Integer, nullable=False),
    Column("idx", Integer, nullable=False),
    Column("state", SmallInteger, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("reason", SmallInteger, nullable=False),
    Column("digest", LargeBinary(12), nullable=False),
    Column("chain", LargeBinary(32), nullable=False),
    Column("event", _Id, nullable=False),
)

Index("log_code", log.c.status_list, log.c.idx)

head = Table(
    "head",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),  # always 1
    Column("epoch", LargeBinary(16), nullable=False),
    Column("sequence", _Id, nullable=False),
    Column("chain", LargeBinary(32), nullable=False),
    Column("signed", LargeBinary, nullable=False),
    Column("events", LargeBinary, nullable=False),  # how far the events go, signed likewise; for the audit
)

publication = Table(
    "publication",
    METADATA,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("time", BigInteger, nullable=False),
    Column("trust", LargeBinary, nullable=False),
    Column("directory", LargeBinary, nullable=False),
)
