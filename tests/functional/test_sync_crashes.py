"""A run that is killed before any of its steps, or loses the directory there, ends like one that was not."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import pytest

from dev.servers import Slapd
from ldap_schema.directory import Directory, Service
from store import ledger, person_keys, tombstones, waiting
from store.database import Store
from store.migration import migrate
from store.settings import StoreSettings
from sync import erasures, merges, past, runs
from sync.context import SyncContext
from sync.reorganising import complete_maps, organisations
from sync.resume import complete
from sync.settings import SyncSettings
from tests.conftest import SettableClock
from tests.functional.replica_kit import eventually
from tests.functional.supervision_kit import looked_after, repeated
from tests.functional.sync_kit import SECOND, said
from tests.functional.sync_stepping import in_a_process
from tests.sync_world import MAPPING, row, write_file

SIZE = 4
SOME = 17  # steps between two kills where not every step is tried

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class House:
    """What every feed of these tests shares; each process opens its own connections."""

    slapd: Slapd
    folder: Path
    clock: SettableClock

    def opened(self, **settings: object) -> SyncContext:
        store = Store.open(StoreSettings(url=f"sqlite:///{self.folder / 'counterpart.db'}"))
        return SyncContext(
            settings=SyncSettings(folder=self.folder / "sync", inbox=self.folder, **settings),  # type: ignore[arg-type]
            directory=Directory.open(replace(self.slapd.settings(), timeout=5.0), Service.SYNC),
            store=store,
            clock=self.clock,
            actor="r.thistlewood",
        )


@pytest.fixture
def house(fresh_slapd: Slapd, tmp_path: Path, clock: SettableClock) -> Iterator[House]:
    made = House(fresh_slapd, tmp_path, clock)
    context = made.opened()
    migrate(context.store)
    yield made
    context.directory.close()
    context.store.close()


class Sender:
    """One feed that loaded its people, and is about to send a second file, or to have it taken back."""

    def __init__(self, house: House, name: str, settings: dict[str, object]) -> None:
        self.house, self.name, self.settings = house, name, settings
        folder = house.folder / name
        folder.mkdir()
        self.mapping = folder / f"{name}.toml"
        self.mapping.write_text(MAPPING.replace("rivers", name))
        self._write(people(name, SIZE))
        self.first = folder / f"{name}-2026-11-01.csv"
        rows = people(name, SIZE + 2)
        rows[0]["Phone"] = "020 7946 0999"
        self.second = write_file(folder, rows[: SIZE - 1] + rows[SIZE:], SECOND, name)
        self.few = write_file(folder, rows[:1], SECOND.replace(day=9), name)
        self.context = house.opened(**settings)
        self.run = ""
        self.uids: dict[str, str] = {}  # by the sender's key, before the act

    def _write(self, rows: list[dict[str, str]]) -> None:
        write_file(self.house.folder / self.name, rows, stem=self.name)

    def close(self) -> None:
        self.context.directory.close()
        self.context.store.close()

    def apply(self, file: Path) -> str:
        """Apply a file; return its run, which a command before the last may have written."""

        def applied() -> str:
            runs.apply_run(self.context, self.mapping, file)
            part = self.context.directory.feeds.part(self.name, "all")
            assert part is not None
            return part.run

        return self.surely(applied)

    def surely(self, command: Callable[[], Answer]) -> Answer:
        """The command, repeated where a client that died before ends the directory under it."""
        return repeated(self.house.slapd, self.context.directory, command)

    def in_child(self, act: Callable[["Sender"], object], surely: bool) -> Callable[[], object]:
        """The act with connections of its own: two processes must not share one."""

        def acts() -> object:
            self.context = self.house.opened(**self.settings)
            return self.surely(lambda: act(self)) if surely else act(self)

        return acts

    def outcome(self) -> object:
        """All that must be the same whatever happened on the way, in the sender's own words."""
        return self.surely(self._outcome)

    def _outcome(self) -> object:
        directory = self.context.directory
        part = directory.feeds.part(self.name, "all")
        assert part is not None
        with self.context.store.reading() as tx:
            acts = ledger.of_events(tx, ACTS, f"feed:{self.name}", 99)
            maps = ledger.of_events(tx, ("organisations changed",), "organisations", 99)
            acts += [each for each in maps if f'"Board of {self.name}"' in ledger.details_of(each)["step 1"]]
            for uid in self.uids.values():
                acts += ledger.of_events(tx, ACTS, uid, 99)
            found = [each.event for each in acts]
            found += [f"key of {key}" for key, uid in self.uids.items() if person_keys.found(tx, (uid,))]
            found += [f"erased {key}" for key, uid in self.uids.items() if tombstones.erased(tx, (uid,))]
            desk = [each.count for each in waiting.open_items(tx) if each.key == f"{self.name}/all"]
        memory = (part.as_of, part.rows, part.pending_run, bool(part.hold_run), part.approved_by)
        plain = repr(sorted(said(directory, self.name).items())).casefold().replace(self.name, "feed")
        drift = past.drift(self.context, self.name).data["drift"]
        assert isinstance(drift, list)
        return plain, memory, found, desk, [each["what"] for each in drift]


