"""indices for proposals: one open for a number, those of an agency, those that an authority reviews."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

OPEN = sa.text("state = 'open'")


def upgrade() -> None:
    """Take the step."""
    with op.batch_alter_table("proposal", schema=None) as batch_op:
        batch_op.create_index(
            "proposal_open", ["issuer", "number"], unique=True, sqlite_where=OPEN, postgresql_where=OPEN
        )
        batch_op.create_index("proposal_of_agency", ["issuer", "agency"], unique=False)
    with op.batch_alter_table("step", schema=None) as batch_op:
        batch_op.create_index("step_of_authority", ["authority", "proposal"], unique=False)
