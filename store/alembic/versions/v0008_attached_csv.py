"""A mail may bring a table along, as the receipt of a feed's run does."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Mails that wait have none."""
    op.add_column("outbox_mail", sa.Column("csv", sa.Text(), nullable=False, server_default=""))
    op.add_column("outbox_mail", sa.Column("csv_name", sa.String(100), nullable=False, server_default=""))


def downgrade() -> None:
    """Drop them again; what waits goes out without its table."""
    with op.batch_alter_table("outbox_mail") as mails:
        mails.drop_column("csv")
        mails.drop_column("csv_name")