def people(name: str, count: int) -> list[dict[str, str]]:
    """People with names and addresses of this feed alone."""
    found = []
    for number in range(1, count + 1):
        address = f"person{number}@{name}.example"
        phone = f"020 7946 00{number:02}"
        called = f"Ada {name.capitalize()}{'abcdefgh'[number]}"
        values = {"Name": called, "Organisation": f"Board of {name}", "Phone": phone}
        found.append(row(number, Mail=address, Sign_in=address, **values))
    return found


def applies(sender: Sender) -> object:
    """The ordinary run."""
    return runs.apply_run(sender.context, sender.mapping, sender.second)


def undoes(sender: Sender) -> object:
    """The second file was applied, and is taken back."""
    return past.undo_run(sender.context, sender.run, apply=True, reason="Wrong file")


def is_held(sender: Sender) -> object:
    """A file that the guard stops."""
    return runs.apply_run(sender.context, sender.mapping, sender.few)


def erases(sender: Sender) -> object:
    """Somebody is erased; asked again when they are gone, what is left is completed as the worker does it."""
    found = sender.context.directory.people.by_uids([sender.uids["s1"]])
    for person in found.values():
        return erasures.erase(sender.context, person, "asked for it")
    return erasures.replay(sender.context)


def merges_two(sender: Sender) -> object:
    """Two entries are one person."""
    people = sender.context.directory.people.by_uids([sender.uids["s1"], sender.uids["s2"]])
    keep, drop = people[sender.uids["s1"]], people.get(sender.uids["s2"])
    if merges.unfinished(sender.context, keep) or drop is None:
        return None
    return merges.merge(sender.context, keep, drop, "HR says so")


def reorganises(sender: Sender) -> object:
    """A map renames the board; asked again, what the directory has already is entered and no more."""
    name = f"Board of {sender.name}"
    path = sender.house.folder / f"{sender.name}-map.toml"
    path.write_text(f'[map]\nday = 2026-11-01\n[[rename]]\norganisation = "{name}"\nname = "New {name}"\n')
    complete_maps(sender.context)
    if sender.context.directory.organisations.by_name(f"New {name}") is None:
        return organisations(sender.context, path, True, "MoG")
    return None


def approves(sender: Sender) -> object:
    """A held run is approved; any later command for the part completes what was cut off."""
    part = sender.context.directory.feeds.part(sender.name, "all")
    assert part is not None
    complete(sender.context, part)
    part = sender.context.directory.feeds.part(sender.name, "all")
    assert part is not None
    return None if part.approved_by else runs.approve(sender.context, part.hold_run, "They are gone")


