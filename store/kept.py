"""What a person keeps for themselves: searches, and whom they looked at last. Nobody else is ever shown it.

Everything here is asked for by whose it is, the signed-in person, also while they act for somebody else.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from store.errors import BadRecord, NoSuchRecord
from store.models import KeepsNoViews, SavedSearch, ViewedPerson

MOST_SEARCHES, MOST_VIEWED = 50, 20
VIEWED_FOR = timedelta(days=30)
LONGEST_NAME, LONGEST_QUERY = 200, 1500
LARGEST_ID = 2**63 - 1  # that the database can hold


class TooManyKept(BadRecord):
    """Somebody keeps as many searches as one can."""


@dataclass(frozen=True, slots=True)
class KeptSearch:
    """One saved search: its name, and the query part of the result page's address."""

    id: int
    name: str
    query: str
    saved: datetime


def save(tx: Session, owner: str, name: str, query: str, now: datetime) -> None:
    """Keep a search, or give the one that is kept already this name; TooManyKept when there is no room."""
    if not query or len(query) > LONGEST_QUERY:
        raise BadRecord("That search is empty or too long to be kept.")
    mine = SavedSearch.owner == owner
    renamed = update(SavedSearch).where(mine, SavedSearch.query == query).values(name=name[:LONGEST_NAME])
    if tx.scalar(renamed.returning(SavedSearch.id)) is not None:
        return
    if (tx.scalar(select(func.count()).select_from(SavedSearch).where(mine)) or 0) >= MOST_SEARCHES:
        raise TooManyKept(f"You keep {MOST_SEARCHES} searches, which is the most. Remove one first.")
    tx.add(SavedSearch(owner=owner, name=name[:LONGEST_NAME], query=query, saved=now))


def searches(tx: Session, owner: str) -> list[KeptSearch]:
    """The searches that somebody keeps, the latest first."""
    found = select(SavedSearch).where(SavedSearch.owner == owner)
    rows = tx.scalars(found.order_by(SavedSearch.saved.desc(), SavedSearch.id.desc()))
    return [KeptSearch(row.id, row.name, row.query, row.saved) for row in rows]


def remove_search(tx: Session, owner: str, id: int) -> None:
    """Forget one; NoSuchRecord if it is not theirs or not there."""
    gone = delete(SavedSearch).where(SavedSearch.owner == owner, SavedSearch.id == id)
    if id > LARGEST_ID or tx.scalar(gone.returning(SavedSearch.id)) is None:
        raise NoSuchRecord("That search is not kept any more.")


def remove_searches(tx: Session, owner: str) -> None:
    """Forget all that somebody keeps."""
    tx.execute(delete(SavedSearch).where(SavedSearch.owner == owner))


def note_view(tx: Session, owner: str, person: str, now: datetime) -> None:
    """Put a person at the top of the list of who was looked at last, unless its owner wants none."""
    if not keeps_views(tx, owner):
        return
    tx.merge(ViewedPerson(owner=owner, person=person, viewed=now))
    tx.flush()
    mine = ViewedPerson.owner == owner
    latest = select(ViewedPerson.person).where(mine).order_by(ViewedPerson.viewed.desc()).limit(MOST_VIEWED)
    outdated = or_(ViewedPerson.viewed < now - VIEWED_FOR, ViewedPerson.person.not_in(latest))
    tx.execute(delete(ViewedPerson).where(mine, outdated))


def viewed(tx: Session, owner: str, now: datetime) -> dict[str, datetime]:
    """uid -> when, of those whom somebody looked at last, the latest first."""
    mine = ViewedPerson.owner == owner, ViewedPerson.viewed >= now - VIEWED_FOR
    rows = tx.scalars(select(ViewedPerson).where(*mine).order_by(ViewedPerson.viewed.desc()))
    return {row.person: row.viewed for row in rows}


def forget_view(tx: Session, owner: str, person: str) -> None:
    """Take one person off the list; it does not matter whether they are on it."""
    tx.execute(delete(ViewedPerson).where(ViewedPerson.owner == owner, ViewedPerson.person == person))


def forget_views(tx: Session, owner: str) -> None:
    """Empty the list."""
    tx.execute(delete(ViewedPerson).where(ViewedPerson.owner == owner))


def keeps_views(tx: Session, owner: str) -> bool:
    """Whether somebody has a list of whom they looked at last; everybody has who did not say no."""
    return tx.get(KeepsNoViews, owner) is None


def choose_views(tx: Session, owner: str, keep: bool, now: datetime) -> None:
    """Keep such a list from now on, or none; what there was goes with a no."""
    tx.execute(delete(KeepsNoViews).where(KeepsNoViews.owner == owner))
    if not keep:
        tx.add(KeepsNoViews(owner=owner, since=now))
        forget_views(tx, owner)


def forget_old_views(tx: Session, now: datetime) -> None:
    """Delete what no list shows any more, of people who did not look at anybody since."""
    tx.execute(delete(ViewedPerson).where(ViewedPerson.viewed < now - VIEWED_FOR))


def forget(tx: Session, uid: str) -> None:
    """Delete everything that somebody kept, and that others looked at them."""
    remove_searches(tx, uid)
    tx.execute(delete(ViewedPerson).where(or_(ViewedPerson.owner == uid, ViewedPerson.person == uid)))
    tx.execute(delete(KeepsNoViews).where(KeepsNoViews.owner == uid))
