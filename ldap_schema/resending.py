"""Has the provider send entries to its replicas once more.

slapd 2.5 sends each change of a transaction before the transaction is committed (overlays/syncprov.c answers
every operation, txn.c commits after the last one). So replicas take what is rolled back afterwards, and one
that connects in just that moment is told that it has what it was never sent (docs/decisions/0013). Neither
shows in their change numbers. A change that changes nothing is sent like any other, and puts both right.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Protocol

from ldap_schema.entries import Entry
from ldap_schema.errors import AlreadyThere, BadValue, DirectoryRefused, Moved, NotFound
from ldap_schema.filters import absent, all_of, equals, present
from ldap_schema.operations import AddEntry, DeleteEntry, ModifyEntry, Operation, Search
from ldap_schema.tree import id_of

# What stands for a moment where a replica has an entry too many: no access rule shows it to anybody.
_PLACEHOLDER = ("device", "extensibleObject")
# cn=every-attribute,ou=policies is of these classes too, but has every attribute.
_IS_PLACEHOLDER = all_of(*(equals("objectClass", name) for name in _PLACEHOLDER), absent("sn"))


class Server(Protocol):
    """Reads and writes at the provider."""

    def search(self, request: Search, viewer_dn: str = "") -> list[Entry]:
        """Return the entries found."""
        ...

    def transact(self, operations: Sequence[Operation], viewer_dn: str = "") -> None:
        """Carry out all operations or none."""
        ...


def resend(server: Server, dns: Iterable[str]) -> list[str]:
    """Have all replicas given these entries as the provider has them, or its lack of them.

    Return the DNs of those that this account could not send. Each is sent by itself, so that nothing of it
    can be rolled back, and may be sent twice without harm. Raises DirectoryUnavailable and its kinds.
    """
    return [dn for dn in dns if not _sent(server, dn)]


def sweep(server: Server, suffix: str) -> None:
    """Remove placeholders that somebody left who was ended in between; raises what the server raises."""
    for left in server.search(Search(base=suffix, filter=_IS_PLACEHOLDER, attributes=["objectClass"])):
        _remove_placeholder(server, left.dn)


def _sent(server: Server, dn: str) -> bool:
    try:
        classes = _classes(server, dn)
        if classes:
            server.transact([ModifyEntry(dn=dn, replace={"objectClass": classes})])
        else:
            _send_absence(server, dn)
    except NotFound:  # it went meanwhile, and that was sent
        return True
    except (AlreadyThere, DirectoryRefused, BadValue, Moved):  # also one that is concealed from this account
        return False
    return True


def _classes(server: Server, dn: str) -> Sequence[bytes]:
    """Return the entry's object classes, none if there is no such entry."""
    request = Search(base=dn, filter=present("objectClass"), attributes=["objectClass"], scope="entry")
    with suppress(NotFound):
        return next((entry.values.get("objectClass", ()) for entry in server.search(request)), ())
    return ()


def _send_absence(server: Server, dn: str) -> None:
    """Have replicas remove an entry: they take the placeholder for the same one, and then it goes."""
    name = dn.partition("=")[0]
    values = {"cn": [b"placeholder"], name: [id_of(dn).encode()]}
    values["objectClass"] = [each.encode() for each in _PLACEHOLDER]
    server.transact([AddEntry(dn=dn, values=values)])
    _remove_placeholder(server, dn)


def _remove_placeholder(server: Server, dn: str) -> None:
    with suppress(NotFound):
        server.transact([DeleteEntry(dn=dn, assertion=_IS_PLACEHOLDER)])
