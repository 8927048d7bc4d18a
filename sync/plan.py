"""What a file means for the directory. Pure and, given the ids that `mint_id` gives, deterministic."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date

from ldap_schema.changes import Change
from ldap_schema.feeds import FeedPart
from sync.mapping import Feed
from sync.measures import Measures
from sync.notices import held_back
from sync.planner import Planner
from sync.rows import Agreed, Reading, RowOutcome
from sync.state import State
from sync.steps import PlanLine

MEDIAN_OF = 5  # files applied whose rows are remembered; the guard looks at their median


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
    questions: tuple[str, ...] = ()  # open ones and their answers, as the part remembers them (answers.py)
    # For the next run of this process's sync folder, and no part of a saved plan.
    agreed: tuple[Agreed, ...] = field(default=(), repr=False, compare=False)


def make_plan(
    feed: Feed,
    reading: Reading,
    state: State,
    mint_id: Callable[[], str],
    today: date,
    joiner_show: tuple[str, ...] = (),
    notice_days: int = 0,
) -> Plan:
    """Work out the plan for one file; `today` (Europe/London) tells which first and last days are to come."""
    planner = Planner(feed, reading, state, mint_id, today, joiner_show)
    planner.run()
    changes = held_back(planner.sheet.draft.changes(), today, notice_days)
    return Plan(
        feed=feed.id,
        part=reading.part,
        as_of=reading.as_of,
        file_digest=reading.file_digest,
        mapping_digest=reading.mapping_digest,
        state_digest=state.digest(),
        rows=reading.rows,
        changes=changes,
        lines=planner.report.lines(),
        outcomes=planner.report.outcomes(),
        measures=planner.measures(),
        questions=planner.questions_and_answers(),
        agreed=planner.agreed(changes),
    )


def remembered(plan: Plan, before: FeedPart) -> FeedPart:
    """Give what the part remembers of the file once the plan is applied; run and time are the caller's."""
    counts = [str(plan.rows), *before.row_counts.split()][:MEDIAN_OF]
    return replace(
        before,
        as_of=plan.as_of,
        file_digest=plan.file_digest,
        mapping_digest=plan.mapping_digest,
        rows=plan.rows,
        row_counts=" ".join(counts),
        answers=plan.questions,
    )
