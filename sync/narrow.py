"""A smaller problem with the same answer: rows that are as before are left out of matching and planning.

Most rows of most files are *settled* (`settled.py`): the directory says what they say, and nobody wrote to
either since the last run. `Sieve` holds them back while a file is read; what it lets through goes the one way
that every row goes (`canonical.py`, `planner.py`, `guard.py`), together with the records of its people alone.
`completed` then counts the rest as unchanged.

That gives the same plan as long as no row that was let through reaches for something that one of the others
has: a key, an address, a post. `is_sure` looks at that, and at everything that only the whole can tell: what
would stop the run or ask a question. Where it is not sure the whole file is planned, so that leaving a case
out here costs time and nothing else. Some settled rows are always let through, as witnesses: columns that
vary go on varying, and if one of them turns out to be anything but unchanged, the memory is wrong.
"""

import os
from collections.abc import Iterable, Iterator, Set
from dataclasses import replace

from ldap_schema.changes import Add
from ldap_schema.organisations import Organisation
from ldap_schema.posts import Post
from ldap_schema.reading_back import record_of
from sync.layout import Line
from sync.normalise import fold
from sync.plan import Plan
from sync.rows import JOINED, QUESTION, REJECTED, UNCHANGED, Reading, RowOutcome
from sync.settled import (
    ADDRESS,
    KEY,
    NAME,
    POST,
    SALT_BYTES,
    Settled,
    SettledRow,
    claim,
    claims_of,
    digest_key,
    mark,
)

WITNESSES = 40


class Sieve:
    """Parts the lines of one file; without a memory it lets all through and notes their marks."""

    def __init__(
        self,
        mapping: str,
        memory: Settled | None = None,
        doubtful: Set[str] = frozenset(),
        witnesses: int = WITNESSES,
    ) -> None:
        """Doubtful: uids of people whose rows are planned, come what may."""
        self.memory = memory
        self.salt = memory.salt if memory else os.urandom(SALT_BYTES)
        self.key = digest_key(mapping, self.salt)
        self.marks: dict[int, bytes] = {}  # line number -> mark, of what was let through
        self.as_before: list[tuple[int, SettledRow]] = []
        self.witnesses: set[int] = set()  # line numbers
        self._doubtful = doubtful
        rows = memory.rows if memory else []
        self._expected = {each.mark: each for each in rows}
        step = max(1, len(rows) // max(1, witnesses))
        self._chosen = {each.mark for each in rows[step // 2 :: step]}

    def lines(self, lines: Iterable[Line]) -> Iterator[Line]:
        """Yield the lines that have to be planned."""
        for line in lines:
            found = mark(line, self.key)
            row = self._expected.get(found)
            if row is not None and found not in self._chosen and row.uid not in self._doubtful:
                del self._expected[found]  # if it comes twice, the second one is planned
                self.as_before.append((line.number, row))
                continue
            if row is not None and found in self._chosen:
                self.witnesses.add(line.number)
            self.marks[line.number] = found
            yield line

    @property
    def pays(self) -> bool:
        """Whether less is left to plan than was held back."""
        return len(self.as_before) > len(self.marks)

    def uids(self) -> set[str] | None:
        """Give the people whose records the plan needs: all of the part but those held back; None: all."""
        if self.memory is None:
            return None
        return {each.uid for each in self._expected.values()} | {*self.memory.others} | self._doubtful

    def completed(self, reading: Reading) -> Reading:
        """Give the reading with the rows that were held back: they are there, and unchanged."""
        if not self.as_before:
            return reading
        aside = [
            RowOutcome(line=line, outcome=UNCHANGED, reason=row.notes, key=row.key)
            for line, row in self.as_before
        ]
        return replace(
            reading,
            rows=reading.rows + len(aside),
            set_aside=(*reading.set_aside, *aside),
            present=reading.present.union([row.key for _, row in self.as_before]),
        )

    def is_sure(self, plan: Plan, reading: Reading) -> bool:
        """Tell whether planning the whole file would have given this plan of the rows let through."""
        if not self.as_before:
            return True
        outcomes = {each.line: each.outcome for each in plan.outcomes}
        counts, refused = plan.measures, {each.line for each in reading.set_aside if each.outcome == REJECTED}
        return (
            bool(self.witnesses)
            and all(outcomes.get(line) == UNCHANGED for line in self.witnesses)
            and not (counts.constant or counts.blank or counts.emptied)
            and QUESTION not in outcomes.values()
            and outcomes.keys() - refused == {line for line, what in outcomes.items() if what != REJECTED}
            and not any(isinstance(record_of(each), Organisation) for each in plan.changes)
            and self._is_apart(plan, reading, outcomes)
        )

    def _is_apart(self, plan: Plan, reading: Reading, outcomes: dict[int, str]) -> bool:
        """Tell whether no planned row reaches for what one of the others has."""
        claims = self._claims(plan, reading, outcomes)
        return not claims or claims.isdisjoint(claims_of(row for _, row in self.as_before))

    def _claims(self, plan: Plan, reading: Reading, outcomes: dict[int, str]) -> set[bytes]:
        """Give what the planned rows lay claim to, as far as another row could have it too."""
        rows = [each for each in reading.candidates if each.line not in self.witnesses]
        said = {(KEY, each) for each in (*(row.key for row in rows), *self._refused(plan))}
        for row in rows:
            said |= {(ADDRESS, each.casefold()) for each in (*row.mail, row.sign_in_address) if each}
            if outcomes.get(row.line) == JOINED:
                said.add((NAME, fold(row.name.full)))
        changed = (record_of(each) for each in plan.changes if not isinstance(each, Add))
        said |= {(POST, each.id) for each in changed if isinstance(each, Post)}
        return {claim(kind, text, self.key) for kind, text in said}

    def _refused(self, plan: Plan) -> Iterator[str]:
        """Yield the keys of rows that were let through and set aside."""
        lines = self.marks.keys() - self.witnesses
        return (each.key for each in plan.outcomes if each.key and each.line in lines)
