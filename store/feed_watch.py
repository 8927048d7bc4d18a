"""When each HR feed's files came, what became of them, and who was told that none did."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from store.models import FeedFile, FeedWatch

LONGEST_WORDS = 1000
APPLIED, HELD, REFUSED, NOTHING = "applied", "held", "refused", "nothing to do"
SUCCESSES = (APPLIED, NOTHING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What is known of one feed."""

    feed: str
    since: datetime
    looked: datetime | None = None
    confirmed: datetime | None = None  # when its server last said that nothing had changed
    alarmed: datetime | None = None  # somebody was told that no file came, and none has come since
    problem: str = ""  # why nothing could be fetched
    trips: int = 0  # how often the guard stopped a run
    fetched: Mapping[str, Any] = field(default_factory=dict)  # what its server has that we have too


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenFile:
    """One file that was taken, the newest of its name, and what became of it."""

    feed: str
    name: str
    part: str
    size: int  # bytes
    modified: int  # nanoseconds
    mapping: str  # digest of the mapping it was read with
    taken: datetime
    outcome: str
    reason: str = ""
    run: str = ""
    succeeded: datetime | None = None
    rows: Mapping[str, int] = field(default_factory=dict)  # by outcome
    seconds: float = 0.0  # from reading the file to its receipt
    deleted: datetime | None = None


def watched(tx: Session, feed: str, now: datetime) -> Watched:
    """What is known of the feed; of one that is new, that it is looked after from now on."""
    row = tx.get(FeedWatch, feed)
    return _record(Watched, row) if row else Watched(feed=feed, since=now)


def every(tx: Session) -> dict[str, Watched]:
    """What is known of all feeds, by feed."""
    return {row.feed: _record(Watched, row) for row in tx.scalars(select(FeedWatch))}


def save(tx: Session, watched: Watched) -> None:
    """Keep what is known of a feed now."""
    values = _values(watched) | {"problem": watched.problem[:LONGEST_WORDS]}
    tx.merge(FeedWatch(**values))
    tx.flush()


def files(tx: Session, feed: str | None = None) -> list[TakenFile]:
    """The files that were taken, of one feed or of all, the oldest first."""
    found = select(FeedFile).order_by(FeedFile.taken, FeedFile.feed, FeedFile.name)
    if feed is not None:
        found = found.where(FeedFile.feed == feed)
    return [_record(TakenFile, row) for row in tx.scalars(found)]


def file(tx: Session, feed: str, name: str) -> TakenFile | None:
    """The newest file of that name that was taken; nothing if none was."""
    row = tx.get(FeedFile, (feed, name))
    return _record(TakenFile, row) if row else None


def save_file(tx: Session, taken: TakenFile) -> None:
    """Keep what became of a file; when one of its name last succeeded is remembered across failures."""
    before = file(tx, taken.feed, taken.name)
    succeeded = taken.taken if taken.outcome in SUCCESSES else None
    values = _values(taken) | {"reason": taken.reason[:LONGEST_WORDS]}
    values["succeeded"] = taken.succeeded or succeeded or (before.succeeded if before else None)
    tx.merge(FeedFile(**values))
    tx.flush()


def _record(kind: Any, row: FeedWatch | FeedFile) -> Any:
    return kind(**{each.name: getattr(row, each.name) for each in fields(kind)})


def _values(record: Watched | TakenFile) -> dict[str, Any]:
    found = {each.name: getattr(record, each.name) for each in fields(record)}
    return {name: dict(value) if isinstance(value, Mapping) else value for name, value in found.items()}
