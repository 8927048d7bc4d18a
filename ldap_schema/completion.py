"""Finds out whether slapd has let go of what was asked on a connection; its answer alone does not say that.

slapd 2.5 answers an operation of a transaction first and goes on using it afterwards; the transaction's end,
or that of the connection, frees it meanwhile, and slapd dies (decision 0010). It counts an operation as
completed after it last touched it, under the lock that every other use of the connection takes, and tells the
count in cn=Monitor. So once all that were sent are counted, ending the transaction is safe.
"""

from contextlib import suppress
from math import ceil
from time import sleep
from typing import Any

import ldap3

from ldap_schema import exchange
from ldap_schema.errors import DirectoryUnavailable
from ldap_schema.filters import all_of, equals
from ldap_schema.operations import Search

CONNECTIONS = "cn=Connections,cn=Monitor"
RECEIVED, COMPLETED = "monitorConnectionOpsReceived", "monitorConnectionOpsCompleted"
OWNER = "monitorConnectionAuthzDN"
# Seconds to wait where the server does not show its connections: most likely enough.
PAUSE = 0.05
MOST_QUESTIONS = 1_000  # each is a way there and back; one is usual


class CountedServer(ldap3.Server):
    """A server for one connection, whose messages it numbers from 1.

    ldap3 numbers those of all connections of a process together. This way the number of a message is how many
    operations slapd has received on its connection, by which the connection is found among the others.
    """

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._sent = 0

    def next_message_id(self) -> int:  # type: ignore[override]  # theirs needs no server; it is always asked of one
        """Return the number for the message that is about to be sent."""
        self._sent += 1
        return self._sent


def wait(connection: ldap3.Connection) -> None:
    """Return when slapd is done with all operations that were sent on this connection and answered.

    Raises DirectoryUnavailable if that does not come, and what a lost connection raises.
    """
    for _ in range(MOST_QUESTIONS):
        counts = _completed(connection)
        if counts is None:
            sleep(PAUSE)
            return
        if counts:
            return
    raise DirectoryUnavailable("The directory does not finish what it answered; nothing was written.")


def _completed(connection: ldap3.Connection) -> bool | None:
    """Return whether all but the question itself are completed; None if the server does not say.

    Connections have no name that their client knows. Another of this account's connections may have received
    just as many operations; then both have to be done.
    """
    number = connection.server.next_message_id()
    search = Search(
        base=CONNECTIONS,
        filter=all_of(equals(OWNER, connection.user), equals(RECEIVED, str(number))),
        attributes=[COMPLETED],
        scope="below",
    )
    seconds = ceil(connection.receive_timeout)
    found, answer = exchange.search(connection, search, seconds, [], number)
    if answer.code or not found:
        return None
    with suppress(ValueError):
        return all(int(entry.text(COMPLETED)) >= number - 1 for entry in found)
    return None
