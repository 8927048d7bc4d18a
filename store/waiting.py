"""What waits for a person: one row per matter, however often it comes up, shown oldest first on `/desk`."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType

from sqlalchemy import ColumnElement, and_, delete, func, select, update
from sqlalchemy.orm import Session

from store.errors import NoSuchRecord
from store.models import WaitingItem

UNKNOWN_SIGN_IN = "unknown sign-in"
MOVED_SIGN_IN = "after a move"
REFUSED_SIGN_IN = "refused sign-in"
FAILED_SIGN_IN = "failed sign-in"
UNPROVEN_SIGN_IN = "unproven sign-in"  # nothing shows that the provider sent what was refused
ZERO_RESULT_SEARCH = "zero-result search"
HELD_FEED = "held feed"
REFUSED_FEED = "refused feed"
FAILED_FEED = "failed feed run"
SILENT_FEED = "silent feed"
UNREACHED_FEED = "feed not fetched"
STUCK_MAIL = "stuck mail"
FEEDBACK = "feedback"
HARVEST = "many people looked at"
SUSPENDED_DEVICE = "suspended device"
PROVIDER_KEYS = "sign-in keys"
PROVIDER_METADATA = "sign-in metadata"
PROVIDER_ENDING = "sign-in ending"

# Matters that hold people's keys at their provider, or say who somebody is, and for how long they may.
PASSING = (UNKNOWN_SIGN_IN, MOVED_SIGN_IN, HARVEST)
PASSES_AFTER = timedelta(days=30)

LONGEST_KEY, LONGEST_SUMMARY = 200, 2000
MOST_OF_A_KIND = 100  # more at once is no list that somebody works through
LARGEST_ID = 2**63 - 1  # that the database can hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One matter that waits; `key` tells matters of one kind apart (a domain, a feed, a search text)."""

    id: int
    kind: str
    key: str
    summary: str  # one sentence: what happened and what is asked of whoever reads it
    count: int
    first_seen: datetime
    last_seen: datetime
    organisation: str = ""  # id of the organisation that it concerns as well; empty for most
    details: Mapping[str, str] = field(default_factory=dict)  # what acting on it needs; not shown


_WAITS = WaitingItem.settled.is_(None)


def raise_item(
    tx: Session,
    kind: str,
    key: str,
    summary: str,
    now: datetime,
    *,
    organisation: str = "",
    details: Mapping[str, str] = MappingProxyType({}),
) -> int:
    """Put a matter on the desk, or count it again if it already waits there; gives its id.

    A settled matter that comes up again is a new one.
    """
    key, summary = _short_key(_one_line(key)), _one_line(summary)[:LONGEST_SUMMARY]
    again = {"count": WaitingItem.count + 1, "last_seen": now, "summary": summary, "details": dict(details)}
    known: int | None = tx.scalar(
        update(WaitingItem).where(_matter(kind, key), _WAITS).values(again).returning(WaitingItem.id)
    )
    if known is not None:
        return known
    item = WaitingItem(
        kind=kind,
        key=key,
        summary=summary,
        count=1,
        first_seen=now,
        last_seen=now,
        settled=None,
        settled_by="",
        organisation=organisation,
        details=dict(details),
    )
    tx.add(item)
    tx.flush()
    return item.id


def open_items(
    tx: Session, kind: str | None = None, most: int = MOST_OF_A_KIND, organisation: str | None = None
) -> list[Item]:
    """What waits, the oldest first; of one kind, or for one organisation, if given. At most so many of each
    kind: strangers can raise as many matters of some kinds as they like, and must not hide the others by it.
    """
    oldest_first = WaitingItem.first_seen, WaitingItem.id
    place = func.row_number().over(partition_by=WaitingItem.kind, order_by=oldest_first).label("place")
    ranked = select(WaitingItem.id, place).where(_WAITS)
    if kind is not None:
        ranked = ranked.where(WaitingItem.kind == kind)
    if organisation is not None:
        ranked = ranked.where(WaitingItem.organisation == organisation)
    those = ranked.subquery()
    found = select(WaitingItem).join(those, those.c.id == WaitingItem.id).where(those.c.place <= most)
    return [_item(row) for row in tx.scalars(found.order_by(*oldest_first))]


