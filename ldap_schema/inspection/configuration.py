"""A server's configuration (cn=config) as our account reads it, beside the one we ship."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ldap_schema.entries import Entry
from ldap_schema.filters import present
from ldap_schema.ldif_reader import Values
from ldap_schema.link import Link
from ldap_schema.shipped import shipped_config

CONFIG = "cn=config"
FRONTEND, OF_CONFIG = f"olcDatabase={{-1}}frontend,{CONFIG}", f"olcDatabase={{0}}config,{CONFIG}"
DATABASE = f"olcDatabase={{1}}mdb,{CONFIG}"
# Each server has its own value of these, so that none stands in what we ship; they are looked at too.
UNSHIPPED = {"olcSecurity", "olcUpdateRef", "olcDbMaxSize", "olcDbNoSync", "olcLastBind", "olcRootDN"}


@dataclass(frozen=True, slots=True)
class Configuration:
    """What is there and what we ship, each by DN."""

    suffix: str
    theirs: Mapping[str, Entry]
    ours: Mapping[str, Values]

    @classmethod
    def read(cls, link: Link) -> "Configuration":
        """Return it; nothing is there where our account may not look."""
        ours = shipped_config(link.tree.suffix)
        names = sorted({name for values in ours.values() for name in values} | UNSHIPPED)
        found = link.find(CONFIG, present("objectClass"), names, scope="below")
        return cls(link.tree.suffix, {entry.dn: entry for entry in found}, ours)

    @property
    def database(self) -> Entry | None:
        """The database of our suffix."""
        return next((each for each in self.theirs.values() if self.suffix in each.texts("olcSuffix")), None)

    def overlays(self, database: str) -> list[Entry]:
        """Return the overlays of a database in the order in which slapd keeps them."""
        found = [
            each
            for dn, each in self.theirs.items()
            if dn.endswith(f",{database}") and each.text("olcOverlay")
        ]
        return sorted(found, key=lambda each: int(each.text("olcOverlay")[1:].partition("}")[0]))

    def texts(self, dn: str, attribute: str) -> tuple[str, ...]:
        """Return what the server has there; nothing if there is no such entry."""
        return self.theirs[dn].texts(attribute) if dn in self.theirs else ()


def plain(value: str) -> str:
    """Return a value of cn=config without the number that slapd puts in front."""
    return re.sub(r"^\{-?\d+\}", "", value)


def same(theirs: Sequence[str], ours: Sequence[str]) -> bool:
    """Whether the values are ours, in our order; slapd writes some with other spaces, quotes or letters."""
    return [folded(each) for each in theirs] == [folded(each) for each in ours]


def folded(value: str) -> str:
    """Return what counts in a value when two are compared."""
    return plain(value).replace('"', "").replace(" ", "").casefold()
