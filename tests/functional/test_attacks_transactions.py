"""Nobody from the network ends the directory by a transaction, nor writes at all, whatever they send."""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import ldap3
import pytest

from counterpart.clock import system_clock
from dev.servers import Slapd
from ldap_schema.changes import Add
from ldap_schema.credentials import NewCredential
from ldap_schema.directory import Directory, Service
from ldap_schema.errors import DirectoryRefused
from ldap_schema.transaction import END, START
from tests.functional.directory_kit import INVALID_CREDENTIALS, bind_code, bound, leader, opened
from tests.functional.replica_kit import entries, eventually
from tests.functional.transaction_attacks import COMMIT, Line, attacks, changed, extended, searched, specified
from tests.rounds import ROUNDS

CONFIDENTIALITY = 13
WHO_AM_I = "1.3.6.1.4.1.4203.1.11.3"
AT_ONCE = "changed and ended in one breath"
ATTACKS = tuple(attacks("uid=x", "x"))
# How one comes, and as whom; each has a thread of its own.
ATTACKERS = (
    ("mail program", "ldaps"),
    ("mail program", "StartTLS"),
    ("replica", "ldaps"),
    ("stranger", "ldaps"),
    ("stranger", "cleartext"),
)
DEADLY_SECONDS = 60.0  # a slapd that takes such writes fell within one second in every run that was looked at
_numbers = count(1)


@dataclass(frozen=True)
class Target:
    """A server, and a credential with which a mail program comes."""

    slapd: Slapd
    portal: Directory
    issued: NewCredential

    def identity(self, who: str) -> tuple[str, str]:
        """Return DN and password of one of the ATTACKERS."""
        if who == "mail program":
            return self.issued.bind_dn, self.issued.password
        if who == "stranger":
            return "", ""
        password = (self.slapd.secrets / f"directory-{who}").read_text().strip()
        return f"cn={who},ou=services,{self.slapd.suffix}", password

    def line(self, who: str = "mail program", way: str = "ldaps") -> Line:
        return Line(self.slapd, way, *self.identity(who))

    def attack(self, name: str) -> bytes:
        return attacks(self.issued.bind_dn, self.issued.password)[name]

    def lasting(self) -> dict[str, list[str]]:
        """Return what is in the directory, but for the attackers: slapd notes when they sign in."""
        theirs = ("ou=credentials", "cn=replica,ou=services")
        there = entries(self.slapd).items()
        return {dn: lines for dn, lines in there if not any(each in dn for each in theirs)}


def target(server: Slapd, portal: Directory) -> Target:
    with opened(server, Service.SYNC) as sync:
        sync.write([Add(leader("a-1", title="Chief"))])
    return Target(server, portal, portal.credentials.issue("a-1", "device", system_clock()))


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with (
        Slapd(tmp_path_factory.mktemp("attacked"), durable=False) as server,
        opened(server, Service.PORTAL) as portal,
    ):
        yield target(server, portal)


@pytest.fixture(scope="module")
def replica(provider: Target, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    folder = tmp_path_factory.mktemp("attacked-replica")
    with (
        Slapd(folder, provider=provider.slapd, durable=False) as server,
        opened(server, Service.PORTAL) as portal,
    ):
        yield Target(server, portal, provider.issued)


@pytest.fixture(params=["provider", "replica"])
def either(request: pytest.FixtureRequest) -> Target:
    aim: Target = request.getfixturevalue(request.param)
    return aim


def again_and_again(aim: Target, name: str, seconds: float) -> None:
    """Attack from several connections at once while the server lives, each attacker at least once."""
    until, counted = time.monotonic() + seconds, [0] * len(ATTACKERS)

    def run(number: int) -> None:
        who, way = ATTACKERS[number]
        while aim.slapd.running and (not counted[number] or time.monotonic() < until):
            with suppress(OSError), aim.line(who, way) as line:
                for _ in range(20):
                    line.send(aim.attack(name))
                    counted[number] += 1

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(ATTACKERS))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("name", ATTACKS)
def test_no_transaction_from_the_network_ends_the_directory(either: Target, name: str) -> None:
    before, pid = either.lasting(), either.slapd.pid
    again_and_again(either, name, ROUNDS.attack_seconds)
    assert (either.slapd.running, either.slapd.pid) == (True, pid)
    with either.line() as line:
        line.send(extended(2, WHO_AM_I))
        assert line.codes(2) == {2: 0}, "it answers the same mail program as before"
    assert either.lasting() == before


@pytest.mark.parametrize("who", ["mail program", "stranger"])
def test_no_broken_message_ends_the_directory(either: Target, who: str) -> None:
    chance = random.Random(who)  # noqa: S311 - no secret; the same messages each time
    before, pid = either.lasting(), either.slapd.pid
    whole = [either.attack(name) for name in ATTACKS] + [searched(7, f"ou=people,{either.slapd.suffix}")]
    for _ in range(ROUNDS.broken_messages):
        with suppress(OSError), either.line(who) as line:
            for _ in range(10):
                line.send(broken(chance.choice(whole), chance))
    assert (either.slapd.running, either.slapd.pid) == (True, pid)
    with either.line() as line:
        line.send(extended(2, WHO_AM_I))
        assert line.codes(2) == {2: 0}, "it answers the same mail program as before"
    assert either.lasting() == before


