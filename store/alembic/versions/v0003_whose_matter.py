"""What waits for a person says which organisation it concerns, and holds what acting on it needs."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Matters raised before concern no organisation in particular."""
    op.add_column("waiting_item", sa.Column("organisation", sa.String(64), nullable=False, server_default=""))
    op.add_column("waiting_item", sa.Column("details", sa.JSON, nullable=False, server_default="{}"))
