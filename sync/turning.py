"""First and last days come whether or not a file does: whoever waits for one is listed, or hidden, by it.

The worker looks now and then (`counterpart/leavers.py`). What a day makes of somebody is decided in
`standing.py` for feeds and days alike, so that a file that comes later finds nothing left to do.
"""

from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

from ldap_schema.changes import Update
from ldap_schema.clock import Clock, london_today
from ldap_schema.directory import Directory
from ldap_schema.errors import Moved
from ldap_schema.people import LEAVING, LEFT, MISSING, PENDING, VISIBLE, Person
from ldap_schema.posts import Post, Tenure
from store import ledger
from store.database import Store
from sync.notices import may_be_listed
from sync.records import derived
from sync.standing import due, handed_over, lasting, successor

WAITING = (PENDING, LEAVING, MISSING)
DATED = "leaver dated"  # in the ledger
LISTED, GONE, PASSED_ON = "person listed", "person left", "person passed to another feed"  # in the ledger


def turn_days(directory: Directory, store: Store, clock: Clock, actor: str, notice_days: int = 0) -> int:
    """List and hide everybody whose first or last day made them so; return how many there were.

    Joiners who are told before they are listed wait until their notice is over.

    The directory is asked as the account of the jobs. Doing it twice does no harm. Raises DirectoryError,
    StoreError: what was not done is done by the next look.
    """
    now = clock()
    today = london_today(now)
    _date(directory, store, clock, actor)
    waiting = {each.uid: each for each in directory.people.with_status(*WAITING)}
    held = _by_holder(directory.posts.held_by_any(sorted(waiting)))
    turned = 0
    for uid, person in waiting.items():
        after = due(person, [tenure for _, tenure in held[uid]], today)
        after = _passed_on(directory, after, held[uid], clock)
        early = person.status == PENDING and not may_be_listed(person, today, notice_days)
        if after == person or (early and after.status in VISIBLE):
            continue
        try:
            with store.transaction() as tx:
                details = {"status": f"{person.status} → {after.status}", "day": str(today)}
                ledger.append(tx, _event(person, after), actor, uid, details, now)
                directory.write([Update(person, after)])
        except Moved:  # somebody else changed the entry meanwhile; the next look decides anew
            continue
        turned += 1
    if turned:
        directory.seals.renew(today)
    return turned


def _date(directory: Directory, store: Store, clock: Clock, actor: str) -> None:
    """Give whoever left without a day today's, from which their thirty days and the retention count."""
    now = clock()
    for person in directory.people.with_status(LEFT, undated=True):
        after = replace(person, status_since=london_today(now))
        with suppress(Moved), store.transaction() as tx:
            ledger.append(tx, DATED, actor, person.uid, {"day": str(after.status_since)}, now)
            directory.write([Update(person, after)])


def _event(before: Person, after: Person) -> str:
    if after.status == LEFT:
        return GONE
    return LISTED if before.status == PENDING else PASSED_ON


def _passed_on(
    directory: Directory, person: Person, held: Iterable[tuple[Post, Tenure]], clock: Clock
) -> Person:
    """Give a person whose own feed's posts are over to the feed that still has one, with its copies."""
    today, posts = london_today(clock()), {tenure.id: post for post, tenure in held}
    tenures = [tenure for _, tenure in held]
    own = [each for each in tenures if (each.feed, each.feed_part) == (person.feed, person.feed_part)]
    tenure = successor(person, tenures, today)
    if person.status in (LEFT, PENDING) or tenure is None or not own or lasting(own, today):
        return person
    post = posts[tenure.id]
    return derived(handed_over(person, tenure), post, directory.organisations.get(post.organisation_id))


def _by_holder(held: Iterable[tuple[Post, Tenure]]) -> dict[str, list[tuple[Post, Tenure]]]:
    found: dict[str, list[tuple[Post, Tenure]]] = defaultdict(list)
    for post, tenure in held:
        found[tenure.holder].append((post, tenure))
    return found
