"""What a file means for the directory. Pure and, given the ids that `mint_id` gives, deterministic."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from ldap_schema.changes import Change
from sync.mapping import Feed
from sync.measures import Measures
from sync.planner import Planner
from sync.rows import Reading, RowOutcome
from sync.state import State
from sync.steps import PlanLine


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one file would change, what became of each of its rows, and what the guard looks at."""

    feed: str
    part: str
    as_of: date
    file_digest: str
    mapping_digest: str
    state_digest: str
    rows: int
    changes: tuple[Change, ...] = ()
    lines: tuple[PlanLine, ...] = ()
    outcomes: tuple[RowOutcome, ...] = ()
    measures: Measures = field(default_factory=Measures)


def make_plan(
    feed: Feed,
    reading: Reading,
    state: State,
    mint_id: Callable[[], str],
    today: date,
    joiner_show: tuple[str, ...] = (),
) -> Plan:
    """Work out the plan for one file; `today` (Europe/London) only tells whether a first day is still to
    come.
    """
    planner = Planner(feed, reading, state, mint_id, today, joiner_show)
    planner.run()
    return Plan(
        feed=feed.id,
        part=reading.part,
        as_of=reading.as_of,
        file_digest=reading.file_digest,
        mapping_digest=reading.mapping_digest,
        state_digest=state.digest(),
        rows=reading.rows,
        changes=planner.draft.changes(),
        lines=planner.report.lines(),
        outcomes=planner.report.outcomes(),
        measures=planner.measures(),
    )
