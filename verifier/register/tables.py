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
    UniqueConstraint,
    false,
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
    Column("area", String(6)),  # GB/T 2260; None: the issuer's own
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
    Column("replaces", _Id),  # id of the one that it was issued in place of
    # The projection of its events.
    Column("state", SmallInteger, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger),
    Column("reason", SmallInteger, nullable=False),
    Column("event", _Id, nullable=False),
    Column("review", SmallInteger, nullable=False, server_default="0"),
    Column("review_since", BigInteger),
    Column("card", SmallInteger, nullable=False, server_default="0"),
    Column("succeeded", Boolean, nullable=False, server_default=false()),
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
Index("certificate_replaces", certificate.c.replaces)
# What is due (register/due.py) is a small part of all: each index holds that part alone.
ENDS: Final = "state <> 3"
SUSPENDED: Final = "state = 2"
REVIEWED: Final = "review = 1"
LOST: Final = "state = 3 AND reason = 3 AND NOT succeeded"
CARD: Final = "state = 3 AND reason <> 3 AND card <> 2"  # by card first: those returned for good stay out
for _name, _columns, _part in (
    ("certificate_ends", (certificate.c.valid_until,), ENDS),
    ("certificate_suspended", (certificate.c.until,), SUSPENDED),
    ("certificate_reviewed", (certificate.c.review_since,), REVIEWED),
    ("certificate_lost", (certificate.c.since,), LOST),
    ("certificate_card", (certificate.c.card, certificate.c.since), CARD),
):
    Index(_name, *_columns, sqlite_where=text(_part), postgresql_where=text(_part))

# Certificates that were made restricted: no public record may name their holder by an older one either.
Index(
    "certificate_made_restricted",
    certificate.c.replaces,
    sqlite_where=text("restricted AND replaces IS NOT NULL"),
    postgresql_where=text("restricted AND replaces IS NOT NULL"),
)
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
    Column("id_number", String(18), index=True),
    Column("enforcement_types", String, nullable=False),  # JSON array of texts
    Column("qualification", String(120)),
    Column("sealed", String),  # JSON: what a restricted certificate does not state
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
    Column("basis", String(40)),  # the article; None in events older than the column
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
    Column("endorsements", LargeBinary, nullable=False),
)

token_status_list = Table(
    "token_status_list",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("cwt", LargeBinary, nullable=False),
    Column("jwt", LargeBinary, nullable=False),
)

status_publication = Table(
    "status_publication",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),  # always 1
    Column("signed", LargeBinary, nullable=False),  # what the lists were made from (status_lists.py)
)

# The agencies' side: who may ask, what they asked for, and what came of it. None of it is in the chain.

client = Table(
    "client",
    METADATA,
    Column("id", String(24), primary_key=True),
    Column("name", String(120), nullable=False),
    Column("secret", LargeBinary(32), nullable=False, unique=True),  # SHA-256 of the token
    Column("authority", ForeignKey("authority.code"), nullable=False),
    Column("agency", String(120)),  # None: acts for the authority itself
    Column("actions", String, nullable=False),  # JSON array of texts
    Column("created", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
    Column("withdrawn", BigInteger),
    comment="systems that may use the agencies' API",
)

call = Table(
    "call",
    METADATA,
    Column("id", _Id, primary_key=True),
    Column("time", BigInteger, nullable=False),
    Column("client", String(24)),  # None: no known token
    Column("request", String(32), nullable=False),
    Column("action", String(120), nullable=False),
    Column("subject", String(80)),
    Column("status", SmallInteger, nullable=False),
    comment="every call of the agencies' API, with its actor",
)

idempotency = Table(
    "idempotency",
    METADATA,
    Column("client", String(24), primary_key=True),
    Column("key", String(64), primary_key=True),
    Column("time", BigInteger, nullable=False, index=True),
    Column("fingerprint", LargeBinary(32), nullable=False),
    Column("status", SmallInteger, nullable=False),
    Column("headers", String, nullable=False),  # JSON object
    Column("body", LargeBinary, nullable=False),
    comment="what a POST was answered, so that the same one is answered so again and done once",
)

proposal = Table(
    "proposal",
    METADATA,
    Column("id", _Id, primary_key=True),
    Column("issuer", ForeignKey("authority.code"), nullable=False),
    Column("agency", String(120), nullable=False),
    Column("area", String(6), nullable=False),
    Column("action", String(12), nullable=False),
    Column("number", String(32), nullable=False),
    Column("kind", SmallInteger, nullable=False),
    Column("content", String, nullable=False),  # JSON: what the certificate shall state, and the particulars
    Column("time", BigInteger, nullable=False),
    Column("actor", String(120), nullable=False),
    Column("due", BigInteger),
    Column("state", String(12), nullable=False, index=True),
    Column("step", SmallInteger, nullable=False),
    Column("certificate", ForeignKey("certificate.id")),
    comment="what agencies asked for",
)
# A number is asked for once at a time.
Index(
    "proposal_open",
    proposal.c.issuer,
    proposal.c.number,
    unique=True,
    sqlite_where=text("state = 'open'"),
    postgresql_where=text("state = 'open'"),
)
Index("proposal_of_agency", proposal.c.issuer, proposal.c.agency)

step = Table(
    "step",
    METADATA,
    Column("proposal", ForeignKey("proposal.id"), primary_key=True, autoincrement=False),
    Column("position", SmallInteger, primary_key=True, autoincrement=False),
    Column("authority", ForeignKey("authority.code"), nullable=False),
    Column("rule", String(40), nullable=False),
    Column("time", BigInteger),
    Column("actor", String(120)),
    Column("decision", String(12)),
    Column("why", String(400)),
    comment="the reviews of a proposal, level by level, the issuer's decision last",
)
Index("step_of_authority", step.c.authority, step.c.proposal)

job = Table(
    "job",
    METADATA,
    Column("id", String(24), primary_key=True),
    Column("client", ForeignKey("client.id"), nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("issuer", ForeignKey("authority.code"), nullable=False),
    Column("agency", String(120)),
    Column("options", String, nullable=False),  # JSON object
    Column("state", String(12), nullable=False, index=True),
    Column("read", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("report", String),  # JSON object, once it has ended
    comment="imports of tables over the API",
)

webhook = Table(
    "webhook",
    METADATA,
    Column("id", String(24), primary_key=True),
    Column("client", ForeignKey("client.id"), nullable=False),
    Column("url", String(400), nullable=False),
    Column("after", _Id, nullable=False),
    Column("sending", _Id),  # the last event of the batch that is on its way; None: there is none
    Column("failures", Integer, nullable=False),
    Column("next_try", BigInteger, nullable=False),
    Column("fault", String(200)),
    UniqueConstraint("client", "url"),
    comment="where changes are sent to, and how far they were taken",
)
