"""Connections to the directory: TLS always verified, a bounded pool, timeouts; nobody else opens one.

At the server's socket on the same machine (ldapi) there is no TLS: nothing leaves the kernel there.

ldap3's pace depends on how it is asked: without schema and names to check, with its fast decoder and raw
values, it is three to five times faster than by default.
"""

import socket
import ssl
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from math import ceil
from pathlib import Path
from threading import Semaphore
from typing import TypeVar
from urllib.parse import quote

import ldap3
from ldap3.core.exceptions import LDAPCommunicationError, LDAPException

from ldap_schema import exchange, transaction
from ldap_schema.address import Address
from ldap_schema.ber import BrokenBER
from ldap_schema.completion import CountedServer
from ldap_schema.entries import Entry
from ldap_schema.errors import (
    AccountRefused,
    DirectoryError,
    DirectoryRefused,
    DirectoryUnavailable,
)
from ldap_schema.gate import Gate, GateClosed
from ldap_schema.operations import Operation, Search
from ldap_schema.outage import outage
from ldap_schema.results import SIZE_LIMIT, check, error_for
from ldap_schema.tree import id_of
from ldap_schema.wire import WHO_AM_I, Control

PROXIED_AUTHORIZATION = "2.16.840.1.113730.3.4.18"  # RFC 4370
GARBLED = "The directory's answer can't be understood"
TIMED_OUT = "timed out"  # what Python's sockets say
T = TypeVar("T")


class VerifiedTLS(ldap3.Tls):
    """TLS as OpenSSL itself verifies it: chain, host names and addresses.

    ldap3's own verifies nothing by default, and compares names with code that Python 3.12 no longer has.
    """

    def __init__(self, host: str, ca_file: Path) -> None:
        super().__init__(validate=ssl.CERT_REQUIRED)
        self._host = host
        self._context = ssl.create_default_context(cafile=str(ca_file))
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2

    def wrap_socket(self, connection: ldap3.Connection, do_handshake: bool = False) -> None:
        """Put TLS on the connection's socket, or raise ssl.SSLError; for StartTLS and for ldaps."""
        # Without this the bind waits 40 ms for the server to acknowledge the end of the handshake.
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.socket = self._context.wrap_socket(
            connection.socket, server_hostname=self._host, do_handshake_on_connect=do_handshake
        )


