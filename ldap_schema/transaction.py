"""One transaction (RFC 5805): all operations or none, and one write to disk instead of one per entry."""

from collections.abc import Sequence
from itertools import takewhile
from typing import Any

import ldap3
from ldap3.core.exceptions import LDAPCommunicationError

from ldap_schema import completion, exchange, wire
from ldap_schema.ber import INTEGER, OCTETS, SEQUENCE, BrokenBER, elements, number, tagged
from ldap_schema.errors import DirectoryError, DirectoryUnavailable
from ldap_schema.operations import AddEntry, Operation
from ldap_schema.results import CONSTRAINT_VIOLATION, SUCCESS, check, error_for
from ldap_schema.wire_filters import encode_filter

START, END = "1.3.6.1.1.21.1", "1.3.6.1.1.21.3"
IN_TRANSACTION = "1.3.6.1.1.21.2"
ASSERTION = "1.3.6.1.1.12"  # RFC 4528
UNKNOWN = "whether the changes were written is not known"
# Seconds to wait for a commit: what somebody else's largest one may take, and what each operation may take.
# Whoever gives up and closes the connection while slapd commits ends slapd itself (decision 0010).
COMMIT_SECONDS, SECONDS_EACH = 60.0, 0.02


class RolledBack(Exception):
    """The commit failed: nothing was written, but replicas were sent the first operations (resending.py)."""

    def __init__(self, reason: DirectoryError, sent: Sequence[Operation]) -> None:
        super().__init__(str(reason))
        self.reason = reason
        self.sent = sent


def run(connection: ldap3.Connection, operations: Sequence[Operation], controls: list[wire.Control]) -> None:
    """Carry out the operations, all or none; raise our error for the first that fails: nothing was written.

    It is wrapped in RolledBack if it was found out at the commit.
    Whoever calls closes the connection after an error, and with it the transaction. A communication error at
    the very beginning goes through as ldap3's own: nothing has been asked yet, so it may be tried again.
    """
    begin = START if len(operations) > 1 else wire.WHO_AM_I  # either shows whether the connection is alive
    _, result, _, _ = connection.extended(begin)
    check(result)
    sent = "nothing was written"
    try:
        if begin == wire.WHO_AM_I:  # one operation is all or nothing by itself
            sent = UNKNOWN
            _send_all(connection, operations, controls)
            return
        identifier = bytes(result["responseValue"])
        numbered = _specify_all(connection, operations, [*controls, (IN_TRANSACTION, True, identifier)])
        sent = UNKNOWN
        result = _commit(connection, identifier, COMMIT_SECONDS + SECONDS_EACH * len(operations))
    except (LDAPCommunicationError, OSError, BrokenBER) as error:
        raise DirectoryUnavailable(f"The directory stopped answering; {sent}.") from error
    _check_settled(result, numbered)


def may_begin(connection: ldap3.Connection) -> bool:
    """Return whether the server would begin one on this connection; whoever calls closes it after that."""
    _, result, _, _ = connection.extended(START)
    return bool(result["result"] == SUCCESS)


def _specify_all(
    connection: ldap3.Connection, operations: Sequence[Operation], controls: list[wire.Control]
) -> dict[int, Operation]:
    """Hand over the operations of a transaction; return when it may be ended, by a commit or by closing."""
    try:
        numbered = _send_all(connection, operations, controls)
    except DirectoryError:
        completion.wait(connection)
        raise
    completion.wait(connection)
    return numbered


def _commit(connection: ldap3.Connection, identifier: bytes, seconds: float) -> dict[str, Any]:
    """Return ldap3's result of the transaction's end."""
    connection.socket.settimeout(seconds)
    _, result, _, _ = connection.extended(END, _settlement(identifier), no_encode=True)
    connection.socket.settimeout(connection.receive_timeout)
    return dict(result)


def _send_all(
    connection: ldap3.Connection, operations: Sequence[Operation], controls: list[wire.Control]
) -> dict[int, Operation]:
    """Hand the operations over and return them by message id; slapd only looks at them at the end.

    One at a time: slapd's threads would take several out of turn, and a tenure would come before its post.
    """
    numbered: dict[int, Operation] = {}
    for operation in operations:
        message_id, answer = exchange.write(connection, operation, _with_assertion(operation, controls))
        numbered[message_id] = operation
        if answer.code:
            raise error_for(answer.code, answer.message, operation.dn)
    return numbered


def _check_settled(result: dict[str, Any], numbered: dict[int, Operation]) -> None:
    """Raise for a commit that failed, naming the entry. slapd keeps its message for itself then."""
    if not result["result"]:
        return
    failed = _failed(bytes(result["responseValue"] or b""), numbered)
    where = failed.dn if failed else ""
    # Values that are merely not allowed never get this far: entries.py refuses them before anything is sent.
    message = "not unique" if result["result"] == CONSTRAINT_VIOLATION else str(result["message"])
    sent = list(takewhile(lambda operation: operation is not failed, numbered.values()))
    raise RolledBack(error_for(result["result"], message, where), sent)


def _failed(settled: bytes, numbered: dict[int, Operation]) -> Operation | None:
    """Return the operation that a txnEndRes names: SEQUENCE { messageID INTEGER OPTIONAL, … }."""
    for tag, content in elements(settled):
        for inner, sent_as in elements(content) if tag == SEQUENCE else ():
            if inner == INTEGER:
                return numbered.get(number(sent_as))
    return None


def _with_assertion(operation: Operation, controls: list[wire.Control]) -> list[wire.Control]:
    if isinstance(operation, AddEntry) or not operation.assertion:
        return controls
    return [*controls, (ASSERTION, True, encode_filter(operation.assertion))]


def _settlement(identifier: bytes) -> bytes:
    """Return the BER value of a commit: SEQUENCE { commit BOOLEAN DEFAULT TRUE, identifier OCTET STRING }."""
    return tagged(SEQUENCE, tagged(OCTETS, identifier))
