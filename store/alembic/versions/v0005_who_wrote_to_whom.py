"""Who wrote to whom, and about what, is forgotten of mails that were sent before this version forgot it."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

WORDS = ("recipient", "subject", "text", "html", "reply_to", "from_name")


def upgrade() -> None:
    """Empty what says so; the keys stay, so that nothing is sent again."""
    mails = sa.table("outbox_mail", sa.column("state"), *(sa.column(name) for name in WORDS))
    op.execute(sa.update(mails).where(mails.c.state == "sent").values(dict.fromkeys(WORDS, "")))
