"""`counterpart doctor --replicas` compares entry by entry and says what differs."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from counterpart.clock import system_clock
from dev.servers import MailCatcher, Redis, Slapd
from ldap_schema import comparison
from ldap_schema.changes import Add, Update
from ldap_schema.directory import Directory, Service
from tests.functional.command_line import Installed
from tests.functional.directory_kit import leader
from tests.functional.replica_kit import as_service, equal, eventually, local, passes_over, refill

PEOPLE = 30


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Slapd]:
    with Slapd(tmp_path / "provider") as server:
        sync = as_service(server, Service.SYNC)
        sync.write([Add(leader(f"r-{number}")) for number in range(PEOPLE)])
        sync.close()
        yield server


@pytest.fixture
def replica(tmp_path: Path, provider: Slapd) -> Iterator[Slapd]:
    with Slapd(tmp_path / "replica", provider=provider) as server:
        yield server


@pytest.fixture
def installed(
    tmp_path: Path, provider: Slapd, replica: Slapd, redis_server: Redis, mail_catcher: MailCatcher
) -> Installed:
    made = Installed(tmp_path, provider, redis_server, mail_catcher)
    made.set("DIRECTORY_REPLICAS", replica.uri)
    return made


def test_a_replica_that_is_equal_is_well(installed: Installed, replica: Slapd) -> None:
    answer = installed.run("doctor", "--replicas")
    assert answer.code == 0, answer.out
    assert "Everything is well" in answer.out


def test_entries_that_differ_are_named_with_what_to_do(
    installed: Installed, provider: Slapd, replica: Slapd
) -> None:
    replica.stop()
    sync = as_service(provider, Service.SYNC)
    person = sync.people.get("r-1")
    sync.write([Update(person, replace(person, title="Changed")), Add(leader("r-new"))])
    sync.close()
    cut_off_forever(replica)
    replica.start()
    answer = installed.run("doctor", "--replicas", "--json")
    assert answer.code == 1
    (check,) = answer.data["checks"]
    told = [problem["what"] for problem in check["problems"]]
    assert check["name"] == replica.uri
    assert any(f" of {entries_of(provider)} entries differ" in what for what in told), told
    assert any(f"uid=r-1,ou=people,{replica.suffix}: on the provider as of" in what for what in told)
    assert any("uid=r-new" in what and "missing on the replica" in what for what in told)
    assert any("fill it anew" in problem["mend"] for problem in check["problems"])


def cut_off_forever(replica: Slapd) -> None:
    """The stopped replica will ask a port at which nobody answers."""
    (config,) = (replica.config / "cn=config").glob("olcDatabase={1}mdb.ldif")
    text = config.read_text().replace("\n ", "")
    assert replica.provider
    config.write_text(text.replace(f"provider={replica.provider.uri}", "provider=ldap://localhost:1"))


def entries_of(slapd: Slapd) -> int:
    return local(slapd, "ldapsearch", "-LLL", "-b", slapd.suffix, "1.1").count("dn: ")


def test_a_replica_that_does_not_answer_is_a_finding(installed: Installed, replica: Slapd) -> None:
    replica.stop()
    answer = installed.run("doctor", "--replicas")
    assert answer.code == 1
    assert "does not answer" in answer.out


def test_a_clock_that_jumped_is_a_finding_and_its_replicas_are_not_believed(
    tmp_path: Path, redis_server: Redis, mail_catcher: MailCatcher
) -> None:
    with Slapd(tmp_path / "ahead") as provider:
        from_the_future(provider)
        with Slapd(tmp_path / "follower", provider=provider) as replica:
            made = Installed(tmp_path, provider, redis_server, mail_catcher)
            made.set("DIRECTORY_REPLICAS", replica.uri)
            portal = as_service(provider, Service.PORTAL, replica)
            sync = as_service(provider, Service.SYNC)
            sync.write([Add(leader("owner"))])
            for number in range(3):
                portal.credentials.issue("owner", f"device {number}", system_clock())
                assert len(portal.credentials.of("owner")) == number + 1
            portal.close()
            sync.close()
            answer = made.run("doctor", "--replicas")
    assert answer.code == 1
    assert "in the future" in " ".join(answer.out.split())


def from_the_future(slapd: Slapd) -> None:
    """Number one entry's last change as a clock that was ten years ahead would have."""

    def edit(text: str) -> str:
        lines = [line for line in text.splitlines() if not line.startswith("contextCSN:")]
        at = max(number for number, line in enumerate(lines) if line.startswith("entryCSN: "))
        year = system_clock().year
        lines[at] = lines[at].replace(f"entryCSN: {year}", f"entryCSN: {year + 10}")
        return "\n".join(lines) + "\n"

    refill(slapd, edit, "-w")


def test_what_a_replica_missed_is_named_and_repaired(
    installed: Installed, provider: Slapd, replica: Slapd
) -> None:
    sync = as_service(provider, Service.SYNC)
    passes_over(replica, lambda: sync.write([Add(leader("r-new")), Add(leader("r-newer"))]))
    sync.close()
    answer = installed.run("doctor", "--replicas")
    assert answer.code == 1
    assert "doctor --replicas --repair" in " ".join(answer.out.split())
    answer = installed.run("doctor", "--replicas", "--repair")
    assert answer.code == 0, answer.out
    assert f"2 entries sent again to {replica.uri}." in answer.out
    assert equal(provider, replica)
    assert installed.run("doctor", "--repair", "--json").data["sent_again"] == {replica.uri: []}


def test_the_worker_repairs_by_itself(installed: Installed, provider: Slapd, replica: Slapd) -> None:
    sync = as_service(provider, Service.SYNC)
    passes_over(replica, lambda: sync.write([Add(leader("r-new")), Add(leader("r-newer"))]))
    sync.close()
    installed.store().close()
    with installed.start("worker", "worker") as worker:
        assert equal(provider, replica)
        assert eventually(lambda: worker.log.read_text().count("was sent again") == 2)


def test_without_a_replica_the_setting_is_named(installed: Installed) -> None:
    installed.set("DIRECTORY_REPLICAS", "")
    answer = installed.run("doctor", "--replicas")
    assert (answer.code, "COUNTERPART_DIRECTORY_REPLICAS" in answer.out) == (1, True)


def test_every_entry_is_counted_however_small_the_batches(
    provider: Slapd, replica: Slapd, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = as_service(provider, Service.SYNC)
    theirs = Directory.open(replace(provider.settings(), uri=replica.uri), Service.SYNC)
    monkeypatch.setattr(comparison, "BATCH", 3)
    try:
        assert equal(provider, replica)
        found = ours.compare(theirs)
        assert (found.entries, found.different) == (entries_of(provider), 0)
    finally:
        ours.close()
        theirs.close()
