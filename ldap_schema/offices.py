"""Private offices: `nlcId=…,ou=offices`; a shared mailbox and number that survive a change of staff."""

from collections.abc import Iterable
from dataclasses import dataclass

from ldap_schema.entries import Codec
from ldap_schema.filters import all_of, any_of, equals
from ldap_schema.link import Link
from ldap_schema.tree import Tree

ATTRIBUTES = {
    "id": "nlcId",
    "name": "cn",
    "serves": "nlcServes",
    "members": "member",
    "mail": "mail",
    "telephone": "telephoneNumber",
    "assistant": "nlcAssistantName",
    "feed": "nlcFeed",
    "feed_part": "nlcFeedPart",
    "feed_key": "nlcFeedKey",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """The office that acts for a leader, reachable by every leader."""

    id: str
    name: str
    serves: tuple[str, ...] = ()  # uids
    members: tuple[str, ...] = ()  # uids of those who work there and are in the directory themselves
    mail: tuple[str, ...] = ()
    telephone: tuple[str, ...] = ()
    assistant: str = ""
    feed: str = ""
    feed_part: str = ""
    feed_key: str = ""


CODEC = Codec(
    Office, ATTRIBUTES, classes=("nlcOffice",), references={"serves": Tree.person, "members": Tree.person}
)
IS_OFFICE = equals("objectClass", "nlcOffice")


class Offices:
    """The private offices of people whom this identity may see."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._base = link.tree.branch("offices")

    def serving(self, uid: str) -> list[Office]:
        """Return the offices that act for the person, by name."""
        found = self._find(all_of(IS_OFFICE, equals("nlcServes", self._link.tree.person(uid))))
        return sorted(found, key=lambda office: (office.name, office.id))

    def serving_any(self, uids: Iterable[str]) -> dict[str, list[Office]]:
        """Return uid -> the offices that act for that person, by name; of a page of people."""
        dns = {uid: self._link.tree.person(uid) for uid in uids}
        if not dns:
            return {}
        found = self._find(all_of(IS_OFFICE, any_of(*(equals("nlcServes", dn) for dn in dns.values()))))
        listed = sorted(found, key=lambda office: (office.name, office.id))
        return {uid: [office for office in listed if uid in office.serves] for uid in dns}

    def all_of_feed(self, feed: str, part: str | None = None) -> list[Office]:
        """Return the offices that a feed, or one part of it, owns."""
        parts = [equals("nlcFeedPart", part)] if part is not None else []
        return self._find(all_of(IS_OFFICE, equals("nlcFeed", feed), *parts))

    def _find(self, filter_: str) -> list[Office]:
        return [CODEC.decode(entry) for entry in self._link.find(self._base, filter_, CODEC.asked)]
