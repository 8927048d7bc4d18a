"""What people keep for themselves, searches and whom they looked at last; and which areas are neighbours."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Three tables of what one person keeps, and one of pairs of areas."""
    op.create_table(
        "saved_search",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("query", sa.String(1500), nullable=False),
        sa.Column("saved", MOMENT, nullable=False),
        sa.UniqueConstraint("owner", "query", name="saved_search_once"),
    )
    op.create_table(
        "viewed_person",
        sa.Column("owner", sa.String(64), primary_key=True),
        sa.Column("person", sa.String(64), primary_key=True),
        sa.Column("viewed", MOMENT, nullable=False),
    )
    op.create_index("viewed_person_whom", "viewed_person", ["person"])
    op.create_table(
        "keeps_no_views",
        sa.Column("owner", sa.String(64), primary_key=True),
        sa.Column("since", MOMENT, nullable=False),
    )
    op.create_table(
        "neighbouring_area",
        sa.Column("area", sa.String(64), primary_key=True),
        sa.Column("neighbour", sa.String(64), primary_key=True),
    )


def downgrade() -> None:
    """Drop them again."""
    for table in ("neighbouring_area", "keeps_no_views", "viewed_person", "saved_search"):
        op.drop_table(table)
