"""A device that copies the directory from a real slapd is suspended alone, and its owner has the last say."""

import os
import string
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from app.settings import PortalSettings
from counterpart.clock import system_clock
from counterpart.watch.alarm import Alarm
from counterpart.watch.invent import canary
from counterpart.watch.loop import Watch
from counterpart.watch.settings import WatchSettings
from dev.servers import Slapd
from ldap_schema.changes import Add
from ldap_schema.credentials import NewCredential
from ldap_schema.directory import Directory, Service
from ldap_schema.errors import DirectoryUnavailable
from store import ledger, waiting
from store.database import Store
from store.models import OutboxMail
from tests.functional.directory_kit import INVALID_CREDENTIALS, bind_code, bound, leader, opened

OWNER = "watched"
StartWatch = Callable[[], Watch]


@pytest.fixture
def logging_slapd(tmp_path: Path) -> Iterator[Slapd]:
    """A directory that writes down what it is asked, as the watch needs it."""
    with Slapd(tmp_path / "slapd", log_level="stats") as server:
        with opened(server, Service.SYNC) as sync:
            sync.write([Add(leader(OWNER, mail=("owner@rivers.example",)))])
        yield server


@pytest.fixture
def directory(logging_slapd: Slapd) -> Iterator[Directory]:
    with opened(logging_slapd, Service.PORTAL) as portal:
        yield portal


@pytest.fixture
def sync(logging_slapd: Slapd) -> Iterator[Directory]:
    with opened(logging_slapd, Service.SYNC) as account:
        yield account


@pytest.fixture
def start_watch(
    logging_slapd: Slapd, directory: Directory, sync: Directory, store: Store
) -> Iterator[StartWatch]:
    """Start a watch, as often as a worker is started."""
    started: list[Watch] = []

    def start() -> Watch:
        alarm = Alarm(
            directory=directory,
            store=store,
            clock=system_clock,
            portal=PortalSettings(),
            address="https://directory.example",
        )
        settings = WatchSettings(log=(str(logging_slapd.log),))
        started.append(Watch(settings, alarm, system_clock, sync.people.canaries))
        return started[-1]

    yield start
    for watch in started:
        watch.close()


def issue(directory: Directory, label: str) -> NewCredential:
    return directory.credentials.issue(OWNER, label, system_clock())


def ask(slapd: Slapd, issued: NewCredential, words: list[str]) -> None:
    with bound(slapd, issued.bind_dn, issued.password) as connection:
        for word in words:
            connection.search(issued.base_dn, f"(|(cn=*{word}*)(sn=*{word}*))", attributes=["cn"])


def search_in_scope(slapd: Slapd, issued: NewCredential, scope: str, word: str) -> str:
    """Return what ldapsearch is answered in a scope, which it can name more of than ldap3."""
    command = ["ldapsearch", "-x", "-LLL", "-H", slapd.ldaps_uri, "-D", issued.bind_dn, "-w", issued.password,
               "-s", scope, "-b", issued.base_dn, f"(cn=*{word}*)", "cn"]  # fmt: skip
    trusted = {"LDAPTLS_CACERT": str(slapd.ca_file), "PATH": os.environ["PATH"]}
    return subprocess.run(command, env=trusted, check=True, capture_output=True, text=True, timeout=30).stdout


def mails(store: Store) -> list[OutboxMail]:
    with store.reading() as tx:
        return list(tx.scalars(select(OutboxMail)))


def test_a_walk_through_the_alphabet_suspends_that_device_alone_and_tells_its_owner(
    logging_slapd: Slapd, directory: Directory, store: Store, start_watch: StartWatch
) -> None:
    thief, honest = issue(directory, "Old laptop"), issue(directory, "Phone")
    watching = start_watch()
    ask(logging_slapd, honest, ["is", "iso", "isol", "isold", "isolde"])
    assert watching.look() == 0
    ask(logging_slapd, thief, list(string.ascii_lowercase))
    assert watching.look() == 1
    assert bind_code(logging_slapd, thief) == INVALID_CREDENTIALS
    assert bind_code(logging_slapd, honest) == 0
    (mail,) = mails(store)
    assert mail.recipient == "owner@rivers.example"
    assert "Old laptop" in mail.text
    assert "https://directory.example/devices" in mail.text
    with store.reading() as tx:
        (item,) = waiting.open_items(tx, waiting.SUSPENDED_DEVICE)
        assert ledger.latest(tx, 1)[0].event == "device suspended"
    assert item.key == thief.credential.id
    assert "alphabet" in item.summary
    assert "Old laptop" not in item.summary, "a label is the owner's"


