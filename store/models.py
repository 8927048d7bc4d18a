"""The tables. A change here comes with a migration in `alembic/versions`; a test compares the two."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Instant(TypeDecorator[datetime]):
    """A moment in UTC. SQLite forgets time zones, so a naive value is refused going in and made UTC coming
    out.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware moment into UTC; a naive one is a mistake in the program."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A moment without a time zone can't be stored.")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the moment its time zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Table(DeclarativeBase):
    """Base of all tables; strings have a length so that PostgreSQL refuses what SQLite would let through."""

    type_annotation_map = {datetime: Instant, dict[str, Any]: JSON}  # noqa: RUF012 - read by SQLAlchemy


class OutboxMail(Table):
    """One mail to one person, from the moment it was decided on until it was handed to a mail server.

    Then, or 30 days after it was given up, everything is emptied that says what it was and to whom.
    """

    __tablename__ = "outbox_mail"
    __table_args__ = (Index("outbox_mail_due", "state", "due"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(
        String(200), unique=True
    )  # what it is about; a second mail with it is not sent
    reference: Mapped[str] = mapped_column(
        String(64), unique=True
    )  # left half of the Message-ID, made from the key
    recipient: Mapped[str] = mapped_column(String(320))
    subject: Mapped[str] = mapped_column(String(250))
    text: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    reply_to: Mapped[str] = mapped_column(String(320))
    from_name: Mapped[str] = mapped_column(String(200))
    csv: Mapped[str] = mapped_column(Text, server_default="")  # a table, attached under the name
    csv_name: Mapped[str] = mapped_column(String(100), server_default="")
    state: Mapped[str] = mapped_column(String(10))  # waiting, sent, dead, dropped
    tries: Mapped[int]
    due: Mapped[datetime]  # not before; while a worker has it, the end of its lease
    lease: Mapped[str] = mapped_column(String(32))  # which attempt holds it; empty = nobody
    created: Mapped[datetime]
    finished: Mapped[datetime | None]
    last_error: Mapped[str] = mapped_column(String(500))


class LedgerEntry(Table):
    """One act that must be provable later; `digest` covers the row and the digest before it."""

    __tablename__ = "ledger"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # 1, 2, 3, … without gaps
    instant: Mapped[str] = mapped_column(String(40))  # ISO 8601 text: what was hashed, whatever the database
    event: Mapped[str] = mapped_column(String(80))
    actor: Mapped[str] = mapped_column(String(200))
    subject: Mapped[str] = mapped_column(String(200))
    details: Mapped[str] = mapped_column(Text)  # canonical JSON text, for the same reason
    previous: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64))


