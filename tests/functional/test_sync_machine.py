"""Random sequences of files, kills, edits, undos and files out of order, against a model of what must stand.

The model knows nothing of plans: it says of each person of the sender what anybody may see of them.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, Phase, assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from dev.servers import Slapd
from ldap_schema.changes import Update
from ldap_schema.directory import Directory, Service
from ldap_schema.people import ACTIVE, LEAVING, LEFT, MISSING, Person
from store.database import Store
from store.migration import migrate
from store.settings import StoreSettings
from sync import past, runs
from sync.context import SyncContext
from sync.errors import FileRefused
from sync.settings import SyncSettings
from tests.conftest import SettableClock
from tests.functional.supervision_kit import looked_after, repeated
from tests.functional.sync_stepping import in_a_process
from tests.rounds import ROUNDS
from tests.sync_world import DAY, MAPPING, row, write_file

STAFF = tuple(range(1, 7))
NEXT = {ACTIVE: MISSING, MISSING: LEAVING, LEAVING: LEFT}  # week by week, for whom no row names
PHONES = ("0100", "0200", "0300")
_feeds = iter(range(10**6))

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Leader:
    """What the model knows of one person."""

    status: str
    phone: str
    mobile: tuple[str, ...] = ()


class FeedMachine(RuleBasedStateMachine):
    """One sender of six people at most, whose guard lets everything pass."""

    slapd: Slapd  # of the test, shared by all its sequences: each has a feed of its own
    clock: SettableClock

    @initialize(chunked=st.booleans())
    def begin(self, chunked: bool) -> None:
        """A new sender; half of them have runs that need several transactions."""
        self.name = "machine" + "".join("abcdefghij"[int(digit)] for digit in str(next(_feeds)))
        self.folder = Path(tempfile.mkdtemp(prefix="counterpart-machine-"))
        extra = "[guard]\nopen = true\n"
        self.mapping = self.folder / f"{self.name}.toml"
        self.mapping.write_text(MAPPING.replace("rivers", self.name) + extra)
        self.limits = {"transaction_operations": 4, "chunk_operations": 4} if chunked else {}
        self.context = self._opened()
        migrate(self.context.store)
        self.day: date = DAY
        self.model: dict[int, Leader] = {}
        self.before: dict[int, Leader] | None = None  # what an undo of the last run brings back
        self.run = ""
        self.file: Path | None = None
        self.undone: set[bytes] = set()  # files whose run was taken back

    def _opened(self) -> SyncContext:
        return SyncContext(
            settings=SyncSettings(folder=self.folder / "sync", inbox=self.folder, **self.limits),
            directory=Directory.open(replace(self.slapd.settings(), timeout=10.0), Service.SYNC),
            store=Store.open(StoreSettings(url=f"sqlite:///{self.folder / 'counterpart.db'}")),
            clock=self.clock,
            actor="r.thistlewood",
        )

    def _surely(self, command: Callable[[], Answer]) -> Answer:
        """The command, repeated where a run that was killed before ends the directory under it."""
        return repeated(self.slapd, self.context.directory, command)

    def _row(self, number: int, phone: str) -> dict[str, str]:
        address = f"person{number}@{self.name}.example"
        called = f"Ada {self.name.capitalize()}{'abcdefgh'[number]}"
        values = {"Name": called, "Organisation": f"Board of {self.name}"}
        return row(number, Mail=address, Sign_in=address, Phone=f"020 7946 {phone}", **values)

    def _write(self, sent: dict[int, str]) -> Path:
        self.day += timedelta(days=7)
        self.clock.now = datetime.combine(self.day, time(9), UTC)
        rows = [self._row(number, phone) for number, phone in sorted(sent.items())]
        file = write_file(self.folder, rows, self.day, self.name)
        assume(file.read_bytes() not in self.undone)  # it would be held
        return file

    def _expect(self, sent: dict[int, str]) -> None:
        """One absence is a question, the second an answer, and that day the last; a row brings them back."""
        after = dict(self.model)
        for number, leader in self.model.items():
            if number not in sent and leader.status != LEFT:
                after[number] = replace(leader, status=NEXT[leader.status])
        for number, phone in sent.items():
            mobile = self.model[number].mobile if number in self.model else ()
            after[number] = Leader(ACTIVE, phone, mobile)
        self.before, self.model = self.model, after

    sent = st.dictionaries(st.sampled_from(STAFF), st.sampled_from(PHONES), min_size=1)

    @rule(sent=sent)
    def a_file_arrives(self, sent: dict[int, str]) -> None:
        """The ordinary week."""
        self._apply(self._write(sent))
        self._expect(sent)

    @rule(sent=sent, step=st.integers(1, 90))
    def a_run_is_killed_and_repeated(self, sent: dict[int, str], step: int) -> None:
        """Killed before one of its steps; the next one completes it."""
        file = self._write(sent)

        def act() -> None:
            runs.apply_run(self._opened(), self.mapping, file)

        in_a_process(act, step)
        self._apply(file)
        self._expect(sent)

    def _apply(self, file: Path) -> None:
        result = self._surely(lambda: runs.apply_run(self.context, self.mapping, file))
        assert result.exit_code == 0, result.text
        part = self._surely(lambda: self.context.directory.feeds.part(self.name, "all"))
        assert part is not None
        self.run, self.file = part.run, file

    @precondition(lambda self: self.file is not None)
    @rule()
    def the_same_file_again_writes_nothing(self) -> None:
        """A sender, or a timer, that repeats itself."""
        file = self.file
        assert file is not None

        def again() -> tuple[str, object, str]:
            before = self.context.directory.context_csn()
            status = runs.apply_run(self.context, self.mapping, file).data["status"]
            return before, status, self.context.directory.context_csn()

        before, status, after = self._surely(again)
        assert (status, after) == ("nothing to do", before)

    @precondition(lambda self: self.file is not None)
    @rule(sent=sent)
    def an_older_file_is_refused(self, sent: dict[int, str]) -> None:
        """Files that come out of order."""
        rows = [self._row(number, phone) for number, phone in sent.items()]
        old = write_file(self.folder, rows, self.day - timedelta(days=1), self.name)
        with pytest.raises(FileRefused):
            self._surely(lambda: runs.apply_run(self.context, self.mapping, old))

    @precondition(lambda self: bool(self.model))
    @rule(data=st.data(), mobile=st.sampled_from(("+44 7700 900001", "+44 7700 900002")))
    def a_leader_edits_what_is_theirs(self, data: st.DataObject, mobile: str) -> None:
        """The mobile number, which this sender does not send."""
        number = data.draw(st.sampled_from(sorted(self.model)))

        def edit() -> None:
            person = self._people()[f"s{number}"]
            self.context.directory.write([Update(person, replace(person, mobile=(mobile,)))])

        self._surely(edit)
        self.model[number] = replace(self.model[number], mobile=(mobile,))
        self.before = None  # a person whom the run brought would be hidden now, and not removed

    @precondition(lambda self: self.before is not None)
    @rule(step=st.integers(0, 60))
    def the_last_run_is_taken_back(self, step: int) -> None:
        """Perhaps killed on the way, and done again."""

        def act() -> None:
            past.undo_run(self._opened(), self.run, apply=True, reason="Wrong file")

        if step:
            in_a_process(act, step)
        self._surely(lambda: past.undo_run(self.context, self.run, apply=True, reason="Wrong file"))
        assert self.before is not None
        assert self.file is not None
        self.undone.add(self.file.read_bytes())
        self.model, self.before, self.file = self.before, None, None

    def _people(self) -> dict[str, Person]:
        return {each.feed_key: each for each in self.context.directory.people.all_of_feed(self.name)}

    @invariant()
    def the_directory_is_what_the_model_says(self) -> None:
        """Statuses, values, and that nothing is left under way or differs from what the feed left."""
        if hasattr(self, "model"):
            self._surely(self._compare)

    def _compare(self) -> None:
        people = self.context.directory.people.all_of_feed(self.name)
        assert {each.feed_key: (each.status, each.telephone, each.mobile) for each in people} == {
            f"s{number}": (leader.status, (f"+44 20 7946 {leader.phone}",), leader.mobile)
            for number, leader in self.model.items()
        }
        assert all(not each.pending_run for each in self.context.directory.feeds.parts(self.name))
        assert past.drift(self.context, self.name).data["drift"] == []

    def teardown(self) -> None:
        """Close what the sequence opened."""
        if hasattr(self, "context"):
            self.context.directory.close()
            self.context.store.close()
            shutil.rmtree(self.folder)


@pytest.fixture
def machine(fresh_slapd: Slapd, clock: SettableClock) -> Iterator[type[FeedMachine]]:
    """The machine on a directory of its own, because a run that is killed may end it."""
    with looked_after(fresh_slapd):
        yield type("Machine", (FeedMachine,), {"slapd": fresh_slapd, "clock": clock})


def run_machine(machine: type[FeedMachine], examples: int, steps: int) -> None:
    case = machine.TestCase
    case.settings = settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, derandomize=True,
        suppress_health_check=list(HealthCheck), phases=[Phase.generate],
    )  # fmt: skip
    case("runTest").runTest()


def test_a_few_sequences_end_as_the_model_says(machine: type[FeedMachine]) -> None:
    run_machine(machine, 4, 8)


@pytest.mark.crash
@pytest.mark.timeout(1200)
def test_many_sequences_end_as_the_model_says(machine: type[FeedMachine]) -> None:
    run_machine(machine, ROUNDS.feed_sequences, 30)
