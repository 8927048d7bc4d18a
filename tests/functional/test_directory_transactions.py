"""Our own transactions don't end slapd, and what ends it all the same loses nothing that was acknowledged."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import ldap3
import pytest

from dev.errors import ServerError
from dev.servers import Slapd
from ldap_schema import completion, transaction
from ldap_schema.changes import Add, Update
from ldap_schema.directory import Directory, Service
from ldap_schema.errors import AlreadyThere, BadValue, DirectoryUnavailable
from ldap_schema.people import Person
from ldap_schema.transaction import END, START
from tests.functional.directory_kit import leader, opened
from tests.functional.replica_kit import eventually
from tests.functional.supervision_kit import answers, looked_after
from tests.functional.transaction_attacks import COMMIT, Line, changed, extended, specified
from tests.rounds import ROUNDS

WRITERS = 4
DEAF = 20.0  # seconds without an answer after which a service manager ends the server
PATIENCE = 60.0  # for slapd to fall; without waiting for it, it did so within two seconds


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    with Slapd(tmp_path_factory.mktemp("transactions"), durable=False) as started:
        yield started


@pytest.fixture
def fragile(tmp_path: Path) -> Iterator[Slapd]:
    """A server that a test may end."""
    with Slapd(tmp_path / "fragile", durable=False) as started:
        yield started


def pairs(server: Slapd) -> list[list[Person]]:
    """Make two people for each writer."""
    made = [[leader(f"tx-{writer}-{n}", title="0") for n in range(2)] for writer in range(WRITERS)]
    with opened(server, Service.SYNC) as sync:
        sync.write([Add(person) for two in made for person in two])
    return made


def committing(sync: Directory, two: Sequence[Person], more: Callable[[int], bool]) -> None:
    """Commit one transaction after the other; of three, one is refused in the middle and one at its end."""
    number = 0
    while more(number):
        number += 1
        now = [replace(person, title=str(number)) for person in two]
        sync.write([Update(before, after) for before, after in zip(two, now, strict=True)])
        two, lost = now, Update(now[0], replace(now[0], title="lost"))
        if number % 3 == 1:
            with pytest.raises(AlreadyThere):
                sync.write([lost, Add(now[1])])
        if number % 3 == 2:
            with pytest.raises(BadValue):
                sync.write([lost, Add(leader("tx-new", title="x" * 40_000, region="\udc80"))])


def all_at_once(server: Slapd, people: list[list[Person]], more: Callable[[int], bool]) -> None:
    with opened(server, Service.SYNC) as sync, ThreadPoolExecutor(WRITERS) as pool:
        for done in [pool.submit(committing, sync, two, more) for two in people]:
            done.result()


def test_commits_at_once_never_end_the_directory(server: Slapd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(completion, "sleep", lambda seconds: pytest.fail("it waited for no sign"))
    people, pid = pairs(server), server.pid
    all_at_once(server, people, lambda number: number < ROUNDS.commits)
    assert (server.running, server.pid) == (True, pid)
    with opened(server, Service.SYNC) as sync:
        titles = {sync.people.get(person.uid).title for two in people for person in two}
    assert titles == {str(ROUNDS.commits)}


def test_without_waiting_for_it_the_directory_ends(fragile: Slapd, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control of the test above: what it would find."""
    monkeypatch.setattr(completion, "wait", lambda connection: None)
    people, until = pairs(fragile), time.monotonic() + PATIENCE
    with suppress(DirectoryUnavailable):
        all_at_once(fragile, people, lambda _: time.monotonic() < until)
    assert eventually(lambda: not fragile.running)


def test_a_server_that_shows_no_counts_is_given_time(server: Slapd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(completion, "CONNECTIONS", "cn=Nothing,cn=Monitor")
    waited: list[float] = []
    monkeypatch.setattr(completion, "sleep", waited.append)
    with opened(server, Service.SYNC) as sync:
        sync.write([Add(leader("tx-slow-1")), Add(leader("tx-slow-2"))])
    assert waited == [completion.PAUSE]


def test_a_commit_that_takes_longer_than_an_answer_may_is_waited_for(
    server: Slapd, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever gives up while slapd commits ends it: so it did with 10,000 changes on a busy machine."""
    commit = transaction._commit

    def held_up(connection: ldap3.Connection, *more: object) -> object:
        os.kill(server.pid, signal.SIGSTOP)
        threading.Timer(2.5, os.kill, (server.pid, signal.SIGCONT)).start()
        return commit(connection, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(transaction, "_commit", held_up)
    with opened(server, Service.SYNC, timeout=1.0) as sync:
        sync.write([Add(leader("tx-long-1")), Add(leader("tx-long-2"))])
        assert sync.people.get("tx-long-2").uid == "tx-long-2"


def break_off(server: Slapd, dn: str) -> None:
    """Do what a client does that is killed in the middle of a transaction, or of its commit."""
    password = (server.secrets / "directory-sync").read_text().strip()
    with (
        suppress(OSError),
        Line(server, "socket", f"cn=sync,ou=services,{server.suffix}", password) as line,
    ):
        line.send(extended(2, START) + specified(3, changed(dn)))
        line.codes(2, 3)
        line.send(specified(4, changed(dn)) + extended(9, END, COMMIT))


def test_a_client_that_dies_may_end_the_directory_and_nothing_acknowledged_is_lost(fragile: Slapd) -> None:
    acknowledged: list[list[str]] = []
    refused: list[tuple[list[str], str]] = []
    until = time.monotonic() + PATIENCE
    with opened(fragile, Service.SYNC) as sync, looked_after(fragile) as ends:
        sync.write([Add(leader("tx-victim"))])
        dn = f"uid=tx-victim,ou=people,{fragile.suffix}"
        number = 0
        while number < ROUNDS.broken_off_transactions or (not ends and time.monotonic() < until):
            number += 1
            uids = [f"tx-{number}-{n}" for n in range(2)]
            try:
                sync.write([Add(leader(uid)) for uid in uids])
                acknowledged.append(uids)
            except DirectoryUnavailable as error:
                refused.append((uids, str(error)))
                if not eventually(lambda: answers(sync), DEAF):
                    fragile.kill()  # alive and deaf, once in some thousands: a service manager's watchdog
                assert eventually(lambda: answers(sync), PATIENCE), "the gateway recovers by itself"
            break_off(fragile, dn)
    assert ends, "nothing ended it, so nothing was tried"
    with suppress(ServerError):
        fragile.start()  # unless it runs already
    fragile.start()  # the last one broken off may end it a moment later
    with opened(fragile, Service.SYNC) as sync:
        written = [uid for two in acknowledged for uid in two]
        assert set(sync.people.by_uids(written)) == set(written)
        for uids, said in refused:
            assert len(sync.people.by_uids(uids)) in (0, 2), "all or nothing"
            assert "The directory" in said
