"""The directory has no room left: what is asked is said not to be done, and nothing of it is there."""

import os
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import pytest

from counterpart.clock import system_clock
from counterpart.healing import heal
from dev.servers import Slapd
from ldap_schema.changes import Add, Change
from ldap_schema.directory import Directory, Service
from ldap_schema.errors import DirectoryUnavailable
from tests.functional.directory_kit import leader, opened
from tests.functional.replica_kit import as_service, csn, equal, eventually, local, refill

FULL = "its disk is full, or its database as large as olcDbMaxSize lets it be"
SMALL, LARGE = 3 << 20, 64 << 20  # bytes
CONNECTIONS = 4
MOST = 3_000  # writes; more than fit


class SlapdOnASmallDisk(Slapd):
    """Its data lie on a disk of their own (a tmpfs that only it sees) of SMALL bytes."""

    def _prepare(self) -> None:
        super()._prepare()
        disk = self.folder / "disk"
        disk.mkdir(exist_ok=True)
        mounting = (
            f"mount -t tmpfs -o size={SMALL + (1 << 20)} tmpfs {disk} && cp {self.data}/* {disk}/ && "
            f'mount --bind {disk} {self.data} && exec "$@"'
        )
        own = ["-m"] if os.geteuid() == 0 else ["-rm"]
        self.command = ["unshare", *own, "sh", "-c", mounting, "sh", *self.command]

    def enlarge(self) -> None:
        """Give the disk more room, while slapd runs."""
        inside = ["nsenter", "-t", str(self.pid), "-m", *(["-U"] if os.geteuid() else [])]
        subprocess.run(
            [*inside, "mount", "-o", f"remount,size={LARGE}", str(self.folder / "disk")], check=True
        )


def filled(sync: Directory, changes: Callable[[int], list[Change]]) -> tuple[int, str]:
    """Write until it can't be done; return which write that was and what was said."""
    for number in range(MOST):
        try:
            sync.write(changes(number))
        except DirectoryUnavailable as error:
            return number, str(error)
    raise AssertionError("It never became full.")


def several(number: int) -> list[Change]:
    return [Add(leader(f"m-{number}-{each}", title="x" * 500)) for each in range(20)]


def one(number: int) -> list[Change]:
    return [Add(leader(f"s-{number}", title="x" * 1_000))]


def hold_that_it_is_whole(sync: Directory) -> None:
    """Fill what is left, in transactions and singly, and see that nothing is there by halves."""
    stopped, said = filled(sync, several)
    assert FULL in said
    assert sync.people.by_uids([f"m-{stopped}-{each}" for each in range(20)]) == {}
    assert len(sync.people.by_uids([f"m-{stopped - 1}-{each}" for each in range(20)])) == 20
    stopped, said = filled(sync, one)
    assert FULL in said
    assert sync.people.by_uids([f"s-{stopped}"]) == {}
    assert sync.people.get("m-0-0").uid == "m-0-0", "reading goes on"


def test_a_database_as_large_as_it_may_be_takes_nothing_by_halves_and_goes_on_when_it_may_grow(
    tmp_path: Path,
) -> None:
    with (
        Slapd(tmp_path / "provider", max_size=SMALL, durable=False) as provider,
        opened(provider, Service.SYNC) as sync,
    ):
        hold_that_it_is_whole(sync)
        larger = f"replace: olcDbMaxSize\nolcDbMaxSize: {LARGE}\n"
        change = f"dn: olcDatabase={{1}}mdb,cn=config\nchangetype: modify\n{larger}"
        local(provider, "ldapmodify", given=change)
        sync.write([Add(leader("again")), Add(leader("and-again"))])


def test_readers_keep_to_the_replica_while_the_provider_can_not_take_a_write(tmp_path: Path) -> None:
    with (
        Slapd(tmp_path / "provider", max_size=SMALL, durable=False) as provider,
        Slapd(tmp_path / "replica", provider=provider, durable=False) as replica,
        opened(provider, Service.SYNC) as sync,
        closing(as_service(provider, Service.PORTAL, replica)) as portal,
    ):
        sync.write([Add(leader("reader")), Add(leader("read"))])
        together = Barrier(CONNECTIONS, timeout=30)

        def issue(number: int) -> None:
            together.wait()
            portal.credentials.issue("reader", f"device {number}", system_clock())

        with ThreadPoolExecutor(CONNECTIONS) as threads:  # a new bind would raise the provider's number
            list(threads.map(issue, range(CONNECTIONS)))
        filled(sync, one)
        assert eventually(lambda: csn(provider) == csn(replica))
        refill(replica, lambda text: text.replace("sn: read\n", "sn: told-by-the-replica\n"))

        def told_by_the_replica() -> bool:
            return portal.as_viewer("reader").people.get("read").family_name == "told-by-the-replica"

        assert eventually(told_by_the_replica)

        def issue_until_it_is_full() -> None:
            for number in range(MOST):
                portal.credentials.issue("read", f"device {number}", system_clock())
                assert len(portal.credentials.of("read")) == number + 1, "what was written is read"

        with pytest.raises(DirectoryUnavailable, match=FULL):
            issue_until_it_is_full()
        assert eventually(told_by_the_replica), "there is nothing that a replica would have to wait for"


@pytest.mark.crash
def test_a_full_disk_takes_nothing_by_halves_and_slapd_goes_on_when_there_is_room(tmp_path: Path) -> None:
    with (
        SlapdOnASmallDisk(tmp_path / "provider", durable=False) as provider,
        Slapd(tmp_path / "replica", provider=provider, durable=False) as replica,
        opened(provider, Service.SYNC) as sync,
    ):
        hold_that_it_is_whole(sync)
        provider.enlarge()
        sync.write([Add(leader("again")), Add(leader("and-again"))])
        # What was taken back on the full disk could not be sent again there; the worker does that.
        assert eventually(lambda: csn(provider) == csn(replica))
        heal(replace(provider.settings(), replicas=(replica.uri,)), replica.uri, system_clock())
        assert equal(provider, replica)
