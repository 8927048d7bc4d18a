"""When HR feeds' files came, what became of each, and who was told that none did."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Two tables: one row per feed, and one per file that was taken."""
    op.create_table(
        "feed_watch",
        sa.Column("feed", sa.String(64), primary_key=True),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("looked", MOMENT),
        sa.Column("confirmed", MOMENT),
        sa.Column("alarmed", MOMENT),
        sa.Column("problem", sa.String(1000), nullable=False),
        sa.Column("trips", sa.Integer(), nullable=False),
        sa.Column("fetched", sa.JSON(), nullable=False),
    )
    op.create_table(
        "feed_file",
        sa.Column("feed", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(255), primary_key=True),
        sa.Column("part", sa.String(200), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("modified", sa.BigInteger(), nullable=False),
        sa.Column("mapping", sa.String(64), nullable=False),
        sa.Column("taken", MOMENT, nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("reason", sa.String(1000), nullable=False),
        sa.Column("run", sa.String(64), nullable=False),
        sa.Column("succeeded", MOMENT),
        sa.Column("rows", sa.JSON(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("deleted", MOMENT),
    )


def downgrade() -> None:
    """Drop both tables again."""
    op.drop_table("feed_file")
    op.drop_table("feed_watch")
