"""The planner's notebook: a line per thing that will happen, an outcome per row."""

from collections.abc import Iterable
from dataclasses import dataclass

from ldap_schema.people import DECEASED, LEAVING, LEFT, Person
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
from sync.rows import LEAVING as ROW_LEAVING
from sync.rows import LEFT as ROW_LEFT

SYMBOLS = {
    JOINED: "+",
    RETURNED: "+",
    UPDATED: "~",
    MOVED: "→",
    ROW_LEAVING: "-",
    ROW_LEFT: "-",
    REJECTED: "!",
    QUESTION: "?",
}
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
    "status_since",
    "sources",
    "mail_source",
    "telephone_source",
    "mobile_source",
)


# Whom a row may mean: uid and words. Each is sealed for that person where it is kept.
Likely = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanLine:
    """One thing that will happen, for a person to read: symbol, who, what, and old → new per attribute."""

    symbol: str
    who: str
    what: str = ""
    line: int = 0
    values: tuple[tuple[str, str, str], ...] = ()
    uid: str = ""  # of the person, where it is one
    likely: Likely = ()  # of a question


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What became of one person, to be named."""

    before: Person | None
    after: Person
    moved: bool  # had a post that no row names any more
    changed: bool  # has a tenure that says something new


class Report:
    """Collects lines and outcomes; every row gets exactly one outcome."""

    def __init__(self, aside: tuple[RowOutcome, ...]) -> None:
        self._outcomes = {each.line: each for each in aside}
        self._people: list[PlanLine] = []
        self._likely: dict[int, Likely] = {}

    def row(
        self, row: Candidate, outcome: str, reason: str = "", mend: str = "", likely: Likely = ()
    ) -> None:
        """Say what became of a row; its notes on single values go along.

        Whom it may mean is for whoever reads the plan: it may name other feeds' people. No receipt has it.
        """
        self._likely |= {row.line: likely} if likely else {}
        notes = "; ".join(row.notes)
        self._outcomes[row.line] = RowOutcome(
            line=row.line,
            outcome=outcome,
            reason="; ".join(filter(None, (reason, notes))),
            mend=mend,
            key=row.key,
        )

    def person(
        self,
        symbol: str,
        of: Person,
        what: str,
        line: int = 0,
        values: tuple[tuple[str, str, str], ...] = (),
    ) -> None:
        """Say what happens to a person."""
        who = of.display_name or of.full_name
        self._people.append(PlanLine(symbol=symbol, who=who, what=what, line=line, values=values, uid=of.uid))

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
            PlanLine(
                symbol=SYMBOLS[each.outcome],
                who=f"line {each.line}",
                what=each.reason,
                line=each.line,
                likely=self._likely.get(each.line, ()),
            )
            for each in self.outcomes()
            if each.outcome in (REJECTED, QUESTION)
        ]
        return tuple(people + rows)


def suggestion(likely: Iterable[Person]) -> Likely:
    """Say who somebody might be, for whoever reads the plan."""
    return tuple(
        (each.uid, f"{each.full_name}, {each.organisation_name or 'no organisation'}") for each in likely
    )


def visible_values(before: Person, after: Person) -> tuple[tuple[str, str, str], ...]:
    """List what a reader of the plan wants to see of a changed person."""
    return tuple(each for each in differences(before, after) if each[0] not in _QUIET)


def outcome_of(told: Told) -> str:
    """Name what becomes of a person whose rows were taken."""
    before, after = told.before, told.after
    if before is None:
        return JOINED
    if after.status in (LEFT, DECEASED):
        return UNCHANGED if before.status == after.status else ROW_LEFT
    if before.status == LEFT:
        return RETURNED
    if after.status == LEAVING != before.status:
        return ROW_LEAVING
    if told.moved:
        return MOVED
    return UPDATED if told.changed or before != after else UNCHANGED
