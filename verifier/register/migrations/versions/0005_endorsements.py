"""what leads from a pinned root to the one that signed a publication."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NONE = b"\x80"


def upgrade() -> None:
    """Take the step."""
    with op.batch_alter_table("publication", schema=None) as batch_op:
        batch_op.add_column(sa.Column("endorsements", sa.LargeBinary()))
    publication = sa.table("publication", sa.column("endorsements", sa.LargeBinary()))
    op.execute(sa.update(publication).values(endorsements=NONE))
    with op.batch_alter_table("publication", schema=None) as batch_op:
        batch_op.alter_column("endorsements", existing_type=sa.LargeBinary(), nullable=False)
