"""the whole life of a certificate, and the agencies' side."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "call",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("client", sa.String(length=24), nullable=True),
        sa.Column("request", sa.String(length=32), nullable=False),
        sa.Column("action", sa.String(length=120), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=True),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        comment="every call of the agencies' API, with its actor",
    )
    op.create_table(
        "idempotency",
        sa.Column("client", sa.String(length=24), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(length=32), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("headers", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("client", "key"),
        comment="what a POST was answered, so that the same one is answered so again and done once",
    )
    with op.batch_alter_table("idempotency", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_idempotency_time"), ["time"], unique=False)

    op.create_table(
        "client",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("secret", sa.LargeBinary(length=32), nullable=False),
        sa.Column("authority", sa.String(length=18), nullable=False),
        sa.Column("agency", sa.String(length=120), nullable=True),
        sa.Column("actions", sa.String(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["authority"],
            ["authority.code"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("secret"),
        comment="systems that may use the agencies' API",
    )
    op.create_table(
        "job",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("client", sa.String(length=24), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("issuer", sa.String(length=18), nullable=False),
        sa.Column("agency", sa.String(length=120), nullable=True),
        sa.Column("options", sa.String(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("read", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("report", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["client"],
            ["client.id"],
        ),
        sa.ForeignKeyConstraint(
            ["issuer"],
            ["authority.code"],
        ),
        sa.PrimaryKeyConstraint("id"),
        comment="imports of tables over the API",
    )
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_job_state"), ["state"], unique=False)

    op.create_table(
        "proposal",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("issuer", sa.String(length=18), nullable=False),
        sa.Column("agency", sa.String(length=120), nullable=False),
        sa.Column("area", sa.String(length=6), nullable=False),
        sa.Column("action", sa.String(length=12), nullable=False),
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("step", sa.SmallInteger(), nullable=False),
        sa.Column("certificate", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(
            ["certificate"],
            ["certificate.id"],
        ),
        sa.ForeignKeyConstraint(
            ["issuer"],
            ["authority.code"],
        ),
        sa.PrimaryKeyConstraint("id"),
        comment="what agencies asked for",
    )
    with op.batch_alter_table("proposal", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_proposal_state"), ["state"], unique=False)

    op.create_table(
        "webhook",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("client", sa.String(length=24), nullable=False),
        sa.Column("url", sa.String(length=400), nullable=False),
        sa.Column("after", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sending", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("next_try", sa.BigInteger(), nullable=False),
        sa.Column("fault", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(
            ["client"],
            ["client.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("client", "url"),
        comment="where changes are sent to, and how far they were taken",
    )
    op.create_table(
        "step",
        sa.Column(
            "proposal",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("position", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("authority", sa.String(length=18), nullable=False),
        sa.Column("rule", sa.String(length=40), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=True),
        sa.Column("actor", sa.String(length=120), nullable=True),
        sa.Column("decision", sa.String(length=12), nullable=True),
        sa.Column("why", sa.String(length=400), nullable=True),
        sa.ForeignKeyConstraint(
            ["authority"],
            ["authority.code"],
        ),
        sa.ForeignKeyConstraint(
            ["proposal"],
            ["proposal.id"],
        ),
        sa.PrimaryKeyConstraint("proposal", "position"),
        comment="the reviews of a proposal, level by level, the issuer's decision last",
    )
    with op.batch_alter_table("agency", schema=None) as batch_op:
        batch_op.add_column(sa.Column("area", sa.String(length=6), nullable=True))

    with op.batch_alter_table("certificate", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("replaces", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
        )
        batch_op.add_column(sa.Column("review", sa.SmallInteger(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("review_since", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("card", sa.SmallInteger(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("succeeded", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.create_index(
            "certificate_card",
            ["card", "since"],
            unique=False,
            sqlite_where=sa.text("state = 3 AND reason <> 3 AND card <> 2"),
            postgresql_where=sa.text("state = 3 AND reason <> 3 AND card <> 2"),
        )
        batch_op.create_index(
            "certificate_lost",
            ["since"],
            unique=False,
            sqlite_where=sa.text("state = 3 AND reason = 3 AND NOT succeeded"),
            postgresql_where=sa.text("state = 3 AND reason = 3 AND NOT succeeded"),
        )
        batch_op.create_index(
            "certificate_ends",
            ["valid_until"],
            unique=False,
            sqlite_where=sa.text("state <> 3"),
            postgresql_where=sa.text("state <> 3"),
        )
        batch_op.create_index("certificate_replaces", ["replaces"], unique=False)
        batch_op.create_index(
            "certificate_reviewed",
            ["review_since"],
            unique=False,
            sqlite_where=sa.text("review = 1"),
            postgresql_where=sa.text("review = 1"),
        )
        batch_op.create_index(
            "certificate_suspended",
            ["until"],
            unique=False,
            sqlite_where=sa.text("state = 2"),
            postgresql_where=sa.text("state = 2"),
        )

    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.add_column(sa.Column("basis", sa.String(length=40), nullable=True))

    with op.batch_alter_table("particulars", schema=None) as batch_op:
        batch_op.add_column(sa.Column("sealed", sa.String(), nullable=True))
        batch_op.create_index(batch_op.f("ix_particulars_id_number"), ["id_number"], unique=False)
