"""Canaries: invented people whom mail programs alone find, so that whoever copies the directory has them.

slapd's log names no entry that it returns. It names what was asked, and each canary is held against that.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from counterpart.watch.filters import Filter, Record, items, plain
from ldap_schema.people import Person

MOST_CANARIES = 200  # each question of a mail program is held against all of them
NOBODY = "\N{REPLACEMENT CHARACTER}"  # stands in no filter that finds anybody


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a question has to do with canaries."""

    seen: frozenset[str] = frozenset()  # ids of those whose family name or address was asked for in part
    known: frozenset[str] = frozenset()  # ids of those whose whole family name was asked for
    named: bool = False  # one was asked for by its whole name or address, which nobody can know


class Canaries:
    """All canaries of the directory, ready to be held against what is asked."""

    def __init__(self, people: Iterable[Person] = ()) -> None:
        self._known = [_Canary(person) for person in people]

    def sighting(self, asked: Filter) -> Sighting:
        """Say which canaries a filter of slapd's log asks for."""
        words = {item.words for item in items(asked)}
        named = any(canary.whole & words for canary in self._known)
        single = {word for several in words for word in several.split()}
        return Sighting(
            seen=frozenset(canary.id for canary in self._known if canary.sought(asked)),
            known=frozenset(canary.id for canary in self._known if canary.family in single),
            named=named,
        )


class _Canary:
    def __init__(self, person: Person) -> None:
        self.id = person.uid
        given, family = plain(person.given_name), plain(person.family_name)
        self.family = family
        addresses = {plain(address) for address in person.mail}
        self.whole = {f"{given} {family}", f"{family} {given}", f"{family}, {given}", *addresses}
        self._record = _record(person)
        # The same without what is its own: who asks for a given name, a title or an organisation finds both.
        self._anybody = _record(
            replace(
                person,
                full_name=person.given_name,
                family_name=NOBODY,
                display_name="",
                mail=tuple(NOBODY for _ in person.mail),
                uid=NOBODY,
            )
        )

    def sought(self, asked: Filter) -> bool:
        """Whether the question is for this canary and not for anybody who happens to be like it."""
        return asked.holds(self._record) is True and asked.holds(self._anybody) is not True


def _record(person: Person) -> Record:
    values = {
        "objectclass": ("top", "person", "organizationalperson", "inetorgperson", "nlcperson"),
        "uid": (person.uid,),
        "cn": (person.full_name,),
        "sn": (person.family_name,),
        "givenname": (person.given_name,),
        "displayname": (person.display_name or person.full_name,),
        "title": (person.title,),
        "o": (person.organisation_name,),
        "st": (person.region,),
        "businesscategory": (person.sector,),
        "mail": person.mail,
        "telephonenumber": person.telephone,
    }
    return {name: [plain(value) for value in given if value] for name, given in values.items()}
