"""The tables of erasure by key: whose key is whose, whom it was destroyed of, and signed checkpoints."""

from datetime import date

from sqlalchemy import JSON, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from store.models import Table


class LedgerCheckpoint(Table):
    """A signed statement of what the ledger was at an entry, so that older entries may be deleted."""

    __tablename__ = "ledger_checkpoint"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # of the entry
    digest: Mapped[str] = mapped_column(String(64))  # of the entry
    made: Mapped[str] = mapped_column(String(40))  # ISO 8601 text: what was signed
    signature: Mapped[str] = mapped_column(String(128))  # Ed25519, hexadecimal


class PersonKey(Table):
    """The key under which everything that was written down of one person is sealed; erasing deletes it."""

    __tablename__ = "person_key"

    holder: Mapped[str] = mapped_column(String(64), primary_key=True)  # a uid, or the mark of a sender's row
    key: Mapped[bytes] = mapped_column(LargeBinary(64))


class TombstoneRow(Table):
    """One erasure: the id that the directory had, and the marks of what senders' rows may say."""

    __tablename__ = "tombstone"

    uid: Mapped[str] = mapped_column(String(64), primary_key=True)
    day: Mapped[date]
    marks: Mapped[list[str]] = mapped_column(JSON)


class MarkSalt(Table):
    """The secret with which marks are made; the newest makes new ones, older ones are still recognised."""

    __tablename__ = "mark_salt"

    id: Mapped[int] = mapped_column(primary_key=True)
    value: Mapped[bytes] = mapped_column(LargeBinary(64))
