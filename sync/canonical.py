"""From a table of texts to a `Reading`: eligible or not, normalised, duplicates and contradictions found."""

from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date

from sync.cells import RowRefused
from sync.errors import FileRefused
from sync.mapping import DUPLICATE, NOT_ELIGIBLE, VACANT, Feed
from sync.readers import Table
from sync.row_reader import RowReader
from sync.rows import (
    REJECTED,
    SHARED,
    Candidate,
    PostFacts,
    Reading,
    RowOutcome,
)


@dataclass
class _Sorted:
    """The rows of one file, told apart."""

    rows: int = 0
    candidates: list[Candidate] = field(default_factory=list)
    vacant: list[PostFacts] = field(default_factory=list)
    aside: list[RowOutcome] = field(default_factory=list)
    present: set[str] = field(default_factory=set)  # keys of rejected rows
    hints: set[str] = field(default_factory=set)  # what else they say


def canonical(feed: Feed, table: Table, part: str, as_of: date) -> Reading:
    """Normalise every row of one file. Pure: the same table gives the same reading. FileRefused when the file
    turns out not to be whole, or no row can be read.
    """
    found = _sort_out(feed, table)
    kept, twice, contradicted = _without_duplicates(found.candidates)
    aside = found.aside + twice
    if not kept and not found.vacant and aside and all(each.outcome == REJECTED for each in aside):
        first = min(aside, key=lambda each: each.line)
        raise FileRefused(f"No row can be read; the first, line {first.line}: {first.reason}.")
    return Reading(
        feed=feed.id,
        part=part,
        as_of=as_of,
        file_digest=table.digest,
        mapping_digest=feed.digest,
        rows=found.rows,
        candidates=tuple(_note_shared_mail(kept)),
        vacant=tuple(found.vacant),
        set_aside=tuple(sorted(aside, key=lambda each: each.line)),
        present=frozenset(found.present | contradicted),
        hints=frozenset(found.hints - {""}),
    )


def _sort_out(feed: Feed, table: Table) -> _Sorted:
    """Tell candidates, vacant posts and rows set aside from each other."""
    found = _Sorted()
    reader = RowReader(feed)
    for line in table.lines:
        found.rows += 1
        try:
            reason = reader.set_aside(line)
            if not reason:
                found.candidates.append(reader.candidate(line))
                continue
            found.aside.append(RowOutcome(line=line.number, outcome=reason, mend=_why(reason)))
        except RowRefused as refused:
            key = reader.key(line, strict=False)
            found.present.add(key)
            found.hints |= reader.hints(line)
            found.aside.append(
                RowOutcome(
                    line=line.number, outcome=REJECTED, reason=str(refused), mend=refused.mend, key=key
                )
            )
            continue
        if reason == VACANT and feed.keep_vacant and reader.eligible(line):
            with suppress(RowRefused):  # a post that can't be read is no post; the row names nobody
                found.vacant.append(reader.vacant_post(line))
    return found


def _why(reason: str) -> str:
    if reason == NOT_ELIGIBLE:
        return "Nothing to mend: the agreement for this feed lists other grades or posts."
    return "Nothing to mend: the row names nobody."


def _without_duplicates(
    candidates: list[Candidate],
) -> tuple[list[Candidate], list[RowOutcome], set[str]]:
    """Keep one of several equal rows; reject all rows that say different things under one key."""
    groups: dict[str, list[Candidate]] = {}
    for each in candidates:
        groups.setdefault(each.row_key, []).append(each)
    kept, aside, contradicted = [], [], set()
    for group in groups.values():
        first, *others = group
        if all(replace(each, line=first.line) == first for each in others):
            kept.append(first)
            aside += [
                RowOutcome(
                    line=each.line,
                    outcome=DUPLICATE,
                    reason=f"the same as line {first.line}",
                    key=each.key,
                    mend="Nothing was lost; send the row once.",
                )
                for each in others
            ]
            continue
        contradicted.add(first.key)
        lines = ", ".join(str(each.line) for each in group)
        aside += [
            RowOutcome(
                line=each.line,
                outcome=REJECTED,
                reason=f"lines {lines} have the same key and differ",
                key=each.key,
                mend="Send one row for one person in one post.",
            )
            for each in group
        ]
    return kept, aside, contradicted


def _note_shared_mail(candidates: list[Candidate]) -> list[Candidate]:
    """Say where several people publish one mailbox: it is a contact detail and identifies nobody."""
    owners: dict[str, set[str]] = {}
    for each in candidates:
        for mail in each.mail:
            owners.setdefault(mail.casefold(), set()).add(each.key)
    return [
        replace(each, notes=(*each.notes, SHARED))
        if any(len(owners[mail.casefold()]) > 1 for mail in each.mail)
        else each
        for each in candidates
    ]