@pytest.mark.parametrize("scope", ["one", "children"])
def test_no_scope_hides_a_walk_through_the_alphabet(
    logging_slapd: Slapd, directory: Directory, start_watch: StartWatch, scope: str
) -> None:
    """slapd takes `children` (scope 3) as well, which RFC 4511 does not have."""
    thief = issue(directory, "Old laptop")
    found = [search_in_scope(logging_slapd, thief, scope, letter) for letter in string.ascii_lowercase]
    assert any(f"uid={OWNER}," in answer for answer in found), "it is answered"
    assert start_watch().look() == 1
    assert bind_code(logging_slapd, thief) == INVALID_CREDENTIALS


def test_a_restored_device_is_not_suspended_again_for_what_it_asked_before(
    logging_slapd: Slapd, directory: Directory, store: Store, start_watch: StartWatch
) -> None:
    issued = issue(directory, "Laptop")
    ask(logging_slapd, issued, list(string.ascii_lowercase))
    assert start_watch().look() == 1
    assert start_watch().look() == 0, "a second worker, or the first started again"
    directory.credentials.restore(issued.credential.id, OWNER)
    with store.transaction() as tx:  # as the page does
        ledger.append(tx, "device restored", OWNER, issued.credential.id, {}, system_clock())
        waiting.settle_matter(tx, waiting.SUSPENDED_DEVICE, issued.credential.id, OWNER, system_clock())
    again = start_watch()
    assert again.look() == 0
    ask(logging_slapd, issued, list(string.ascii_lowercase))
    assert again.look() == 1, "but for what it asks after that"
    assert len(mails(store)) == 2


def test_an_alarm_while_the_directory_is_away_is_sounded_when_it_is_back(
    logging_slapd: Slapd, directory: Directory, store: Store, start_watch: StartWatch
) -> None:
    issued = issue(directory, "Laptop")
    ask(logging_slapd, issued, list(string.ascii_lowercase))
    watching = start_watch()
    logging_slapd.stop()
    for _ in range(2):
        with pytest.raises(DirectoryUnavailable):
            watching.look()
    logging_slapd.start()
    assert watching.look() == 1
    assert len(mails(store)) == 1


def test_an_alarm_is_written_down_once_however_many_others_wait(
    logging_slapd: Slapd, directory: Directory, store: Store, start_watch: StartWatch
) -> None:
    with store.transaction() as tx:
        for number in range(waiting.MOST_OF_A_KIND):
            waiting.raise_item(
                tx, waiting.SUSPENDED_DEVICE, f"other{number}", "It was suspended.", system_clock()
            )
    issued = issue(directory, "Laptop")
    for _ in range(2):
        ask(logging_slapd, issued, list(string.ascii_lowercase))
        assert start_watch().look() == 1
        directory.credentials.restore(issued.credential.id, OWNER)  # as if it had ended before the lock
    with store.reading() as tx:
        assert [entry.event for entry in ledger.latest(tx, 10)] == ["device suspended"]
    assert len(mails(store)) == 1


def test_a_device_that_is_gone_raises_no_alarm(
    logging_slapd: Slapd, directory: Directory, store: Store, start_watch: StartWatch
) -> None:
    issued = issue(directory, "Laptop")
    ask(logging_slapd, issued, list(string.ascii_lowercase))
    directory.credentials.revoke(issued.credential.id, OWNER)
    assert start_watch().look() == 0
    assert mails(store) == []


def test_a_canary_asked_for_by_its_whole_address_suspends_that_device_alone(
    logging_slapd: Slapd, directory: Directory, sync: Directory, store: Store, start_watch: StartWatch
) -> None:
    model = leader("model", title="Chief executive", organisation_name="Office for Pins")
    made = canary("Marianne", "Thistlegant", model, "c1", "canaries.example")
    sync.write([Add(made)])
    thief, honest = issue(directory, "Old laptop"), issue(directory, "Phone")
    watching = start_watch()
    ask(logging_slapd, honest, ["thi", "this", "thistle", "marianne"])
    with bound(logging_slapd, honest.bind_dn, honest.password) as connection:
        connection.search(honest.base_dn, "(sn=thistle*)", attributes=["mail"])
        (entry,) = connection.entries
        assert entry.mail.values == ["marianne.thistlegant@canaries.example"], "a mail program does find it"
    assert watching.look() == 0
    ask(logging_slapd, thief, ["Marianne.Thistlegant@canaries.example"])
    assert watching.look() == 1
    assert bind_code(logging_slapd, thief) == INVALID_CREDENTIALS
    assert bind_code(logging_slapd, honest) == 0
    (mail,) = mails(store)
    with store.reading() as tx:
        (item,) = waiting.open_items(tx, waiting.SUSPENDED_DEVICE)
    for told in (mail.text, item.summary):
        assert "known only from a copy" in told
        assert "thistlegant" not in told.casefold(), "who is watched must not learn by which name"
