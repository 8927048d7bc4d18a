"""What a feed's row makes of a person beside the values: where they came from, and what it may not write.

Pure: the planner calls `written` with the person before and after, and puts what comes back into the draft.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from ldap_schema.people import Person
from ldap_schema.provenance import (
    COVERS,
    FEED,
    HAND,
    Dispute,
    Source,
    disputes_of,
    sources_of,
    with_disputes,
    with_sources,
)
from sync.mapping import Feed
from sync.normalise import fold
from sync.rows import Reading

FILE_DIGITS = 12  # of the file's digest: enough to tell one feed's files apart


def sent_by(feed: Feed, reading: Reading, row: int) -> Source:
    """Describe one row of one file as a source; what it is of is filled in for each value."""
    return Source(
        of="name",
        by=FEED,
        who=f"{feed.id}/{reading.part}",
        name=feed.name,
        as_of=reading.as_of,
        file=reading.file_digest[:FILE_DIGITS],
        row=row,
    )


def written(before: Person | None, after: Person, by: Source, today: date) -> Person:
    """Give the person as a feed may leave them: what a person set until a day stays as it is, every value
    that differs has this source, and a dispute that the feed has met is over.
    """
    changed = changed_details(before, after)
    sources = sources_of(after) if changed else {}  # no row has changed them yet
    if before is not None and changed:
        after = _respecting(before, after, changed, sources, today)
        changed = changed_details(before, after)
    if not changed:
        return after
    disputes = disputes_of(after)
    for of in changed:
        sources.pop(of, None)
        if _has(after, of):
            sources[of] = replace(by, of=of)
        if of in disputes and _meets(after, disputes[of]):
            del disputes[of]
    return with_disputes(with_sources(after, sources), disputes)


def changed_details(before: Person | None, after: Person) -> list[str]:
    """Name what differs between two states of a person; of a new one, what is known."""
    if before is None:
        return [of for of in COVERS if _has(after, of)]
    return [of for of in COVERS if values_of(before, of) != values_of(after, of)]


def values_of(person: Person, of: str) -> tuple[object, ...]:
    """Give the values that one source covers."""
    return tuple(getattr(person, field) for field in COVERS[of])


def overridden(person: Person, of: str, today: date) -> date | None:
    """Give the last day of a value that was set by hand over a feed's, while it stands."""
    return _until(sources_of(person).get(of), today)


def _until(source: Source | None, today: date) -> date | None:
    if source is None or source.by != HAND or source.until is None or source.until < today:
        return None
    return source.until


def confirmed(person: Person, details: Iterable[str], today: date) -> Person:
    """Note that a person said today that these values are right; BadValue can't be, ValueError for a value
    that is not there or whose source nobody knows.
    """
    sources = sources_of(person)
    for of in details:
        if not _has(person, of):
            raise ValueError(of)
        known = sources.get(of) or Source(of=of, by=HAND, as_of=today)
        sources[of] = replace(known, confirmed=today)
    return with_sources(person, sources)


def disputed_words(person: Person) -> str:
    """Say to the sender of a row what the person disputes of it; nothing if nothing."""
    return "; ".join(
        f'{of}: the person says since {each.on} that it is wrong: "{each.says}"'
        for of, each in disputes_of(person).items()
    )


def _respecting(
    before: Person, after: Person, changed: Iterable[str], sources: dict[str, Source], today: date
) -> Person:
    for of in changed:
        if _until(sources.get(of), today):
            after = replace(after, **{field: getattr(before, field) for field in COVERS[of]})
    return after


def _has(person: Person, of: str) -> bool:
    return bool(getattr(person, COVERS[of][0]))


def _meets(person: Person, dispute: Dispute) -> bool:
    """Whether the value is now what the person said it should be."""
    value = getattr(person, COVERS[dispute.of][0])
    said = fold(dispute.says)
    texts = value if isinstance(value, tuple) else (value, person.display_name)
    return any(fold(text) == said for text in texts)
