"""What a person's posts and the calendar make of them. Pure, so that a feed and a day without one agree."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from ldap_schema.people import ACTIVE, LEAVING, LEFT, MISSING, PENDING, Person
from ldap_schema.posts import JOB_SHARE, SECONDMENT, SUBSTANTIVE, Tenure
from sync.fingerprint import ABSENT
from sync.rows import person_key

# Who says what holds of somebody whom several feeds list: the home employer, then the host, then the others.
_RANK = {SUBSTANTIVE: 2, JOB_SHARE: 2, SECONDMENT: 1}
UNLISTED = (PENDING, LEFT)


def rank(kinds: Iterable[str]) -> int:
    """Give the weight of the best of these kinds of tenure; -1 of none."""
    return max((_RANK.get(kind, 0) for kind in kinds), default=-1)


def lasting(tenures: Iterable[Tenure], today: date) -> list[Tenure]:
    """List those that last today or later; a last day counts to its end, in London."""
    return [each for each in tenures if each.lasts(today)]


def status_by_days(status: str, tenures: Iterable[Tenure], today: date) -> str:
    """Give the status that first and last days make of somebody, from the one they have.

    Nothing that lasts: left. Every post still to begin: pending, unless others see the person already. Every
    post with a last day: leaving, which others see until that day has passed.
    """
    standing = lasting(tenures, today)
    if not standing:
        return LEFT
    if status in UNLISTED and all(each.first_day and each.first_day > today for each in standing):
        return PENDING
    return LEAVING if all(each.last_day for each in standing) else ACTIVE


def last_day(tenures: Iterable[Tenure], today: date) -> date | None:
    """Give the last day of the last post that is not over, None while one has no end."""
    return end_of(lasting(tenures, today))


def end_of(tenures: Iterable[Tenure]) -> date | None:
    """Give the last of all last days, passed ones too; None while one has no end."""
    days = [each.last_day for each in tenures]
    return max((day for day in days if day), default=None) if all(days) else None


def become(person: Person, status: str, day: date) -> Person:
    """Give the person a status; the day on which it began is kept with it."""
    return person if person.status == status else replace(person, status=status, status_since=day)


def due(person: Person, tenures: Iterable[Tenure], today: date) -> Person:
    """Give a person as the calendar alone makes them today, for days on which no file comes.

    Only who waits for a first day or a last one is moved. Somebody pending whom their feed missed stays.
    """
    held = list(tenures)
    if not held:
        return person  # nothing is known of their days, and nobody is hidden on a guess
    if person.status == LEAVING or (person.status == PENDING and not any(map(is_marked, held))):
        return become(person, status_by_days(person.status, held, today), today)
    if person.status == MISSING and not lasting(held, today):
        return become(person, LEFT, today)
    return person


def is_marked(tenure: Tenure) -> bool:
    """Tell whether the tenure's feed missed it once."""
    return tenure.digest.startswith(ABSENT)


def successor(person: Person, tenures: Iterable[Tenure], today: date) -> Tenure | None:
    """Give the tenure whose feed becomes the source of a person whom their own feed has no more."""
    others = [
        each
        for each in lasting(tenures, today)
        if each.feed and (each.feed, each.feed_part) != (person.feed, person.feed_part)
    ]
    return min(others, key=lambda each: (-rank([each.kind]), each.id), default=None)


def handed_over(person: Person, tenure: Tenure) -> Person:
    """Make the tenure's feed the source of the person's record."""
    return replace(person, feed=tenure.feed, feed_part=tenure.feed_part, feed_key=person_key(tenure.feed_key))
