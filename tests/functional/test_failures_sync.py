"""A feed run that is stopped anywhere leaves all of it or nothing and no lock, and the next run is fine."""

import random
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from dev.commands import COUNTERPART
from dev.servers import MailCatcher, Redis, Slapd
from ldap_schema.directory import Directory, Service
from ldap_schema.errors import DirectoryUnavailable
from tests.functional.command_line import Answer, Installed
from tests.functional.supervision_kit import looked_after, repeated
from tests.rounds import ROUNDS
from tests.sync_world import DAY, people, write_file, write_mapping

PEOPLE = 40


class Feed:
    """One sender whose file has twice as many people as the week before, again and again."""

    def __init__(self, folder: Path, slapd: Slapd, redis: Redis, mail: MailCatcher) -> None:
        self.installed = Installed(folder, slapd, redis, mail)
        self.installed.store().close()
        self.mapping = write_mapping(folder, extra='[guard]\nrows = "100%"\n')
        self.folder, self.weeks, self.slapd = folder, 0, slapd
        self.directory = Directory.open(slapd.settings(), Service.SYNC)

    def next_file(self, count: int) -> Path:
        self.weeks += 1
        return write_file(self.folder, people(count), DAY + timedelta(days=7 * self.weeks))

    def apply(self, file: Path) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [COUNTERPART, "sync", "apply", self.mapping, "--file", file], cwd=self.folder, text=True,
            env=self.installed.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def apply_again(self, file: Path) -> Answer:
        """Repeat the command, and once more where it says that the directory went away meanwhile."""

        def again() -> Answer:
            answer = self.installed.run("sync", "apply", self.mapping, "--file", file)
            if "Is the directory running?" in answer.err:
                raise DirectoryUnavailable(answer.err)
            return answer

        return repeated(self.slapd, self.directory, again)

    def count(self) -> int:
        return repeated(self.slapd, self.directory, self.directory.people.count_active)

    def applied(self) -> int:
        """How many runs the ledger knows."""
        with sqlite3.connect(self.installed.var / "counterpart.db") as store:
            found = store.execute("SELECT count(*) FROM ledger WHERE event = 'feed applied'").fetchone()[0]
        store.close()
        return int(found)


@pytest.fixture
def feed(
    tmp_path: Path, fresh_slapd: Slapd, redis_server: Redis, mail_catcher: MailCatcher
) -> Iterator[Feed]:
    made = Feed(tmp_path, fresh_slapd, redis_server, mail_catcher)
    with looked_after(fresh_slapd):
        yield made
    made.directory.close()


def stop_somewhere(feed: Feed, number: signal.Signals, rounds: int) -> None:
    """Stop a run after ever other times, and let the next one finish it."""
    chance = random.Random(20261123)  # noqa: S311 - when to stop is no secret
    began = time.monotonic()
    first = feed.apply(feed.next_file(PEOPLE))
    assert first.communicate(timeout=30)[1] == ""
    whole = time.monotonic() - began
    size = PEOPLE
    for step in range(rounds):
        before, size = size, size + 10
        file = feed.next_file(size)
        run = feed.apply(file)
        time.sleep(whole * (0.3 + 0.7 * (step + chance.random()) / rounds))
        run.send_signal(number)
        out, err = run.communicate(timeout=30)
        assert "Traceback" not in out + err, err
        if number == signal.SIGINT and run.returncode:
            assert run.returncode in (1, -signal.SIGINT)
        assert feed.count() in (before, size)
        again = feed.apply_again(file)
        assert (again.code, again.err) == (0, "")
        assert feed.count() == size
        assert feed.applied() == step + 2, "each run stands in the ledger exactly once"
    assert feed.installed.run("ledger", "verify").code == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_run_stopped_anywhere_is_whole_or_absent(feed: Feed, number: signal.Signals) -> None:
    stop_somewhere(feed, number, 1)


@pytest.mark.crash
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_runs_stopped_at_many_points_are_whole_or_absent(feed: Feed, number: signal.Signals) -> None:
    stop_somewhere(feed, number, ROUNDS.sync_kills)


def test_a_store_that_fails_after_the_commit_is_caught_up_by_the_next_run(feed: Feed) -> None:
    """The directory has the run, the ledger could not be written: said, and finished by the next run."""
    file = feed.next_file(5)
    apply = ("sync", "apply", feed.mapping, "--file")
    other = sqlite3.connect(feed.installed.var / "counterpart.db", isolation_level=None)
    feed.installed.set("STORE_TIMEOUT", 0.3)
    try:
        other.execute("BEGIN IMMEDIATE")
        for more in ((), ("--told",)):  # joiners are told first, and get their keys
            refused = feed.installed.run(*apply, file, *more)
            assert ("Nothing more was changed" in refused.err, feed.count()) == (True, 0)
        other.execute("ROLLBACK")
        assert feed.installed.run(*apply, file).code == 0
        later = feed.next_file(5)
        other.execute("BEGIN IMMEDIATE")
        answer = feed.installed.run(*apply, later)
    finally:
        other.close()
    assert answer.code == 1
    assert "kept busy by another program" in answer.err
    assert "is in the directory, but could not be entered in the ledger" in answer.err
    assert "run the same command again" in answer.err
    assert (feed.count(), feed.applied()) == (5, 1)
    assert feed.installed.run(*apply, later).code == 0
    assert (feed.count(), feed.applied()) == (5, 2)