class WaitingItem(Table):
    """Something that waits for a person to look at; it stands on `/desk` until it is settled."""

    __tablename__ = "waiting_item"
    __table_args__ = (
        Index(
            "waiting_item_open", "kind", "key", unique=True,
            # The migration says it of PostgreSQL as well; here it would load all of PostgreSQL's dialects at
            # every start of a command.
            sqlite_where=text("settled IS NULL"),
        ),
        Index("waiting_item_age", "settled", "first_seen"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    key: Mapped[str] = mapped_column(String(200))
    summary: Mapped[str] = mapped_column(String(2000))
    count: Mapped[int]
    first_seen: Mapped[datetime]
    last_seen: Mapped[datetime]
    settled: Mapped[datetime | None]
    settled_by: Mapped[str] = mapped_column(String(200))
    organisation: Mapped[str] = mapped_column(String(64), server_default="")  # whom it concerns, beside us
    details: Mapped[dict[str, Any]] = mapped_column(server_default="{}")  # what acting on it needs


class ProviderRow(Table):
    """One identity provider as the registry describes it."""

    __tablename__ = "provider"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    state: Mapped[str] = mapped_column(String(20))
    entity_id: Mapped[str] = mapped_column(String(1024), unique=True)
    details: Mapped[dict[str, Any]]


class ProviderVersion(Table):
    """One row, new with every change of the registry; whoever keeps a copy of it looks here first."""

    __tablename__ = "provider_version"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # 1
    version: Mapped[str] = mapped_column(String(32))  # random: after a restore an old number could come again


class ProviderMetadata(Table):
    """One version of a provider's metadata, as received; old versions show what was trusted when."""

    __tablename__ = "provider_metadata"

    id: Mapped[int] = mapped_column(primary_key=True)
    provider_id: Mapped[str] = mapped_column(ForeignKey("provider.id", ondelete="CASCADE"), index=True)
    digest: Mapped[str] = mapped_column(String(64))  # of what it says, without its dates and signature
    document: Mapped[str] = mapped_column(Text)
    received: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(10))  # applied, held
    words: Mapped[str] = mapped_column(Text)  # what it changed, or would change


class ProviderWatch(Table):
    """What the worker knows of a provider's metadata: when it was read, what was wrong, who was warned."""

    __tablename__ = "provider_watch"

    provider_id: Mapped[str] = mapped_column(ForeignKey("provider.id", ondelete="CASCADE"), primary_key=True)
    due: Mapped[datetime]  # not before; while a worker reads it, the end of its lease
    tried: Mapped[datetime | None]
    good: Mapped[datetime | None]  # when it was last read and believed
    failures: Mapped[int]  # since then
    problem: Mapped[str] = mapped_column(String(1000))
    warned: Mapped[dict[str, Any]]  # which end was warned of, and when


class ProviderLogo(Table):
    """A provider's logo, drawn anew by us; `source` tells whether its metadata names another one now."""

    __tablename__ = "provider_logo"

    provider_id: Mapped[str] = mapped_column(ForeignKey("provider.id", ondelete="CASCADE"), primary_key=True)
    source: Mapped[str] = mapped_column(String(64))
    png: Mapped[bytes] = mapped_column(LargeBinary)  # empty: it could not be used
    fetched: Mapped[datetime]


class FeedWatch(Table):
    """What is known of one HR feed's coming: since when it is looked after, what was wrong, who was told."""

    __tablename__ = "feed_watch"

    feed: Mapped[str] = mapped_column(String(64), primary_key=True)
    since: Mapped[datetime]
    looked: Mapped[datetime | None]
    confirmed: Mapped[datetime | None]  # when its server last said that nothing had changed
    alarmed: Mapped[datetime | None]  # somebody was told that no file came, and none has come since
    problem: Mapped[str] = mapped_column(String(1000))  # why nothing could be fetched; empty = nothing
    trips: Mapped[int]  # how often the guard stopped a run
    fetched: Mapped[dict[str, Any]]  # what its server has that we have too


class FeedFile(Table):
    """One file of an HR feed that was taken: the newest of its name. It holds nothing of what it said."""

    __tablename__ = "feed_file"

    feed: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(255), primary_key=True)
    part: Mapped[str] = mapped_column(String(200))
    size: Mapped[int] = mapped_column(BigInteger)
    modified: Mapped[int] = mapped_column(BigInteger)  # nanoseconds, as the file system says
    mapping: Mapped[str] = mapped_column(String(64))  # digest of the mapping it was read with
    taken: Mapped[datetime]
    outcome: Mapped[str] = mapped_column(String(20))  # applied, held, refused, nothing to do
    reason: Mapped[str] = mapped_column(String(1000))  # why it was refused
    run: Mapped[str] = mapped_column(String(64))
    succeeded: Mapped[datetime | None]  # when a file of this name was last applied, or changed nothing
    rows: Mapped[dict[str, Any]]  # how many by outcome
    seconds: Mapped[float]
    deleted: Mapped[datetime | None]  # when the file itself was deleted, long after it was taken


class Heartbeat(Table):
    """When a background process last said that it is alive."""

    __tablename__ = "heartbeat"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    seen: Mapped[datetime]


class SavedSearch(Table):
    """A search that one person keeps, for themselves alone; it goes when they are erased."""

    __tablename__ = "saved_search"
    __table_args__ = (UniqueConstraint("owner", "query", name="saved_search_once"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    owner: Mapped[str] = mapped_column(String(64))  # uid
    name: Mapped[str] = mapped_column(String(200))
    query: Mapped[str] = mapped_column(String(1500))  # as in the address of the result page
    saved: Mapped[datetime]


class ViewedPerson(Table):
    """That one person looked at another's page, for their own list of the last ones alone."""

    __tablename__ = "viewed_person"
    __table_args__ = (Index("viewed_person_whom", "person"),)

    owner: Mapped[str] = mapped_column(String(64), primary_key=True)  # uid of who looked
    person: Mapped[str] = mapped_column(String(64), primary_key=True)  # uid
    viewed: Mapped[datetime]


class KeepsNoViews(Table):
    """A person who wants no list of whom they looked at."""

    __tablename__ = "keeps_no_views"

    owner: Mapped[str] = mapped_column(String(64), primary_key=True)
    since: Mapped[datetime]


class NeighbouringArea(Table):
    """Two areas side by side, from a look-up that somebody published; kept in both directions."""

    __tablename__ = "neighbouring_area"

    area: Mapped[str] = mapped_column(String(64), primary_key=True)
    neighbour: Mapped[str] = mapped_column(String(64), primary_key=True)
