"""A mail program's connection as thin as one in C: what it measures is the server's time and not its own."""

import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self, TypeVar

from dev.servers import Slapd
from ldap_schema.ber import OCTETS, SEQUENCE, element, integer, message_end, tagged
from ldap_schema.operations import Search
from ldap_schema.wire import FOUND, SEARCH_DONE, encode_search, read_answer, read_message

BIND, SIMPLE = 0x60, 0x80
AT_ONCE = 1 << 17
PATIENCE = 60.0  # seconds
Answer = TypeVar("Answer")


class MailClient:
    """One connection over TLS, bound; it counts the entries that come and reads nothing of them."""

    def __init__(self, slapd: Slapd, dn: str, password: str, context: ssl.SSLContext) -> None:
        raw = socket.create_connection(("127.0.0.1", slapd.ldaps_port), timeout=PATIENCE)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        raw.setblocking(False)
        self._socket = context.wrap_socket(raw, server_hostname="localhost", do_handshake_on_connect=False)
        _looking_again(self._socket.do_handshake)
        self._number = 0
        self.bind_code = self.bind(dn, password)

    def bind(self, dn: str, password: str) -> int:
        """Bind, again if need be, and return the result code."""
        self._number += 1
        name = integer(3) + tagged(OCTETS, dn.encode()) + tagged(SIMPLE, password.encode())
        self._socket.sendall(tagged(SEQUENCE, integer(self._number) + tagged(BIND, name)))
        return read_answer(read_message(self._more())).code

    def ask(self, search: Search, seconds: int = 0) -> tuple[int, int]:
        """Return how many entries came, and the result code in the end."""
        self._number += 1
        self._socket.sendall(encode_search(self._number, search, seconds, ()))
        held, at, found = bytearray(), 0, 0
        while True:
            held += self._more()
            while (end := message_end(held, at)) is not None and end <= len(held):
                _, inside, _ = element(held, at, end)
                _, _, operation = element(held, inside, end)
                found += held[operation] == FOUND
                if held[operation] == SEARCH_DONE:
                    return found, read_answer(read_message(bytes(held[at:end]))).code
                at = end

    def _more(self) -> bytes:
        more = _looking_again(lambda: self._socket.recv(AT_ONCE))
        assert more, "the server closed the connection"
        return more

    def close(self) -> None:
        """Hang up as programs do."""
        with suppress(OSError):
            self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _looking_again(call: Callable[[], Answer]) -> Answer:
    """Return what the call does once it need not wait, without sleeping until then.

    To wake a sleeping process costs slapd ten microseconds for each entry, more than it takes to send one. It
    does not pay that for a program on another machine.
    """
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with suppress(ssl.SSLWantReadError):
            return call()
    raise TimeoutError("The server did not answer.")