def rejects(sender: Sender) -> object:
    """A held run is dropped."""
    part = sender.context.directory.feeds.part(sender.name, "all")
    assert part is not None
    complete(sender.context, part)
    part = sender.context.directory.feeds.part(sender.name, "all")
    assert part is not None
    return runs.reject(sender.context, part.hold_run, "Wrong file") if part.hold_run else None


CHUNKED = {"transaction_operations": 3, "chunk_operations": 3}
CASES = {
    "one transaction": (applies, {}),
    "in chunks": (applies, CHUNKED),
    "undo": (undoes, {}),
    "undo in chunks": (undoes, CHUNKED),
    "held": (is_held, {}),
}
OF_PEOPLE = {
    "erase": (erases, {}),
    "merge": (merges_two, {}),
    "approve": (approves, {}),
    "map": (reorganises, {}),
    "reject": (rejects, {}),
}
ACTS = (
    "feed applied", "feed undone", "feed held", "feed approved", "feed rejected", "person erased",
    "person merged",
)  # fmt: skip


def ready(house: House, name: str, act: Callable[[Sender], object], settings: dict[str, object]) -> Sender:
    sender = Sender(house, name, settings)
    sender.apply(sender.first)
    if act is undoes:
        sender.run = sender.apply(sender.second)
    if act in (approves, rejects):
        sender.surely(lambda: is_held(sender))
    if act in (erases, merges_two):
        known = sender.surely(lambda: sender.context.directory.people.all_of_feed(name))
        uids = {each.feed_key: each.uid for each in known}
        sender.uids = {key: uids[key] for key in ("s1", "s2")}
    return sender


def _letters(number: int) -> str:
    return "".join("abcdefghij"[int(digit)] for digit in str(number))


def ends_alike(house: House, case: str, share: int, of_slapd: bool) -> None:
    """End every `share`-th step of the act, and let the next one complete it."""
    act, settings = (CASES | OF_PEOPLE)[case]
    control = ready(house, "control", act, dict(settings))
    steps = in_a_process(control.in_child(act, surely=not of_slapd))
    assert steps > 10
    wanted = control.outcome()
    control.close()
    with nullcontext() if of_slapd else looked_after(house.slapd):
        for step in range(1, steps + 1, share):
            sender = ready(house, f"feed{_letters(step)}", act, dict(settings))
            end(sender, act, step, of_slapd)
            sender.surely(lambda: act(sender))  # noqa: B023 - at once
            assert sender.outcome() == wanted, f"ended before step {step} of {steps}"
            sender.surely(lambda: act(sender))  # noqa: B023
            assert sender.outcome() == wanted, "and once more changes nothing"
            sender.close()
        last = ready(house, "last", applies, {})
    with last.context.store.reading() as tx:
        assert ledger.verify(tx).holds
    last.close()


def end(sender: Sender, act: Callable[[Sender], object], step: int, of_slapd: bool) -> None:
    """Let the act, or the directory under it, end before that step; the directory is started again."""
    slapd = sender.house.slapd
    lived = in_a_process(sender.in_child(act, surely=not of_slapd), step, slapd.pid if of_slapd else 0)
    assert bool(lived) == of_slapd
    if of_slapd:
        assert eventually(lambda: not slapd.running)
        slapd.kill()  # it is dead; this tells the one who looks after it
        slapd.start()


@pytest.mark.parametrize("case", CASES)
def test_a_run_killed_before_some_steps_ends_as_if_it_had_not_been(house: House, case: str) -> None:
    ends_alike(house, case, SOME, of_slapd=False)


@pytest.mark.crash
@pytest.mark.parametrize("case", CASES | OF_PEOPLE)
def test_a_run_killed_before_any_step_ends_as_if_it_had_not_been(house: House, case: str) -> None:
    ends_alike(house, case, 1, of_slapd=False)


@pytest.mark.crash
@pytest.mark.parametrize("case", CASES | OF_PEOPLE)
def test_a_run_whose_directory_is_killed_before_any_step_ends_as_if_it_had_not_been(
    house: House, case: str
) -> None:
    ends_alike(house, case, 1, of_slapd=True)