class Connections:
    """A pool of connections bound as one account; each borrowed by one thread."""

    def __init__(
        self, uri: str, ca_file: Path, bind_dn: str, password_file: Path, timeout: float, size: int
    ) -> None:
        self._address = Address.parse(uri)
        self._ca_file, self._password_file = ca_file, password_file
        self._bind_dn, self.timeout = bind_dn, timeout
        self.service = id_of(bind_dn)
        self._idle: deque[ldap3.Connection] = deque()
        self._slots = Semaphore(size)
        self._gate = Gate()

    def search(self, request: Search, viewer_dn: str = "") -> list[Entry]:
        """Return the entries found, as that person sees them if one is given.

        A connection that turns out to be dead is replaced once: reading again does no harm. Raises
        DirectoryUnavailable, DirectoryRefused, NotFound (no such base).
        """

        found, answer = self._ask(
            lambda connection: exchange.search(connection, request, ceil(self.timeout), _as_viewer(viewer_dn))
        )
        if answer.code and not (request.limit and answer.code == SIZE_LIMIT):
            raise error_for(answer.code, answer.message)
        return found

    def transact(self, operations: Sequence[Operation], viewer_dn: str = "") -> None:
        """Carry out all operations or none, in one transaction (RFC 5805).

        A dead connection is replaced while nothing has been sent yet. Raises Moved, AlreadyThere, NotFound,
        BadValue, DirectoryRefused: nothing was written. DirectoryUnavailable says whether that is certain.
        """
        self._ask(lambda connection: transaction.run(connection, operations, _as_viewer(viewer_dn)))

    def whoami(self) -> str:
        """Return the identity the server takes this account for; the cheapest way to see that it answers."""
        _, result, _, _ = self._ask(lambda connection: connection.extended(WHO_AM_I))
        check(result)
        return bytes(result["responseValue"] or b"").decode("utf-8", "replace")

    def takes_writes(self) -> bool:
        """Return whether the server takes writes from this account on the way that it comes.

        Nothing is written. Raises DirectoryUnavailable and its kinds.
        """
        connection = self._open()
        try:
            return transaction.may_begin(connection)
        except (LDAPException, OSError) as error:
            raise outage(error, self._address.place, self._ca_file) from error
        finally:
            discard(connection)

    def dedicated(self) -> ldap3.Connection:
        """Return a new bound connection beside the pool; whoever asks for it closes it with `discard`.

        Raises DirectoryUnavailable and its kinds.
        """
        return self._open()

    def close(self) -> None:
        """Close the connections that nobody uses at the moment; the next operation opens new ones."""
        while self._idle:
            with suppress(IndexError):
                discard(self._idle.pop())

    def _ask(self, action: Callable[[ldap3.Connection], T]) -> T:
        """Do it, unless the server hangs and somebody else is finding out whether it still does."""
        try:
            with self._gate.passage():
                return self._twice(action)
        except GateClosed:
            raise outage(TimeoutError(), self._address.place, self._ca_file) from None

    def _twice(self, action: Callable[[ldap3.Connection], T]) -> T:
        """Do it on a kept connection, and once more on a new one if the server had closed the kept one."""
        try:
            return self._once(action)
        except (LDAPCommunicationError, OSError) as error:
            if TIMED_OUT in str(error):
                raise DirectoryUnavailable("The directory did not answer in time.") from error
        self.close()
        try:
            return self._once(action)
        except (LDAPCommunicationError, OSError) as error:
            raise DirectoryUnavailable("The directory closed the connection.") from error

    def _once(self, action: Callable[[ldap3.Connection], T]) -> T:
        if not self._slots.acquire(timeout=self.timeout):
            raise DirectoryUnavailable("All connections to the directory have been busy for too long.")
        try:
            connection = self._kept() or self._open()
            try:
                result = action(connection)
            except BrokenBER as error:
                discard(connection)
                raise DirectoryUnavailable(f"{GARBLED} ({self._address.place}).") from error
            except BaseException:
                discard(connection)  # what it would answer next is unknown; an open transaction ends with it
                raise
            self._idle.append(connection)
            return result
        finally:
            self._slots.release()

    def _kept(self) -> ldap3.Connection | None:
        try:
            return self._idle.pop()  # the one used last is the one most likely alive
        except IndexError:
            return None

    def _open(self) -> ldap3.Connection:
        """Return a new bound connection; raises DirectoryUnavailable and its kinds."""
        password = self._password()
        if self._address.local:
            return self._open_at(f"ldapi://{quote(self._address.host, safe='')}", None, password)
        try:
            found = socket.getaddrinfo(self._address.host, self._address.port, type=socket.SOCK_STREAM)
            tls = VerifiedTLS(self._address.host, self._ca_file)
        except OSError as error:
            raise outage(error, self._address.place, self._ca_file) from error
        *others, last = dict.fromkeys(str(address[4][0]) for address in found)
        for address in others:
            with suppress(DirectoryUnavailable):
                return self._open_at(address, tls, password)
        return self._open_at(last, tls, password)

    def _open_at(self, address: str, tls: VerifiedTLS | None, password: str) -> ldap3.Connection:
        # A new description each time: an old one remembers for minutes that nobody answered.
        server = CountedServer(
            address,
            port=self._address.port or None,
            use_ssl=self._address.scheme == "ldaps",
            tls=tls,
            get_info=ldap3.NONE,
            connect_timeout=self.timeout,
        )
        connection = ldap3.Connection(
            server,
            user=self._bind_dn,
            password=password,
            client_strategy=ldap3.SAFE_SYNC,
            receive_timeout=ceil(self.timeout),
            check_names=False,
            auto_escape=False,  # filters.py escapes; twice would be wrong
            auto_encode=False,
            auto_referrals=False,
            return_empty_attributes=False,
            fast_decoder=True,
        )
        try:
            connection.open(read_server_info=False)
            if self._address.scheme == "ldap":
                connection.start_tls(read_server_info=False)
            _, result, _, _ = connection.bind(read_server_info=False)
            check(result)
        except (LDAPException, OSError) as error:
            discard(connection)
            raise outage(error, self._address.place, self._ca_file) from error
        except DirectoryRefused as error:
            discard(connection)
            raise AccountRefused(f"{error} It is {self._bind_dn}, of {self._password_file}.") from error
        except DirectoryError:
            discard(connection)
            raise
        return connection

    def _password(self) -> str:
        """Read at every new connection, so that a changed password needs no restart."""
        try:
            password = self._password_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise AccountRefused(f"The password file {self._password_file} can't be read.") from error
        if not password:
            raise AccountRefused(f"The password file {self._password_file} is empty.")
        return password


def _as_viewer(viewer_dn: str) -> list[Control]:
    """Return the critical control with which slapd answers as that person, or refuses."""
    return [(PROXIED_AUTHORIZATION, True, f"dn:{viewer_dn}".encode())] if viewer_dn else []


def discard(connection: ldap3.Connection) -> None:
    """Close a connection for good, whatever state it is in."""
    opened = connection.socket
    with suppress(LDAPException, OSError):
        connection.unbind()
    if opened is not None:  # ldap3 forgets to close the socket of a connection that came to nothing
        with suppress(OSError):
            opened.close()