def count_open(tx: Session) -> int:
    """How many matters wait."""
    return tx.scalar(select(func.count()).select_from(WaitingItem).where(_WAITS)) or 0


def get(tx: Session, id: int) -> Item:
    """One matter that waits; NoSuchRecord if it does not (any more)."""
    return _item(_open(tx, id))


def settle(tx: Session, id: int, by: str, now: datetime) -> Item:
    """Take a matter off the desk and remember who did, and no longer what acting on it needed; gives it as it
    waited. NoSuchRecord if it does not wait (any more).
    """
    row = _open(tx, id)
    item = _item(row)
    row.settled, row.settled_by, row.details = now, by, {}
    return item


def settle_matter(tx: Session, kind: str, key: str, by: str, now: datetime) -> bool:
    """Settle by kind and key, when a program saw the matter end (a hold approved); False if none waited."""
    settled = tx.scalars(
        update(WaitingItem)
        .where(_matter(kind, key), _WAITS)
        .values(settled=now, settled_by=by, details={})
        .returning(WaitingItem.id)
    )
    return bool(settled.all())


def waits(tx: Session, kind: str, key: str) -> bool:
    """Whether the matter is on the desk, however many others are."""
    open_one = select(WaitingItem.id).where(_matter(kind, key), _WAITS).limit(1)
    return tx.scalar(open_one) is not None


def was_raised(tx: Session, kind: str, key: str) -> bool:
    """Whether the matter was ever put on the desk, whatever has become of it."""
    return tx.scalar(select(WaitingItem.id).where(_matter(kind, key)).limit(1)) is not None


def forget_passing(tx: Session, now: datetime) -> int:
    """Delete the passing matters that last came up too long ago, settled or not; gives how many there were.

    Whoever tried to sign in then and still can't tries again, and that is a new matter.
    """
    old = WaitingItem.kind.in_(PASSING), WaitingItem.last_seen < now - PASSES_AFTER
    return len(tx.scalars(delete(WaitingItem).where(*old).returning(WaitingItem.id)).all())


def about(uid: str, matter: str) -> str:
    """Return the key of a matter about one person, by which it goes when they are erased."""
    return f"{uid} {matter}"


def forget_person(tx: Session, uid: str) -> None:
    """Delete matters about a person, settled or not."""
    about_them = WaitingItem.key.startswith(about(uid, ""), autoescape=True)
    tx.execute(delete(WaitingItem).where(WaitingItem.kind == HARVEST, about_them))


def _open(tx: Session, id: int) -> WaitingItem:
    row = tx.scalar(select(WaitingItem).where(WaitingItem.id == id, _WAITS)) if id <= LARGEST_ID else None
    if row is None:
        raise NoSuchRecord("That matter does not wait any more; somebody else may have settled it.")
    return row


def _item(row: WaitingItem) -> Item:
    return Item(
        id=row.id,
        kind=row.kind,
        key=row.key,
        summary=row.summary,
        count=row.count,
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        organisation=row.organisation,
        details=dict(row.details),
    )


def _matter(kind: str, key: str) -> ColumnElement[bool]:
    """What tells a matter from all others, whether it waits or not."""
    return and_(WaitingItem.kind == kind, WaitingItem.key == _short_key(_one_line(key)))


def _one_line(words: str) -> str:
    """Strangers' words on one line, without control characters or halves of characters."""
    kept = "".join(" " if letter.isspace() else letter for letter in words)
    kept = "".join(letter for letter in kept if letter.isprintable())
    return " ".join(kept.split())


def _short_key(key: str) -> str:
    """A key that fits; a longer one is told apart by its digest."""
    if len(key) <= LONGEST_KEY:
        return key
    digest = hashlib.sha256(key.encode("utf-8")).hexdigest()[:32]
    return f"{key[: LONGEST_KEY - 33]}#{digest}"
