"""The provider, which takes the writes, and its replicas, which answer most reads, as one server.

A replica is asked only when it has everything that the provider had when it was last looked at (its
contextCSN): not more than LOOK seconds ago, and always after the last write of this process. So a process
reads its own writes, and a replica that has lost touch with the provider is found out instead of being
believed. What another process wrote may be missing for the milliseconds that replication takes.

While the provider is away, old answers are better than none: replicas are asked as they are.
"""

import itertools
import logging
import ssl
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ldap_schema.connection import Connections, discard
from ldap_schema.entries import Entry
from ldap_schema.errors import DirectoryError, DirectoryRefused, DirectoryUnavailable
from ldap_schema.filters import present
from ldap_schema.listening import Listener
from ldap_schema.operations import Operation, Search
from ldap_schema.resending import resend
from ldap_schema.transaction import RolledBack

LOOK = 2.0  # seconds between two looks at the provider's change number
REST = 5.0  # seconds for which a server that did not answer is left alone

log = logging.getLogger(__name__)


def change_number(server: "Connections | Servers", suffix: str) -> str:
    """Return the number of the last change that a server has (contextCSN), "" if it shows none.

    It has one value for each server that ever took writes; the highest is the last. Raises as `search` does.
    """
    look = Search(base=suffix, filter=present("objectClass"), attributes=["contextCSN"], scope="entry")
    return max((number for entry in server.search(look) for number in entry.texts("contextCSN")), default="")


class Replica:
    """One replica, and what this process knows of it."""

    def __init__(self, connections: Connections) -> None:
        self.connections = connections
        self.csn = ""  # what it had when it was last asked
        self.rests_until = 0.0  # time.monotonic()


class _Looked(NamedTuple):
    """What a look at the provider's change number says; replaced as a whole, since threads share it."""

    after: object  # the last write that it came after
    until: float  # time.monotonic() at which it is too old
    needed: str  # the change number that a replica must have; "" if only the provider can be asked


class Servers:
    """Connections to several servers with the methods of one; threads may share it."""

    def __init__(self, provider: Connections, replicas: Sequence[Connections], suffix: str) -> None:
        self.service = provider.service
        self._provider = provider
        self._replicas = [Replica(connections) for connections in replicas]
        self._turn = itertools.count()
        self._suffix = suffix
        self._known = ""  # the highest change number that the provider has shown
        self._beyond = ""  # what the provider had before our last write that was certainly carried out
        self._last_write = object()  # of those too that may not have been carried out
        self._looked = _Looked(self._last_write, 0.0, "")
        self._provider_rests_until = 0.0

    def search(self, request: Search, viewer_dn: str = "") -> list[Entry]:
        """Return the entries found, from a replica that is up to date, the provider, or whoever answers.

        Raises what the provider's connections raise.
        """
        for replica in self._up_to_date():
            try:
                return replica.connections.search(request, viewer_dn)
            except DirectoryUnavailable:
                replica.rests_until = time.monotonic() + REST
            except (
                DirectoryRefused
            ):  # by a replica that is not as it should be, or rightly: the provider knows
                break
        if self._provider_rests_until <= time.monotonic():
            try:
                return self._provider.search(request, viewer_dn)
            except DirectoryUnavailable:
                self._provider_rests_until = time.monotonic() + REST
        for replica in dict.fromkeys((*self._awake(), *self._replicas)):
            try:
                return replica.connections.search(request, viewer_dn)
            except (DirectoryUnavailable, DirectoryRefused):
                replica.rests_until = time.monotonic() + REST
        return self._provider.search(request, viewer_dn)

    def transact(self, operations: Sequence[Operation], viewer_dn: str = "") -> None:
        """Carry out all operations or none, at the provider; raises what its connections raise."""
        if self._replicas and not self._known:
            self._required()  # so that the look after the write has something to compare with
        known = self._known
        try:
            self._provider.transact(operations, viewer_dn)
            self._beyond = max(self._beyond, known)
        except RolledBack as error:
            self._take_back([operation.dn for operation in error.sent])
            raise error.reason from None
        finally:  # also after an error: whether something was written may be unknown
            self._last_write = object()

    def _take_back(self, dns: Sequence[str]) -> None:
        """Have replicas forget what was rolled back; what fails here is found by comparing (the worker)."""
        try:
            left = resend(self._provider, dict.fromkeys(dns))
        except DirectoryError as error:
            log.warning("replicas may hold what was rolled back: %s", error)
            return
        if left:
            log.info("%d entries that were rolled back are left for the worker to send again", len(left))

    def listen(self, request: Search, cookie: bytes) -> Listener:
        """Tell what changes, as the provider says; raises DirectoryUnavailable and its kinds."""
        return Listener(self._provider, request, cookie, self._provider.timeout)

    def takes_writes(self) -> bool:
        """Return whether the provider takes this account's writes on the way that it is asked."""
        return self._provider.takes_writes()

    def certificate(self) -> str:
        """Return the provider's certificate (PEM), nothing where there is no TLS; raises as `listen` does."""
        opened = self._provider.dedicated()
        try:
            shown = getattr(opened.socket, "getpeercert", None)
            return ssl.DER_cert_to_PEM_cert(shown(binary_form=True)) if shown else ""
        finally:
            discard(opened)

    def whoami(self) -> str:
        """Return the identity that the first server that answers takes this account for."""
        for connections in (*(replica.connections for replica in self._awake()), self._provider):
            try:
                return connections.whoami()
            except DirectoryError:
                continue
        return self._provider.whoami()

    def close(self) -> None:
        """Close the connections that nobody uses at the moment."""
        for connections in (self._provider, *(replica.connections for replica in self._replicas)):
            connections.close()

    def _up_to_date(self) -> Iterator[Replica]:
        """Yield the replicas that have all that they must have; none while the provider can't say what."""
        needed = self._required() if self._replicas else ""
        if not needed:
            return
        for replica in self._awake():
            if replica.csn < needed:
                self._ask(replica)
            if replica.csn >= needed:
                yield replica

    def _required(self) -> str:
        """Return the provider's change number of a moment ago, and of after our last write."""
        now = time.monotonic()
        last_write = self._last_write  # first, so that a write during the look is seen as one
        looked = self._looked
        if looked.after is last_write and now < looked.until:
            return looked.needed
        if now < self._provider_rests_until:
            return ""
        try:
            found = change_number(self._provider, self._suffix)
        except DirectoryUnavailable:
            self._provider_rests_until = now + REST
            return ""
        self._known = max(self._known, found)
        # A write that leaves the number as it was: the provider's clock has jumped back, and replicas ignore
        # what it writes. Until numbers move again only the provider knows.
        needed = self._known if found > self._beyond else ""
        self._looked = _Looked(last_write, now + LOOK, needed)
        return needed

    def _awake(self) -> list[Replica]:
        """Return the replicas that may be tried, each call beginning with another one."""
        first = next(self._turn) % max(len(self._replicas), 1)
        turned = [*self._replicas[first:], *self._replicas[:first]]
        return [replica for replica in turned if replica.rests_until <= time.monotonic()]

    def _ask(self, replica: Replica) -> None:
        try:
            replica.csn = change_number(replica.connections, self._suffix)
            replica.rests_until = 0.0
        except DirectoryError:  # also one that does not know us yet, because it is being filled
            replica.csn = ""
            replica.rests_until = time.monotonic() + REST
