"""One request and its answers on a connection that ldap3 opened and nobody else uses at the moment.

Broken answers and lost connections are OSError or BrokenBER here; whoever calls drops the connection then.
"""

from collections.abc import Iterator, Sequence

import ldap3

from ldap_schema import wire
from ldap_schema.ber import BrokenBER, message_end
from ldap_schema.entries import Entry
from ldap_schema.operations import Operation, Search

AT_ONCE = 1 << 16  # bytes asked of the socket
_MORE_TO_COME = (wire.FOUND, wire.REFERENCE)


def search(
    connection: ldap3.Connection,
    request: Search,
    seconds: int,
    controls: Sequence[wire.Control],
    message_id: int = 0,  # 0: the next one
) -> tuple[list[Entry], wire.Answer]:
    """Return the entries found and what the server says in the end; references elsewhere are left alone."""
    message_id = message_id or connection.server.next_message_id()
    connection.socket.sendall(wire.encode_search(message_id, request, seconds, controls))
    found: list[Entry] = []
    read = wire.read_known_entry if request.again_and_again else wire.read_entry
    for message in _answers(connection, message_id):
        if message.tag == wire.FOUND:
            found.append(read(message))
        elif message.tag == wire.SEARCH_DONE:
            return found, wire.read_answer(message)
        elif message.tag != wire.REFERENCE:
            raise BrokenBER("The server answers a search with something else.")
    raise ConnectionResetError("The server closed the connection.")


def write(
    connection: ldap3.Connection, operation: Operation, controls: Sequence[wire.Control]
) -> tuple[int, wire.Answer]:
    """Return the number under which the operation was sent, and what the server says to it."""
    message_id = connection.server.next_message_id()
    connection.socket.sendall(wire.encode(message_id, operation, controls))
    for message in _answers(connection, message_id):
        return message_id, wire.read_answer(message)
    raise ConnectionResetError("The server closed the connection.")


def take(held: bytearray) -> list[wire.Message]:
    """Take the whole messages out of what was received; what is left is the beginning of the next one."""
    messages, at = [], 0
    while (end := message_end(held, at)) is not None and end <= len(held):
        messages.append(wire.read_message(bytes(held[at:end])))
        at = end
    del held[:at]
    return messages


def _answers(connection: ldap3.Connection, message_id: int) -> Iterator[wire.Message]:
    """Yield the messages as they come, until the server closes the connection."""
    held = bytearray()
    while more := connection.socket.recv(AT_ONCE):
        held += more
        messages = take(held)
        for message in messages:
            if message.message_id != message_id:  # a notice of disconnection has the id 0
                raise ConnectionResetError("The server ends the session.")
            if message.tag not in _MORE_TO_COME and (held or message is not messages[-1]):
                raise ConnectionResetError("The server goes on after its last answer.")
            yield message
