"""A connection on which the server tells what changes, as long as both live (RFC 4533, refreshAndPersist).

It is as strict with what comes as `exchange.py`, and holds no more of it than one message in the making. A
connection that has been silent is asked now and then whether it still lives: a firewall, or a server that
hangs, ends one without a word.
"""

import time
from types import TracebackType
from typing import Self

from ldap_schema import content_sync, exchange, wire
from ldap_schema.ber import SEQUENCE, BrokenBER, integer, tagged
from ldap_schema.connection import GARBLED, Connections, discard
from ldap_schema.content_sync import Event
from ldap_schema.errors import CookieRefused, DirectoryUnavailable
from ldap_schema.operations import Search
from ldap_schema.results import error_for

SILENCE = 30.0  # seconds without a word after which the server is asked whether it is there
LOST = "The directory ended the connection on which it tells what changes."
_EXTENDED, _EXTENDED_ANSWER, _REQUEST_NAME = 0x77, 0x78, 0x80
# Results with which a server refuses to go on from a cookie: it can't be read, is newer than the server (one
# brought back from a backup), or asks for changes that nobody has any more (RFC 4533, section 3.7).
_COOKIE_REFUSED = frozenset({2, 53, content_sync.REFRESH_REQUIRED})


class Listener:
    """What changes among the entries that a search finds, from a cookie on; no cookie: all of them first.

    Making one connects and raises DirectoryUnavailable and its kinds.
    """

    def __init__(
        self,
        connections: Connections,
        search: Search,
        cookie: bytes,
        timeout: float,
        silence: float = SILENCE,
    ) -> None:
        self._timeout, self._silence = timeout, silence
        self._resumes = bool(cookie)
        self._held = bytearray()
        self._connection = connections.dedicated()
        self._search_id = self._connection.server.next_message_id()
        self._probe_id = 0  # of the question whether it is there, while that is not answered
        self._heard = time.monotonic()
        control = content_sync.request_control(content_sync.REFRESH_AND_PERSIST, cookie)
        try:
            self._send(wire.encode_search(self._search_id, search, 0, [control]))
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the search by closing its connection."""
        discard(self._connection)

    def events(self, seconds: float) -> list[Event]:
        """Return what came, waiting so long for the first of it at most; often nothing.

        Raises DirectoryUnavailable when the connection or the server is gone or sends what can't be
        understood, CookieRefused, and DirectoryRefused. After each of them the listener is of no use.
        """
        self._ask_whether_it_is_there()
        self._held += self._receive(seconds)
        try:
            messages = exchange.take(self._held)
            return [event for message in messages for event in self._read(message)]
        except BrokenBER as error:
            raise DirectoryUnavailable(f"{GARBLED} (what changes).") from error

    def _receive(self, seconds: float) -> bytes:
        self._connection.socket.settimeout(max(seconds, 0.001))
        try:
            received: bytes = self._connection.socket.recv(exchange.AT_ONCE)
        except TimeoutError:
            return b""
        except OSError as error:
            raise DirectoryUnavailable(LOST) from error
        if not received:
            raise DirectoryUnavailable(LOST)
        self._heard = time.monotonic()
        return received

    def _ask_whether_it_is_there(self) -> None:
        silent = time.monotonic() - self._heard
        if self._probe_id and silent > self._timeout:
            raise DirectoryUnavailable("The directory does not tell any more what changes.")
        if not self._probe_id and silent > self._silence:
            self._probe_id = self._connection.server.next_message_id()
            self._heard = time.monotonic()  # from now on it has the usual time to answer
            request = tagged(_EXTENDED, tagged(_REQUEST_NAME, wire.WHO_AM_I.encode()))
            self._send(tagged(SEQUENCE, integer(self._probe_id) + request))

    def _send(self, message: bytes) -> None:
        self._connection.socket.settimeout(self._timeout)
        try:
            self._connection.socket.sendall(message)
        except OSError as error:
            raise DirectoryUnavailable(LOST) from error

    def _read(self, message: wire.Message) -> list[Event]:
        if self._probe_id and (message.message_id, message.tag) == (self._probe_id, _EXTENDED_ANSWER):
            self._probe_id = 0
            return []
        if message.message_id != self._search_id:  # a notice of disconnection has the id 0
            raise DirectoryUnavailable(LOST)
        if message.tag == wire.REFERENCE:
            return []
        if message.tag == wire.SEARCH_DONE:
            self._raise_for_the_end(wire.read_answer(message))
        return [content_sync.read_event(message)]

    def _raise_for_the_end(self, answer: wire.Answer) -> None:
        """A search that persists ends only because something is wrong."""
        if self._resumes and answer.code in _COOKIE_REFUSED:
            raise CookieRefused("The directory can't say what changed since then.")
        if answer.code:
            raise error_for(answer.code, answer.message)
        raise DirectoryUnavailable(LOST)
