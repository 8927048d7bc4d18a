"""The provider is killed under writes: nothing acknowledged is lost, replicas agree, readers read on."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from counterpart.clock import system_clock
from counterpart.healing import keep_equal
from dev.servers import Slapd
from ldap_schema.changes import Add, Remove
from ldap_schema.directory import Service
from tests.functional.directory_kit import leader
from tests.functional.load_kit import LONGEST_SILENCE, Reader, Writer
from tests.functional.replica_kit import as_service, csn, entries, equal, eventually, until_it_listens
from tests.rounds import FULL, QUICK

WRITERS = 2
WRITES = 20  # acknowledged in each round, at least
RECONNECTIONS = 30  # of each replica
# How often replicas are compared: seconds, and share of the time; a worker takes a minute and a twentieth.
HEAL_EVERY, HEAL_SHARE = 1.0, 1.0
READS = 20  # in each round, at least; on a quiet machine hundreds
UNDER_WRITES = 1.0  # seconds of writing before the kill


class Worker(threading.Thread):
    """Heals replicas as the worker does."""

    def __init__(self, provider: Slapd, *replicas: Slapd) -> None:
        self._stopped = threading.Event()
        uris = tuple(replica.uri for replica in replicas)
        settings = replace(provider.settings(), replicas=uris, timeout=2.0)
        super().__init__(
            target=keep_equal, args=(settings, system_clock, self._stopped, HEAL_EVERY, HEAL_SHARE)
        )

    def end(self) -> None:
        self._stopped.set()
        self.join()


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[tuple[Slapd, Slapd, Slapd]]:
    with Slapd(tmp_path / "provider") as provider:
        sync = as_service(provider, Service.SYNC)
        sync.write([Add(leader("reader"))])
        sync.close()
        with (
            Slapd(tmp_path / "one", provider=provider) as one,
            Slapd(tmp_path / "two", provider=provider) as two,
        ):
            until_it_listens(provider, one, two)
            yield provider, one, two


def check(provider: Slapd, writers: list[Writer]) -> None:
    """Everything acknowledged is there as it was acknowledged."""
    there = entries(provider)
    for writer in writers:
        for uid, title in writer.sure.items():
            if uid in writer.unsure:
                continue
            found = there.get(f"dn: uid={uid},ou=people,{provider.suffix}")
            assert (found is None) == (title is None), f"{uid} was acknowledged as {title!r}"
            assert not title or f"title: {title}" in (found or []), uid


def crash_again_and_again(servers: tuple[Slapd, Slapd, Slapd], rounds: int) -> None:
    provider, one, two = servers
    portal = as_service(provider, Service.PORTAL, one, two)
    reader = Reader(portal.as_viewer("reader"))
    watching = threading.Thread(target=reader.run)
    watching.start()
    writers: list[Writer] = []
    worker = Worker(provider, one, two)
    worker.start()
    try:
        for number in range(rounds):
            writers += kill_under_writes(provider, number)
            provider.start()
            assert equal(provider, one, two), f"round {number}"
            check(provider, writers)
    finally:
        worker.end()
        reader.stopped.set()
        watching.join()
        portal.close()
    assert sum(len(writer.sure) for writer in writers) > WRITES * rounds
    assert reader.reads > READS * rounds
    assert reader.longest < LONGEST_SILENCE


def kill_under_writes(provider: Slapd, number: int) -> list[Writer]:
    """Write with several threads, kill the provider in the middle, and return what they know."""
    opened = [as_service(provider, Service.SYNC) for _ in range(WRITERS)]
    writers = [Writer(directory, f"round{number}-{n}") for n, directory in enumerate(opened)]
    threads = [threading.Thread(target=writer.run) for writer in writers]
    for thread in threads:
        thread.start()
    time.sleep(UNDER_WRITES + 0.037 * number)
    assert eventually(lambda: sum(len(writer.sure) for writer in writers) > WRITES), "on a busy machine too"
    provider.kill()
    for writer in writers:
        writer.stopped.set()
    for thread in threads:
        thread.join()
    for directory in opened:
        directory.close()
    return writers


def test_a_crash_of_the_provider_loses_nothing_acknowledged_and_replicas_agree(
    servers: tuple[Slapd, Slapd, Slapd],
) -> None:
    crash_again_and_again(servers, QUICK.directory_kills)


@pytest.mark.crash
def test_crash_after_crash_loses_nothing_acknowledged_and_replicas_agree(
    servers: tuple[Slapd, Slapd, Slapd],
) -> None:
    crash_again_and_again(servers, FULL.directory_kills)


@pytest.mark.crash
def test_replicas_that_come_and_go_while_two_write_end_with_everything(
    servers: tuple[Slapd, Slapd, Slapd],
) -> None:
    """Without healing about one connection in sixty leaves a replica without a transaction, for good."""
    provider, one, two = servers
    opened = [as_service(provider, Service.SYNC) for _ in range(WRITERS)]
    writers = [Writer(directory, f"w{n}", all_at_once=True) for n, directory in enumerate(opened)]
    threads = [threading.Thread(target=writer.run) for writer in writers]
    worker = Worker(provider, one, two)
    for thread in (worker, *threads):
        thread.start()
    for _ in range(RECONNECTIONS):
        one.restart()
        two.restart()
    for writer in writers:
        writer.stopped.set()
    for thread in threads:
        thread.join()
    try:
        assert equal(provider, one, two)
        check(provider, writers)
    finally:
        worker.end()
        for directory in opened:
            directory.close()


def test_replicas_agree_when_the_last_thing_before_a_crash_was_a_removal(
    servers: tuple[Slapd, Slapd, Slapd],
) -> None:
    provider, one, two = servers
    sync = as_service(provider, Service.SYNC)
    try:
        sync.write([Add(leader("gone"))])
        assert equal(provider, one, two)
        sync.write([Remove(sync.people.get("gone"))])
        provider.kill()
        provider.start()
        assert equal(provider, one, two)
        sync.write([Add(leader("next"))])
        assert eventually(lambda: csn(one) == csn(provider) == csn(two)), "they go on"
        assert equal(provider, one, two)
    finally:
        sync.close()


def test_a_crash_of_a_replica_is_caught_up_with(servers: tuple[Slapd, Slapd, Slapd]) -> None:
    provider, one, two = servers
    sync = as_service(provider, Service.SYNC)
    try:
        for number in range(3):
            sync.write([Add(leader(f"k-{number}-{each}")) for each in range(20)])
            one.kill()
            sync.write([Add(leader(f"m-{number}"))])
            one.start()
            assert equal(provider, one, two)
    finally:
        sync.close()
