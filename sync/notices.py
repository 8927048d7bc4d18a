"""Before somebody is first listed they are told: what is held, from where, who will see it, how to change it.

The mail is queued before the directory is written, under a key made of whoever the person is to their sender:
whatever is cut off in between, and however often it is planned again, nobody is told twice.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from hashlib import sha256

from ldap_schema.changes import Add, Change, Update
from ldap_schema.clock import london_today
from ldap_schema.offices import Office
from ldap_schema.people import PENDING, VISIBLE, Person
from store import outbox
from store.errors import BadMail
from store.mail import Mail
from sync.context import SyncContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Joiner:
    """Somebody to be told, where, on whose word they are listed, and when."""

    person: Person
    address: str
    sender: str  # what people call the feed's sender; empty for a change by hand
    listed_on: date


log = logging.getLogger(__name__)
Writer = Callable[[Joiner], Mail]  # in the service's words; BadMail where the address takes none


def held_back(changes: Iterable[Change], today: date, days: int) -> tuple[Change, ...]:
    """Give the changes with joiners pending until they have had their notice; with no days, as they are."""
    if not days:
        return tuple(changes)
    found: list[Change] = []
    for change in changes:
        if isinstance(change, Add) and isinstance(change.record, Person):
            found.append(Add(_waiting(change.record, today, today + timedelta(days))))
        elif isinstance(change, Update) and isinstance(change.after, Person):
            found += _update(change, today, days)
        else:
            found.append(change)
    return tuple(found)


def may_be_listed(person: Person, today: date, days: int) -> bool:
    """Tell whether somebody pending has had their notice: the calendar asks before it lists anybody."""
    return person.status_since is None or person.status_since + timedelta(days) <= today


def tell_joiners(context: SyncContext, changes: Sequence[Change], sender: str) -> None:
    """Queue the notices of the people whom these changes bring; who has no address is counted in the log."""
    write, people = context.write_notice, _joining(changes)
    if write is None or not people:
        return
    today = london_today(context.clock())
    listed_on = today + timedelta(context.settings.notice_days)
    offices = _mail_of_offices(changes)
    written = {
        notice_key(each): _written(each, offices.get(each.uid, ()), sender, listed_on, write)
        for each in people
    }
    mails = {key: mail for key, mail in written.items() if mail}
    with context.store.transaction() as tx:
        outbox.enqueue_all(tx, mails, context.clock())
    if untold := len(written) - len(mails):
        log.warning("%d joiners have no address that takes mail, nor has their office: not told", untold)


def notice_key(person: Person) -> str:
    """Give the key under which somebody's notice is kept: one for one person, whatever their uid."""
    known_by = (person.feed, person.feed_part, person.feed_key)
    if not person.feed:
        known_by = ("", "", person.sign_in_address or (person.mail or ("",))[0] or person.uid)
    return f"joiner {sha256('|'.join(known_by).encode()).hexdigest()[:40]}"


def _joining(changes: Iterable[Change]) -> list[Person]:
    """List the people who are new and seen now or later; whoever is concealed is told by no machine."""
    added = (each.record for each in changes if isinstance(each, Add) and isinstance(each.record, Person))
    return [each for each in added if each.status in (*VISIBLE, PENDING) and not each.sealed]


def _mail_of_offices(changes: Iterable[Change]) -> dict[str, list[str]]:
    """Map each person whom a new office serves to its addresses."""
    found: dict[str, list[str]] = {}
    for each in changes:
        if isinstance(each, Add) and isinstance(each.record, Office):
            for uid in each.record.serves:
                found.setdefault(uid, []).extend(each.record.mail)
    return found


def _written(
    person: Person, office: Iterable[str], sender: str, listed_on: date, write: Writer
) -> Mail | None:
    for address in (person.sign_in_address, *person.mail, *office):
        try:
            if address:
                return write(Joiner(person=person, address=address, sender=sender, listed_on=listed_on))
        except BadMail:
            continue
    return None


def _update(change: Update, today: date, days: int) -> list[Change]:
    before, after = change.before, change.after
    if not isinstance(before, Person) or not isinstance(after, Person) or before.status != PENDING:
        return [change]
    if after.status not in VISIBLE or may_be_listed(before, today, days):
        return [change]
    kept = replace(after, status=PENDING, status_since=before.status_since)
    return [] if kept == before else [Update(before, kept)]


def _waiting(person: Person, today: date, until: date) -> Person:
    if person.status not in VISIBLE or until <= today:
        return person
    return replace(person, status=PENDING, status_since=today)
