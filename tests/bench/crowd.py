"""A directory of any size, as LDIF for `slapadd -q`: invented people as a feed would have left them."""

import base64
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from random import Random

from dev.chance import plain, slug, stream, words
from dev.names import Names
from dev.servers import Slapd

FAMILIES, BODIES_SHARE = 40_000, 2 / 3  # family names drawn beforehand; organisations for each person
MOBILE, MOBILE_TO_LEADERS, PLACES = 0.6, 0.5, ("London", "Wales", "Scotland", "North West", "South East")
SECTORS = ("Civil service", "Healthcare", "Local government", "Police", "Education", "Housing")
TITLES = ("Chief executive", "Permanent secretary", "Chief constable", "Vice-chancellor", "Finance director",
          "Director of people", "Director general", "Chief fire officer", "Medical director")  # fmt: skip
LOAD_SECONDS = 3600
SHORTEST = 3  # letters that somebody types before it is worth asking


@dataclass
class Crowd:
    """Invented people by number; the same number is the same person at every size."""

    suffix: str
    chance: Random = field(default_factory=lambda: stream(7, "crowd"))

    def __post_init__(self) -> None:
        names = Names(stream(7, "crowd names"))
        origins = names.lists["origins"]
        self._weights = list(accumulate(each["weight"] for each in origins))
        self._given = [each["women"] + each["men"] for each in origins]
        self._families = [sorted({names.family(each) for _ in range(FAMILIES // 8)}) for each in origins]
        themes = words("bodies")["themes"]
        self._bodies = [f"{one} and {other} Agency" for one in themes for other in themes if one < other]

    def ldif(self, people: int) -> Iterator[str]:
        """Yield so many people, one entry at a time."""
        for number in range(people):
            yield self._person(number, max(1, int(people * BODIES_SHARE)))

    def _person(self, number: int, bodies: int) -> str:
        chance = self.chance
        (origin,) = chance.choices(range(len(self._given)), cum_weights=self._weights)
        given, family = chance.choice(self._given[origin]), chance.choice(self._families[origin])
        body = chance.randrange(bodies)
        organisation = self._bodies[body % len(self._bodies)]
        address = f"{slug(given)}.{slug(family)}{number}@{slug(organisation)}-{body}.example"
        values = [
            ("dn", f"uid={uid(number)},ou=people,{self.suffix}"),
            ("objectClass", "inetOrgPerson"), ("objectClass", "nlcPerson"),
            ("uid", uid(number)), ("cn", f"{given} {family}"), ("sn", family), ("givenName", given),
            ("displayName", f"{given} {family}"), ("title", chance.choice(TITLES)), ("o", organisation),
            ("nlcOrganisation", f"nlcId=body{body},ou=organisations,{self.suffix}"),
            ("businessCategory", SECTORS[body % len(SECTORS)]), ("st", PLACES[body % len(PLACES)]),
            ("mail", address), ("telephoneNumber", f"020 7946 0{chance.randrange(1000):03d}"),
            ("nlcStatus", "active"), ("employeeType", "leader"), ("nlcSignInAddress", address),
            ("nlcShow", "mail:leaders"), ("nlcShow", "telephoneNumber:leaders"),
            ("nlcFeed", "bench"), ("nlcFeedPart", f"body{body}"), ("nlcFeedKey", f"{number}"),
        ]  # fmt: skip
        if chance.random() < MOBILE:
            audience = "leaders" if chance.random() < MOBILE_TO_LEADERS else "organisation"
            values += [
                ("mobile", f"07700 900{chance.randrange(1000):03d}"),
                ("nlcShow", f"mobile:{audience}"),
            ]
        return "".join(_line(name, value) for name, value in values) + "\n"

    def typed(self, count: int) -> list[str]:
        """Return what people type who look for somebody here: three letters of a word and more.

        Most look for a given or a family name, some for a title or an organisation.
        """
        chance, found = stream(7, "typed"), []
        while len(found) < count:
            (origin,) = chance.choices(range(len(self._given)), cum_weights=self._weights)
            names = (chance.choice(self._given[origin]), chance.choice(self._families[origin]))
            other = chance.choice((*TITLES, *self._bodies[:200])).split()
            word = plain(chance.choice((*names, *names, *names, chance.choice(other))))
            if word.isalpha() and len(word) >= SHORTEST:
                found.append(word[: (SHORTEST, SHORTEST, 4, 5, len(word))[len(found) % 5]])
        return found


def uid(number: int) -> str:
    """Return the id of the person with that number."""
    return f"crowd{number:07d}"


def load(slapd: Slapd, people: int) -> tuple[Crowd, float]:
    """Fill a stopped server that was started once; return who is in it and how many seconds it took."""
    crowd, settings = Crowd(slapd.suffix), slapd.settings()
    command = [str(settings.server_program), "-Tadd", "-q", "-b", slapd.suffix, "-F", str(slapd.config)]
    began = time.monotonic()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as tool:
        assert tool.stdin is not None
        tool.stdin.writelines(crowd.ldif(people))
        _, said = tool.communicate(timeout=LOAD_SECONDS)
    assert tool.returncode == 0, said
    return crowd, time.monotonic() - began


def _line(name: str, value: str) -> str:
    if value.isascii():
        return f"{name}: {value}\n"
    return f"{name}:: {base64.b64encode(value.encode()).decode()}\n"
