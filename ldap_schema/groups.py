"""Roles and cohorts: `cn=<name>,ou=groups`. A role is held by membership, not by an attribute."""

from ldap_schema.errors import Moved
from ldap_schema.filters import equals
from ldap_schema.link import Link
from ldap_schema.operations import ModifyEntry
from ldap_schema.tree import id_of

DIRECTORY_MANAGERS = "directory-managers"
AUDITORS = "auditors"


class Groups:
    """Who holds which role. The services may ask; as a viewer everybody's answer is nothing."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def members(self, name: str) -> set[str]:
        """Return the uids of those who hold the role, or raise NotFound if there is no such role."""
        entry = self._link.get(self._link.tree.group(name), ["member"])
        return {id_of(dn) for dn in entry.texts("member")}

    def roles_of(self, uid: str) -> set[str]:
        """Return the names of the roles that the person holds."""
        base, person = self._link.tree.branch("groups"), self._link.tree.person(uid)
        return {entry.text("cn") for entry in self._link.find(base, equals("member", person), ["cn"])}

    def grant(self, name: str, uid: str) -> None:
        """Give the person the role; having it already is no change. NotFound if there is no such role."""
        self._change(ModifyEntry(dn=self._link.tree.group(name), add={"member": [self._member(uid)]}))

    def revoke(self, name: str, uid: str) -> None:
        """Take the role from the person; not having it is no change. NotFound if there is no such role."""
        self._change(ModifyEntry(dn=self._link.tree.group(name), delete={"member": [self._member(uid)]}))

    def _member(self, uid: str) -> bytes:
        return self._link.tree.person(uid).encode()

    def _change(self, change: ModifyEntry) -> None:
        try:
            self._link.write(change)
        except Moved:  # the person is, or is not, a member already
            return
