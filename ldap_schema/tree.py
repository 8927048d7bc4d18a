"""Where entries stand: ids to DNs and back. No DN is made anywhere else."""

import re
from dataclasses import dataclass

from ldap_schema.errors import BadValue

# Letters that mean nothing in a DN or a filter, so that an id needs no escaping and is the same everywhere.
_ID = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class Tree:
    """The DNs under one suffix. Every method raises BadValue for an id that is not one of ours."""

    suffix: str

    def branch(self, name: str) -> str:
        """Return the DN of a branch: people, posts, organisations, offices, credentials…"""
        return f"ou={name},{self.suffix}"

    def service(self, name: str) -> str:
        """Return the DN as which a service binds."""
        return f"cn={checked(name)},ou=services,{self.suffix}"

    def person(self, uid: str) -> str:
        """Return the DN of a person."""
        return f"uid={checked(uid)},ou=people,{self.suffix}"

    def organisation(self, id_: str) -> str:
        """Return the DN of an organisation."""
        return f"nlcId={checked(id_)},ou=organisations,{self.suffix}"

    def post(self, id_: str) -> str:
        """Return the DN of a post."""
        return f"nlcId={checked(id_)},ou=posts,{self.suffix}"

    def tenure(self, id_: str) -> str:
        """Return the DN of a tenure; beside the posts: slapd could not remove it from under one."""
        return f"nlcId={checked(id_)},ou=posts,{self.suffix}"

    def office(self, id_: str) -> str:
        """Return the DN of a private office."""
        return f"nlcId={checked(id_)},ou=offices,{self.suffix}"

    def delegation(self, id_: str) -> str:
        """Return the DN of a delegation."""
        return f"nlcId={checked(id_)},ou=delegations,{self.suffix}"

    def credential(self, id_: str) -> str:
        """Return the DN as which one mail program binds."""
        return f"uid={checked(id_)},ou=credentials,{self.suffix}"

    def feed(self, id_: str) -> str:
        """Return the DN of a feed."""
        return f"nlcId={checked(id_)},ou=feeds,{self.suffix}"

    def feed_part(self, feed: str, part: str) -> str:
        """Return the DN of what is remembered of one part of a feed."""
        return f"cn={checked(part)},{self.feed(feed)}"

    def scim_record(self, feed: str, id_: str) -> str:
        """Return the DN of what stands in a feed's snapshot: a record, its head, or a client's token."""
        return f"nlcId={checked(id_)},{self.feed(feed)}"

    def group(self, name: str) -> str:
        """Return the DN of a role."""
        return f"cn={checked(name)},ou=groups,{self.suffix}"

    @property
    def cohorts(self) -> str:
        """The DN of the branch of cohorts, below that of the roles."""
        return f"ou=cohorts,{self.branch('groups')}"

    def cohort(self, name: str) -> str:
        """Return the DN of a cohort."""
        return f"cn={checked(name)},{self.cohorts}"


def checked(id_: str) -> str:
    """Return the id, or raise BadValue: letters, digits, dots, hyphens and underscores, at most 128."""
    if not _ID.fullmatch(id_):
        raise BadValue("An id has characters that ids don't have.")
    return id_


def id_of(dn: str) -> str:
    """Return the id in a DN that this module made."""
    return dn.partition("=")[2].partition(",")[0]


def parent_id_of(dn: str) -> str:
    """Return the id of the entry above, as for a part of a feed."""
    return id_of(dn.partition(",")[2])
