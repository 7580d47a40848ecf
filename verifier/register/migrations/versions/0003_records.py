"""indices for the public officer list, its searches, and the notices."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

LISTED = sa.text("state <> 3 AND NOT restricted")
MADE_RESTRICTED = sa.text("restricted AND replaces IS NOT NULL")
NOTIFIED = sa.text("event IN ('lost', 'withdrawn', 'cancelled', 'replaced')")
INDICES = {
    "certificate_by_agency": [
        "issuer", "agency", "number", "valid_from", "valid_until", "state", "until", "restricted",
    ],
    "certificate_by_agency_and_holder": ["issuer", "agency", "holder", "number", "valid_until"],
    "certificate_by_holder": ["issuer", "holder", "number", "valid_until"],
}  # fmt: skip


def upgrade() -> None:
    """Take the step."""
    with op.batch_alter_table("certificate", schema=None) as batch_op:
        for name, columns in INDICES.items():
            batch_op.create_index(name, columns, unique=False, sqlite_where=LISTED, postgresql_where=LISTED)
        batch_op.create_index(
            "certificate_made_restricted",
            ["replaces"],
            unique=False,
            sqlite_where=MADE_RESTRICTED,
            postgresql_where=MADE_RESTRICTED,
        )
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.create_index(
            "event_notified", ["time"], unique=False, sqlite_where=NOTIFIED, postgresql_where=NOTIFIED
        )
