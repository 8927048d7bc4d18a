"""A key for each person, whom was erased, and signed checkpoints of the ledger."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Four tables. The salt is made here, so that a backup of this version always has it."""
    op.create_table(
        "person_key",
        sa.Column("holder", sa.String(64), primary_key=True),
        sa.Column("key", sa.LargeBinary(64), nullable=False),
    )
    op.create_table(
        "tombstone",
        sa.Column("uid", sa.String(64), primary_key=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("marks", sa.JSON(), nullable=False),
    )
    salts = op.create_table(
        "mark_salt",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("value", sa.LargeBinary(64), nullable=False),
    )
    op.bulk_insert(salts, [{"value": secrets.token_bytes(32)}])
    op.create_table(
        "ledger_checkpoint",
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("made", sa.String(40), nullable=False),
        sa.Column("signature", sa.String(128), nullable=False),
    )


def downgrade() -> None:
    """Drop the tables again; what was sealed can't be read any more."""
    for table in ("ledger_checkpoint", "mark_salt", "tombstone", "person_key"):
        op.drop_table(table)