def broken(message: bytes, chance: random.Random) -> bytes:
    """The message with a few bytes changed, taken out or put in; lengths among them, which BER says first."""
    made = bytearray(message)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(made))
        made[at : at + chance.randint(0, 3)] = chance.choice(
            [b"", chance.randbytes(1), chance.randbytes(4), b"\x80", b"\x84\xff\xff\xff\xff", b"\x30\x00"]
        )
    return bytes(made)


def test_a_transaction_of_two_connections_does_not_either(either: Target) -> None:
    dn = either.issued.bind_dn
    for _ in range(5):
        with ExitStack() as stack:
            first, second = (stack.enter_context(either.line()) for _ in range(2))
            first.send(extended(2, START) + specified(3, changed(dn)))
            second.send(specified(4, changed(dn)) + extended(5, END, COMMIT))
            assert set(first.codes(2, 3).values()) == {CONFIDENTIALITY}
            assert set(second.codes(4, 5).values()) == {CONFIDENTIALITY}
    assert either.slapd.running


@pytest.mark.parametrize(("who", "way"), ATTACKERS)
def test_a_transaction_is_refused_before_it_begins(either: Target, who: str, way: str) -> None:
    with either.line(who, way) as line:
        line.send(either.attack(AT_ONCE))
        assert line.codes(2, 3, 9) == dict.fromkeys((2, 3, 9), CONFIDENTIALITY)


def test_without_that_one_setting_the_same_attack_ends_the_directory(tmp_path: Path) -> None:
    """The control of the tests above; why `--network-writes` is for servers out of mail programs' reach."""
    with (
        Slapd(tmp_path / "open", durable=False, network_writes=True) as server,
        opened(server, Service.PORTAL) as portal,
    ):
        aim = target(server, portal)
        with aim.line() as line:
            line.send(extended(2, START))
            assert line.codes(2) == {2: 0}
        again_and_again(aim, AT_ONCE, DEADLY_SECONDS)
        assert not server.running


def writes(connection: ldap3.Connection, dn: str) -> Iterator[int]:
    """Try every kind of write on the entry; yield the result codes."""
    connection.modify(dn, {"description": [(ldap3.MODIFY_REPLACE, ["x"])]})
    yield connection.result["result"]
    connection.add(f"uid=new,{dn.partition(',')[2]}", ["inetOrgPerson"], {"cn": "x", "sn": "x"})
    yield connection.result["result"]
    connection.modify_dn(dn, "uid=other")
    yield connection.result["result"]
    connection.delete(dn)
    yield connection.result["result"]
    connection.extend.standard.modify_password(dn, new_password="x" * 20)
    yield connection.result["result"]


@pytest.mark.parametrize("who", ["sync", "portal", "replica", "mail program"])
def test_every_write_from_the_network_is_refused_whoever_asks(either: Target, who: str) -> None:
    with bound(either.slapd, *either.identity(who)) as connection:
        found = list(writes(connection, f"uid=a-1,ou=people,{either.slapd.suffix}"))
        assert found == [CONFIDENTIALITY] * 5


def test_the_gateway_writes_at_the_socket_and_says_where_writes_are_taken_when_it_may_not(
    provider: Target,
) -> None:
    one, two, three, *others = (f"socket-{next(_numbers)}" for _ in range(5))
    with opened(provider.slapd, Service.SYNC) as sync:
        sync.write([Add(leader(one)), Add(leader(two))])
        sync.write([Add(leader(three))])
        assert sync.people.get(two).uid == two
    with opened(provider.slapd, Service.SYNC, uri=provider.slapd.uri) as sync:
        assert sync.people.get(three).uid == three
        for some in (others[:1], others):
            with pytest.raises(DirectoryRefused, match="at its own socket"):
                sync.write([Add(leader(uid)) for uid in some])


def test_last_sign_in_and_lockout_are_noted_although_the_network_may_not_write(provider: Target) -> None:
    issued = provider.portal.credentials.issue("a-1", "other device", system_clock())
    assert bind_code(provider.slapd, issued) == 0
    assert eventually(lambda: bool(_used(provider, issued)), 5)
    assert [bind_code(provider.slapd, issued, "wrong") for _ in range(5)] == [INVALID_CREDENTIALS] * 5
    assert bind_code(provider.slapd, issued) == INVALID_CREDENTIALS, "locked"
    assert bind_code(provider.slapd, provider.issued) == 0, "it alone"


def _used(aim: Target, issued: NewCredential) -> object:
    return {each.id: each.last_used for each in aim.portal.credentials.of("a-1")}[issued.credential.id]
