"""The planner's notebook: a line per thing that will happen, an outcome per row."""

from dataclasses import dataclass, replace

from ldap_schema.people import LEFT, Person
from sync.draft import differences
from sync.rows import (
    JOINED,
    MOVED,
    QUESTION,
    REJECTED,
    RETURNED,
    UNCHANGED,
    UPDATED,
    Candidate,
    RowOutcome,
)
from sync.rows import LEFT as ROW_LEFT

SYMBOLS = {JOINED: "+", RETURNED: "+", UPDATED: "~", MOVED: "→", ROW_LEFT: "-", REJECTED: "!", QUESTION: "?"}
# Copies and bookkeeping: true, but no news to a person who reads the plan.
_QUIET = (
    "display_name",
    "full_name",
    "organisation_id",
    "feed",
    "feed_part",
    "feed_key",
    "sector",
    "uid",
    "kind",
    "sources",
    "mail_source",
    "telephone_source",
    "mobile_source",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanLine:
    """One thing that will happen, for a person to read: symbol, who, what, and old → new per attribute."""

    symbol: str
    who: str
    what: str = ""
    line: int = 0
    values: tuple[tuple[str, str, str], ...] = ()


class Report:
    """Collects lines and outcomes; every row gets exactly one outcome."""

    def __init__(self, aside: tuple[RowOutcome, ...]) -> None:
        self._outcomes = {each.line: each for each in aside}
        self._people: list[PlanLine] = []

    def row(self, row: Candidate, outcome: str, reason: str = "", mend: str = "") -> None:
        """Say what became of a row; its notes on single values go along."""
        notes = "; ".join(row.notes)
        self._outcomes[row.line] = RowOutcome(
            line=row.line,
            outcome=outcome,
            reason="; ".join(filter(None, (reason, notes))),
            mend=mend,
            key=row.key,
        )

    def person(
        self, symbol: str, who: str, what: str, line: int = 0, values: tuple[tuple[str, str, str], ...] = ()
    ) -> None:
        """Say what happens to a person."""
        self._people.append(PlanLine(symbol=symbol, who=who, what=what, line=line, values=values))

    def outcomes(self) -> tuple[RowOutcome, ...]:
        """Give the outcomes in the order of the file."""
        return tuple(self._outcomes[line] for line in sorted(self._outcomes))

    def outcome_list(self) -> list[RowOutcome]:
        """Give the outcomes so far."""
        return list(self._outcomes.values())

    def lines(self) -> tuple[PlanLine, ...]:
        """Give people by symbol and name, then rejected rows and questions by line."""
        order = "+~→-?"
        people = sorted(
            self._people, key=lambda each: (order.index(each.symbol), each.who.casefold(), each.line)
        )
        rows = [
            PlanLine(symbol=SYMBOLS[each.outcome], who=f"line {each.line}", what=each.reason, line=each.line)
            for each in self.outcomes()
            if each.outcome in (REJECTED, QUESTION)
        ]
        return tuple(people + rows)


def visible_values(before: Person, after: Person) -> tuple[tuple[str, str, str], ...]:
    """List what a reader of the plan wants to see of a changed person."""
    blank = replace(before)
    return tuple(each for each in differences(blank, after) if each[0] not in _QUIET)


def outcome_of(before: Person | None, after: Person, moved: bool, changed: bool) -> str:
    """Name what becomes of a person whose rows were taken."""
    if before is None:
        return JOINED
    if after.status == LEFT:
        return UNCHANGED if before.status == LEFT else ROW_LEFT
    if before.status == LEFT:
        return RETURNED
    if moved:
        return MOVED
    return UPDATED if changed or before != after else UNCHANGED
