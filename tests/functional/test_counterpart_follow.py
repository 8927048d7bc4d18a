"""`counterpart follow` and `counterpart index rebuild`, as operators run them; and killed at any moment."""

import random
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from counterpart.clock import system_clock
from dev.servers import MailCatcher, Process, Redis, Slapd
from ldap_schema.changes import Add, Remove, Update
from ldap_schema.directory import Directory, Service
from ldap_schema.errors import DirectoryError
from search_index.folder import IndexFolder
from search_index.reader import SearchIndex
from search_index.settings import IndexSettings
from tests.functional.command_line import Installed
from tests.functional.directory_kit import leader, opened
from tests.functional.index_kit import SOON, agrees, people
from tests.functional.replica_kit import eventually
from tests.rounds import FULL, QUICK


@pytest.fixture
def installed(
    tmp_path: Path, fresh_slapd: Slapd, redis_server: Redis, mail_catcher: MailCatcher
) -> Installed:
    made = Installed(tmp_path, fresh_slapd, redis_server, mail_catcher)
    made.store().close()
    made.set("DIRECTORY_TIMEOUT", 2)
    return made


@pytest.fixture
def sync(fresh_slapd: Slapd) -> Iterator[Directory]:
    with opened(fresh_slapd, Service.SYNC) as directory:
        directory.write([Add(leader(f"first-{number}")) for number in range(5)])
        yield directory


@pytest.fixture
def index(installed: Installed) -> SearchIndex:
    return SearchIndex(IndexSettings(folder=installed.var / "index"), system_clock)


def test_a_follower_keeps_the_index_fresh_and_stops_politely(
    installed: Installed, sync: Directory, index: SearchIndex, fresh_slapd: Slapd
) -> None:
    with installed.start("follower", "follow") as follower:
        assert agrees(fresh_slapd, index)
        sync.write([Add(leader("new"))])
        assert eventually(lambda: "new" in people(index), SOON)
        second = installed.run("follow")
        assert second.code == 1
        assert second.err.splitlines()[-1].startswith("Another follower keeps")
        assert index.usable
    assert follower.exit_status == 0
    assert "follower stopped" in follower.log.read_text()


def test_an_index_is_made_anew_by_hand_beside_a_follower_and_without_one(
    installed: Installed, sync: Directory, index: SearchIndex, fresh_slapd: Slapd
) -> None:
    alone = installed.run("index", "rebuild")
    assert alone.code == 0, alone.err
    assert alone.out.startswith("The index was made of 5 entries in ")
    with installed.start("follower", "follow"):
        assert eventually(lambda: index.usable)
        before = IndexFolder(installed.var / "index").current()
        assert installed.run("index", "rebuild", "--json").data["entries"] == 5
        assert IndexFolder(installed.var / "index").current() != before
        sync.write([Remove(leader("first-0"))])
        assert agrees(fresh_slapd, index)


def test_a_search_goes_on_without_an_index_that_was_in_step_a_moment_ago_and_says_so(
    installed: Installed, sync: Directory
) -> None:
    folder = installed.var / "index"
    folder.mkdir()
    IndexFolder(folder).note_in_step(system_clock())
    found = installed.run("search", leader("first-1").family_name, "--json")
    assert (found.code, found.data["total"] > 0) == (0, True), found.err
    assert "The search index is missing or behind" in found.err


def test_without_the_directory_the_old_index_stays_and_a_sentence_says_why(
    installed: Installed, sync: Directory, index: SearchIndex, fresh_slapd: Slapd
) -> None:
    assert installed.run("index", "rebuild").code == 0
    fresh_slapd.stop()
    answer = installed.run("index", "rebuild")
    assert answer.code == 1
    assert "does not answer" in answer.err
    assert len(answer.err.splitlines()) == 1
    assert index.contents().count() == 5
    with installed.start("follower", "follow") as follower:
        assert eventually(lambda: "The follower goes on trying." in follower.log.read_text())
        fresh_slapd.start()
        assert agrees(fresh_slapd, index)
    assert follower.log.read_text().count("goes on trying") < 5, "not once for every try"


class Writer(threading.Thread):
    """Writes one thing after the other, transactions that fail among them, whoever is there to listen."""

    def __init__(self, slapd: Slapd, name: str) -> None:
        super().__init__()
        self._slapd, self._name = slapd, name
        self.stopped = threading.Event()
        self.written = 0

    def run(self) -> None:
        with opened(self._slapd, Service.SYNC, timeout=2.0) as directory:
            number = 0
            while not self.stopped.is_set():
                number += 1
                try:
                    self._one(directory, f"{self._name}-{number}", number)
                    self.written += 1
                except DirectoryError:
                    time.sleep(0.02)

    def _one(self, directory: Directory, uid: str, number: int) -> None:
        person = leader(uid)
        after = replace(person, title=f"Title {number}", status="held" if number % 4 == 0 else "active")
        directory.write([Add(person), Add(leader(f"{uid}-twin"))] if number % 3 else [Add(person)])
        directory.write([Update(person, after)])
        if number % 5 == 0:
            directory.write([Remove(after)])
        if number % 6 == 0:  # fails, and takes all of it along
            directory.write([Add(leader(f"{uid}-never")), Update(after, person), Add(leader("first-0"))])


def kill_and_compare(
    installed: Installed, slapd: Slapd, index: SearchIndex, kills: int
) -> tuple[int, set[str]]:
    """Kill follower and slapd at moments of chance; return how much was written, and who is in the index."""
    chance = random.Random(20261125)  # noqa: S311  # when to kill is no secret
    follower = installed.start("follower", "follow")
    writer = Writer(slapd, "w")
    follower.launch()
    writer.start()
    try:
        for number in range(kills):
            time.sleep(chance.uniform(0.05, 2.0))
            victim: Process = follower if number % 3 else slapd
            victim.kill()
            victim.launch()
    finally:
        writer.stopped.set()
        writer.join()
    slapd.wait_until_ready()
    assert agrees(slapd, index, 30.0), "the index is what the directory says"
    follower.stop()
    return writer.written, set(people(index))


def test_killed_at_any_moment_the_index_ends_up_as_the_directory(
    installed: Installed, sync: Directory, index: SearchIndex, fresh_slapd: Slapd
) -> None:
    written, there = kill_and_compare(installed, fresh_slapd, index, QUICK.index_kills)
    assert written > 5
    assert {"first-0", "w-1"} <= there


@pytest.mark.crash
def test_killed_again_and_again_the_index_ends_up_as_the_directory(
    installed: Installed, sync: Directory, index: SearchIndex, fresh_slapd: Slapd
) -> None:
    written, _ = kill_and_compare(installed, fresh_slapd, index, FULL.index_kills)
    assert written > 10 * FULL.index_kills / 2
