"""What becomes of providers' metadata: versions held back, when it was read, who was warned, logos."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Say what became of each version, and make the two tables."""
    op.add_column(
        "provider_metadata", sa.Column("state", sa.String(10), nullable=False, server_default="applied")
    )
    op.add_column("provider_metadata", sa.Column("words", sa.Text, nullable=False, server_default=""))
    op.create_table(
        "provider_watch",
        _provider(),
        sa.Column("due", MOMENT, nullable=False),
        sa.Column("tried", MOMENT),
        sa.Column("good", MOMENT),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("problem", sa.String(1000), nullable=False),
        sa.Column("warned", sa.JSON, nullable=False),
    )
    op.create_table(
        "provider_logo",
        _provider(),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("png", sa.LargeBinary, nullable=False),
        sa.Column("fetched", MOMENT, nullable=False),
    )


def _provider() -> sa.Column[str]:
    return sa.Column(
        "provider_id", sa.String(64), sa.ForeignKey("provider.id", ondelete="CASCADE"), primary_key=True
    )


def downgrade() -> None:
    """Drop what was added."""
    op.drop_table("provider_logo")
    op.drop_table("provider_watch")
    with op.batch_alter_table("provider_metadata") as table:
        table.drop_column("words")
        table.drop_column("state")
