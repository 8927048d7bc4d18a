"""Roles (`cn=…,ou=groups`) and cohorts (`cn=…,ou=cohorts,ou=groups`), both held by membership.

A person's `memberOf` is worked out by the overlay dynlist from the groups; leaders see the cohorts in it.
"""

from dataclasses import dataclass

from ldap_schema.entries import storable
from ldap_schema.errors import Moved
from ldap_schema.filters import equals
from ldap_schema.link import Link
from ldap_schema.operations import AddEntry, ModifyEntry
from ldap_schema.tree import id_of

DIRECTORY_MANAGERS = "directory-managers"
AUDITORS = "auditors"  # has its place in the tree; nothing asks for it so far


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
        _put(self._link, self._link.tree.group(name), uid, member=True)

    def revoke(self, name: str, uid: str) -> None:
        """Take the role from the person; not having it is no change. NotFound if there is no such role."""
        _put(self._link, self._link.tree.group(name), uid, member=False)


@dataclass(frozen=True, slots=True)
class Cohort:
    """People who did something together, as a year of the same course."""

    name: str  # an id: letters, digits, hyphens
    description: str = ""


class Cohorts:
    """Who is in which cohort, as far as this identity may see them; the sync account keeps them."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def all(self) -> list[Cohort]:
        """Return the cohorts by name."""
        base = self._link.tree.cohorts
        found = self._link.find(base, equals("objectClass", "nlcGroup"), ["cn", "description"])
        return sorted(
            (Cohort(entry.text("cn"), entry.text("description")) for entry in found),
            key=lambda each: each.name,
        )

    def of(self, uid: str) -> set[str]:
        """Return the names of the person's cohorts, or raise NotFound for someone who can't be seen."""
        groups = self._link.get(self._link.tree.person(uid), ["memberOf"]).texts("memberOf")
        return {id_of(dn) for dn in groups if dn == self._link.tree.cohort(id_of(dn))}

    def members(self, name: str) -> set[str]:
        """Return the uids of those in the cohort whom this identity may see."""
        wanted = equals("memberOf", self._link.tree.cohort(name))
        found = self._link.find(self._link.tree.branch("people"), wanted, ["uid"])
        return {entry.text("uid") for entry in found}

    def memberships(self) -> dict[str, frozenset[str]]:
        """Return name -> uids of everybody in it, seen or not; only the services may ask."""
        found = self._link.find(self._link.tree.cohorts, equals("objectClass", "nlcGroup"), ["cn", "member"])
        return {entry.text("cn"): frozenset(map(id_of, entry.texts("member"))) for entry in found}

    def make(self, cohort: Cohort) -> None:
        """Make an empty cohort; raise AlreadyThere or BadValue."""
        values = {"objectClass": [b"nlcGroup"], "cn": [cohort.name.encode()]}
        if cohort.description:
            values["description"] = [storable("description", cohort.description).encode()]
        self._link.write(AddEntry(dn=self._link.tree.cohort(cohort.name), values=values))

    def join(self, name: str, uid: str) -> None:
        """Put the person into the cohort; being in it is no change. NotFound if there is no such cohort."""
        _put(self._link, self._link.tree.cohort(name), uid, member=True)

    def leave(self, name: str, uid: str) -> None:
        """Take the person out of the cohort; not being in it is no change. NotFound as for `join`."""
        _put(self._link, self._link.tree.cohort(name), uid, member=False)


def _put(link: Link, group: str, uid: str, *, member: bool) -> None:
    values = {"member": [link.tree.person(uid).encode()]}
    try:
        link.write(ModifyEntry(dn=group, add=values if member else {}, delete={} if member else values))
    except Moved:  # the person is, or is not, a member already
        return
