"""One row that changes with every change of the registry of providers, so that copies of it are current."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The registry begins with a version that no program has seen."""
    made = op.create_table(
        "provider_version",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("version", sa.String(32), nullable=False),
    )
    op.bulk_insert(made, [{"id": 1, "version": "first"}])
