"""What tests share whose clients die in the middle of a transaction, which can end slapd (decision 0010)."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

import psutil

from dev.errors import ServerError
from dev.servers import Slapd
from ldap_schema.directory import Directory
from ldap_schema.errors import DirectoryUnavailable
from tests.functional.replica_kit import eventually

TRIES = 5
FALLING = 10.0  # seconds from a connection that slapd drops as it ends until its process is gone

Answer = TypeVar("Answer")


@contextmanager
def looked_after(server: Slapd) -> Iterator[list[int | None]]:
    """Start the server again whenever it ends, as a service manager does; yield how it ended each time."""
    ends: list[int | None] = []
    stop = threading.Event()

    def look() -> None:
        while not stop.wait(0.05):
            if not server.running:
                ends.append(server.exit_status)
                with suppress(ServerError):  # busy, or not ready in time: it is tried again
                    server.start()

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield ends
    finally:
        stop.set()
        thread.join()


def answers(directory: Directory) -> bool:
    """Say whether the directory can be asked."""
    with suppress(DirectoryUnavailable):
        directory.probe()
        return True
    return False


def repeated(server: Slapd, directory: Directory, command: Callable[[], Answer]) -> Answer:
    """Give the command when the directory answers, and again where slapd ended meanwhile, as an operator does
    who reads that it does not answer. A server that lives has no excuse: its silence fails the test.
    """
    for _ in range(TRIES):
        assert eventually(lambda: answers(directory)), "it was started again"
        pid = server.pid
        try:
            return command()
        except DirectoryUnavailable:
            if not eventually(lambda: not psutil.pid_exists(pid), FALLING):  # noqa: B023 - asked at once
                raise
    raise AssertionError("slapd ended again and again.")
