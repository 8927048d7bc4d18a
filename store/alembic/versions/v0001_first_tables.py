"""The first tables: outbox, ledger, what waits for a person, providers, heartbeats."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make every table."""
    _outbox()
    _ledger()
    _waiting()
    _providers()
    op.create_table(
        "heartbeat",
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("seen", MOMENT, nullable=False),
    )


def _outbox() -> None:
    op.create_table(
        "outbox_mail",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("key", sa.String(200), nullable=False, unique=True),
        sa.Column("reference", sa.String(64), nullable=False, unique=True),
        sa.Column("recipient", sa.String(320), nullable=False),
        sa.Column("subject", sa.String(250), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("html", sa.Text, nullable=False),
        sa.Column("reply_to", sa.String(320), nullable=False),
        sa.Column("from_name", sa.String(200), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("due", MOMENT, nullable=False),
        sa.Column("lease", sa.String(32), nullable=False),
        sa.Column("created", MOMENT, nullable=False),
        sa.Column("finished", MOMENT),
        sa.Column("last_error", sa.String(500), nullable=False),
    )
    op.create_index("outbox_mail_due", "outbox_mail", ["state", "due"])


def _ledger() -> None:
    op.create_table(
        "ledger",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("instant", sa.String(40), nullable=False),
        sa.Column("event", sa.String(80), nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("details", sa.Text, nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
    )


def _waiting() -> None:
    op.create_table(
        "waiting_item",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("summary", sa.String(2000), nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("first_seen", MOMENT, nullable=False),
        sa.Column("last_seen", MOMENT, nullable=False),
        sa.Column("settled", MOMENT),
        sa.Column("settled_by", sa.String(200), nullable=False),
    )
    still_open = sa.text("settled IS NULL")
    op.create_index(
        "waiting_item_open", "waiting_item", ["kind", "key"],
        unique=True, sqlite_where=still_open, postgresql_where=still_open,
    )  # fmt: skip
    op.create_index("waiting_item_age", "waiting_item", ["settled", "first_seen"])


def _providers() -> None:
    op.create_table(
        "provider",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("entity_id", sa.String(1024), nullable=False, unique=True),
        sa.Column("details", sa.JSON, nullable=False),
    )
    op.create_table(
        "provider_metadata",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "provider_id", sa.String(64), sa.ForeignKey("provider.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("received", MOMENT, nullable=False),
    )
    op.create_index("ix_provider_metadata_provider_id", "provider_metadata", ["provider_id"])


def downgrade() -> None:
    """Drop every table."""
    for table in ("provider_metadata", "provider", "waiting_item", "ledger", "outbox_mail", "heartbeat"):
        op.drop_table(table)
