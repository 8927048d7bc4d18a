"""Leaving out what is as before gives the same plan, findings, counts and receipt, whatever the files say."""

import itertools
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import event, given
from hypothesis import strategies as st

from ldap_schema.changes import Add
from ldap_schema.people import DECEASED, HELD, Person
from sync.canonical import canonical
from sync.errors import FileRefused
from sync.guard import judge
from sync.narrow import Sieve
from sync.plan import Plan, make_plan
from sync.plan_file import name_plan
from sync.readers import read_table
from sync.receipt import as_csv, as_text, receipt_of
from sync.rows import Reading
from sync.sealed import Sealer
from sync.settings import SyncSettings
from sync.settled import Settled, settled_row
from sync.source import source_of
from sync.state import State, read_state
from tests.sync_table import directory_of
from tests.sync_world import DAY, TODAY, World, row, write_file


@dataclass
class Memory:
    """A sender, and what the last run left of its rows."""

    world: World
    settled: Settled | None = None
    doubtful: set[str] = field(default_factory=set)

    def planned(self, path: Path, sieve: Sieve, first_id: int) -> tuple[Plan, Reading, State]:
        feed = self.world.feed
        source = source_of(feed, path, self.world.today)
        table = read_table(feed, path, SyncSettings())
        table = replace(table, lines=sieve.lines(table.lines))
        reading = sieve.completed(canonical(feed, table, source.part, source.as_of))
        state = read_state(directory_of(self.world), reading, sieve.uids(), len(sieve.as_before))
        ids = itertools.count(first_id)
        plan = make_plan(
            feed, reading, state, lambda: f"id{next(ids):06}", self.world.today, ("mail:leaders",)
        )
        return plan, reading, state

    def take(self, rows: Sequence[dict[str, str]], day: date, first_id: int, witnesses: int = 1) -> bool:
        """Plan both ways, compare, write; tell whether anything was left out."""
        path = write_file(self.world.folder, rows, day)
        whole = Sieve(self.world.feed.digest)
        plan, _, state = self.planned(path, whole, first_id)
        used = whole
        if self.settled:
            sieve = Sieve(self.world.feed.digest, self.settled, self.doubtful, witnesses)
            narrow, reading, some = self.planned(path, sieve, first_id)
            sure = (
                sieve.is_sure(narrow, reading) and not judge(narrow.measures, self.world.feed.limits).reasons
            )
            if sure:
                assert_same(narrow, plan, self.world)
                plan, state, used = narrow, some, sieve
        self.world.apply(plan)
        self._remember(plan, state, used)
        return bool(used.as_before)

    def _remember(self, plan: Plan, state: State, sieve: Sieve) -> None:
        rows = [each for _, each in sieve.as_before]
        rows += [settled_row(sieve.marks[each.row.line], each, sieve.key) for each in plan.agreed]
        added = (each.record for each in plan.changes if isinstance(each, Add))
        known = {each.uid for each in (*state.people, *added) if isinstance(each, Person)}
        self.settled = Settled(
            code="", salt=sieve.salt, run="run",
            mapping=plan.mapping_digest, since="", until="", whole_on=TODAY, erased=0, rows=rows,
            others=sorted(known - {each.uid for each in rows}),
        )  # fmt: skip
        self.doubtful = set()

    def edited(self, person: Person, **values: object) -> None:
        """Somebody else writes to an entry, which the directory's change numbers tell."""
        self.doubtful.add(self.world.change(person, **values).uid)


def assert_same(narrow: Plan, whole: Plan, world: World) -> None:
    assert narrow.changes == whole.changes
    assert narrow.lines == whole.lines
    assert narrow.outcomes == whole.outcomes
    assert narrow.measures == whole.measures
    assert narrow.questions == whole.questions
    assert judge(narrow.measures, world.feed.limits) == judge(whole.measures, world.feed.limits)
    keys, at = Sealer(), datetime(2026, 11, 23, tzinfo=UTC)  # the same plan under the same keys is one run
    one, other = (
        receipt_of(name_plan(replace(each, state_digest=""), "f", "m", "n", sealer=keys), "applied", at)
        for each in (narrow, whole)
    )
    assert one == other
    assert (as_csv(one), as_text(one)) == (as_csv(other), as_text(other))


def memory(folder: str) -> Memory:
    return Memory(World(Path(folder)))


CHANGES = {
    "Name": ["Ada Quill", "Bram Okafor", "Vacant", "Ada Okafor"],
    "Title": ["Director", "Chair", ""],
    "Mail": ["person1@rivers.example", "desk@rivers.example", "N/A", "no mail"],
    "Sign-in": ["", "person1@rivers.example", "person2@rivers.example", "new@rivers.example"],
    "Phone": ["020 7946 0001", "x4321", ""],
    "Grade": ["SCS3", "G7"],
    "From": ["", "01/02/2026", "soon", "01/01/2027"],
    "To": ["", "01/10/2026", "05/11/2026", "31/12/2026"],
    "Organisation": ["Department for Rivers", "Rivers", ""],
    "Post Ref": ["P1", "P2", "P30", ""],
    "Staff No": ["S1", "S2", "S30", ""],
    "Office mail": ["", "office@rivers.example"],
}
CHANGE = st.one_of(
    *(st.tuples(st.integers(1, 9), st.just(name), st.sampled_from(texts)) for name, texts in CHANGES.items())
)
STEP = st.fixed_dictionaries(
    {
        "changes": st.lists(CHANGE, max_size=3),
        "gone": st.sets(st.integers(1, 9), max_size=2),
        "come": st.sets(st.integers(20, 23), max_size=1),
        "twice": st.sets(st.integers(1, 9), max_size=1),
        "reverse": st.booleans(),
        "days": st.integers(0, 12),
        "edits": st.lists(
            st.tuples(
                st.integers(1, 9),
                st.sampled_from(
                    [{"status": HELD}, {"status": DECEASED}, {"title": "Other"}, {"telephone": ()},
                     {"display_name": "Madam"}, {"show": ()}, {"feed": "other"}, {"sign_in_address": ""}]
                ),
            ),
            max_size=1,
        ),
        "witnesses": st.integers(1, 3),
    }
)  # fmt: skip


@given(st.lists(STEP, min_size=1, max_size=5))
def test_what_is_left_out_changes_nothing_of_the_plan(steps: list[dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        sender, day = memory(folder), DAY
        said = {number: row(number) for number in range(1, 10)}
        sender.take(list(said.values()), day, 0)
        for number, step in enumerate(steps, start=1):
            day += timedelta(days=step["days"])
            sender.world.today = max(TODAY, day)
            said = play(said, step)
            rows = [each for key, each in said.items() if key not in step["gone"]]
            rows += [row(each) for each in step["come"]] + [said[each] for each in step["twice"]]
            for key, values in step["edits"]:
                for person in sender.world.all(Person):
                    if person.feed_key == f"s{key}":
                        sender.edited(person, **values)
            try:
                some = sender.take(
                    rows[::-1] if step["reverse"] else rows, day, 1000 * number, step["witnesses"]
                )
            except FileRefused:
                continue
            event(f"left something out: {some}")


def play(said: dict[int, dict[str, str]], step: dict[str, Any]) -> dict[int, dict[str, str]]:
    after = {key: dict(values) for key, values in said.items()}
    for number, name, text in step["changes"]:
        after[number][name] = text
    return after
