"""the first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "authority",
        sa.Column("code", sa.String(length=18), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("area", sa.String(length=6), nullable=False),
        sa.Column("level", sa.String(length=120), nullable=False),
        sa.Column("complaint_body", sa.String(length=120), nullable=False),
        sa.Column("complaint_phone", sa.String(length=120), nullable=False),
        sa.Column("complaint_url", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("code"),
    )
    op.create_table(
        "head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.LargeBinary(length=16), nullable=False),
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("chain", sa.LargeBinary(length=32), nullable=False),
        sa.Column("signed", sa.LargeBinary(), nullable=False),
        sa.Column("events", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "log",
        sa.Column(
            "sequence",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("status_list", sa.Integer(), nullable=False),
        sa.Column("idx", sa.Integer(), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.SmallInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=12), nullable=False),
        sa.Column("chain", sa.LargeBinary(length=32), nullable=False),
        sa.Column("event", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("sequence"),
    )
    with op.batch_alter_table("log", schema=None) as batch_op:
        batch_op.create_index("log_code", ["status_list", "idx"], unique=False)

    op.create_table(
        "publication",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("trust", sa.LargeBinary(), nullable=False),
        sa.Column("directory", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("version"),
    )
    op.create_table(
        "status_list",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("given", sa.Integer(), nullable=False),
        sa.Column("permutation", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "agency",
        sa.Column("issuer", sa.String(length=18), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("complaint_body", sa.String(length=120), nullable=False),
        sa.Column("complaint_phone", sa.String(length=120), nullable=False),
        sa.Column("complaint_url", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["issuer"],
            ["authority.code"],
        ),
        sa.PrimaryKeyConstraint("issuer", "name"),
    )
    op.create_table(
        "certificate",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("issuer", sa.String(length=18), nullable=False),
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("holder", sa.String(length=120), nullable=True),
        sa.Column("agency", sa.String(length=120), nullable=True),
        sa.Column("categories", sa.String(), nullable=False),
        sa.Column("area", sa.String(length=120), nullable=True),
        sa.Column("powers", sa.SmallInteger(), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("valid_until", sa.BigInteger(), nullable=False),
        sa.Column("photo", sa.LargeBinary(length=12), nullable=True),
        sa.Column("restricted", sa.Boolean(), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.SmallInteger(), nullable=False),
        sa.Column("event", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["issuer"],
            ["authority.code"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("certificate", schema=None) as batch_op:
        batch_op.create_index(
            "certificate_in_force",
            ["issuer", "number"],
            unique=True,
            sqlite_where=sa.text("state <> 3"),
            postgresql_where=sa.text("state <> 3"),
        )
        batch_op.create_index("certificate_number", ["number"], unique=False)

    op.create_table(
        "code",
        sa.Column("status_list", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("idx", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("certificate", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=12), nullable=False),
        sa.Column("signed", sa.LargeBinary(length=424), nullable=False),
        sa.ForeignKeyConstraint(
            ["certificate"],
            ["certificate.id"],
        ),
        sa.PrimaryKeyConstraint("status_list", "idx"),
    )
    with op.batch_alter_table("code", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_code_certificate"), ["certificate"], unique=False)

    op.create_table(
        "event",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("certificate", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("event", sa.String(length=20), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("digest", sa.LargeBinary(length=12), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["certificate"],
            ["certificate.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_event_certificate"), ["certificate"], unique=False)

    op.create_table(
        "particulars",
        sa.Column(
            "certificate",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("id_number", sa.String(length=18), nullable=True),
        sa.Column("enforcement_types", sa.String(), nullable=False),
        sa.Column("qualification", sa.String(length=120), nullable=True),
        sa.ForeignKeyConstraint(
            ["certificate"],
            ["certificate.id"],
        ),
        sa.PrimaryKeyConstraint("certificate"),
        comment="what the register knows of a holder and the public never sees",
    )
