"""Invents people's names: parts put together, so that no list of real people can come out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from random import Random
from typing import Any

from dev.chance import words

NAVY, ARMY, AIR = ["Vice Admiral"], ["Lieutenant General"], ["Air Marshal", "Air Vice-Marshal"]
LETTERS = {
    "Police": ("KPM", "QPM"),
    "Fire and rescue": ("KFSM", "QFSM"),
    "Civil service": ("CB", "CBE", "OBE"),
}
AT_HOME = 7  # how much more often an origin is met in its own nation


@dataclass(frozen=True, slots=True, kw_only=True)
class InventedName:
    """A name as a personnel system keeps it."""

    given: str
    family: str
    known_as: str = ""  # the given name in use, where it is another
    honorific: str = ""
    honours: str = ""

    @property
    def in_use(self) -> str:
        """The name as colleagues say it: "Liz Farrowmere"."""
        return f"{self.known_as or self.given} {self.family}"


@dataclass(slots=True)
class Names:
    """Draws names from one stream of chance."""

    chance: Random
    lists: dict[str, Any] = field(default_factory=lambda: words("names"))
    drawn: set[tuple[str, str]] = field(default_factory=set)

    def draw(self, sector: str, nation: str, organisation: str, role: str, encoding: str) -> InventedName:
        """Draw a name for a leader that nobody has yet and that the sender's encoding can write."""
        for _attempt in range(40):
            origin = self.origin(nation)
            woman = self.chance.random() < 0.48
            given = self.chance.choice(origin["women" if woman else "men"])
            family = self.family(origin)
            if (given, family) not in self.drawn and can_write(f"{given} {family}", encoding):
                break
        self.drawn.add((given, family))
        before, after = self.standing(woman, sector, organisation, role)
        nicknames = self.lists["nicknames"].get(given, ())
        known_as = self.chance.choice(nicknames) if nicknames and self.chance.random() < 0.55 else ""
        known_as = known_as if can_write(known_as, encoding) else ""
        return InventedName(given=given, family=family, known_as=known_as, honorific=before, honours=after)

    def assistant(self) -> str:
        """Draw the name of somebody in a private office; it may be met twice."""
        origin = self.lists["origins"][0]
        return f"{self.chance.choice(origin['women'] + origin['men'])} {self.english_family()}"

    def origin(self, nation: str) -> Mapping[str, Any]:
        """Draw an origin: every one is met everywhere, more often at home."""
        origins = self.lists["origins"]
        weights = [each["weight"] * (AT_HOME if nation in each.get("nations", ()) else 1) for each in origins]
        chosen: Mapping[str, Any] = self.chance.choices(origins, cum_weights=list(accumulate(weights)))[0]
        return chosen

    def family(self, origin: Mapping[str, Any]) -> str:
        """Draw a family name; one in fourteen is double-barrelled."""
        first = self.chance.choice(origin["family"]) if origin["family"] else self.english_family()
        if self.chance.random() < 0.07 and "-" not in first:
            return f"{first}-{self.english_family()}"
        return first

    def english_family(self) -> str:
        """Put a head and a tail together: "Thistlemere"."""
        parts = self.lists["family_parts"]
        while True:
            head, tail = self.chance.choice(parts["heads"]), self.chance.choice(parts["tails"])
            if not head.lower().endswith(tail) and head[-1] != tail[0]:
                return f"{head}{tail}"

    def standing(self, woman: bool, sector: str, organisation: str, role: str) -> tuple[str, str]:
        """Draw what goes before and after a name, by what people in such posts are given."""
        if sector == "Armed forces":
            return self.rank(organisation), self.some(0.6, ("CB", "CBE", "CB CBE", "OBE", "KCB"))
        titled = 0.08 if role in ("permanent secretary", "vice-chancellor", "director general") else 0.02
        if self.chance.random() < titled / 2:
            return ("Dame", "DCB") if woman else ("Sir", "KCB")
        if self.chance.random() < titled / 2:
            return ("Dame", "DBE") if woman else ("Sir", "KBE")
        if sector == "Education" and self.chance.random() < 0.6:
            return "Professor", self.some(0.3, ("FRS", "FBA", "FREng", "OBE", "CBE FBA"))
        if role == "chair" and self.chance.random() < 0.2:
            return ("Baroness" if woman else "Lord"), ""
        if role in ("medical director", "chief scientific adviser") or self.chance.random() < 0.06:
            return "Dr", self.some(0.3, ("FRCP", "OBE", "FMedSci"))
        return "", self.some(0.22, LETTERS.get(sector, ("CBE", "OBE", "MBE", "CBE DL")))

    def rank(self, organisation: str) -> str:
        """Draw the rank that a three-star post of such a command has."""
        ranks = NAVY + ARMY + AIR
        if any(word in organisation for word in ("Maritime", "Seas", "Carrier")):
            ranks = NAVY
        elif any(word in organisation for word in ("Air", "Wing")):
            ranks = AIR
        elif any(word in organisation for word in ("Land", "Engineer", "Garrison")):
            ranks = ARMY
        return self.chance.choice(ranks)

    def some(self, share: float, letters: tuple[str, ...]) -> str:
        """Draw one of these for a share of people, nothing for the rest."""
        return self.chance.choice(letters) if self.chance.random() < share else ""


def can_write(text: str, encoding: str) -> bool:
    """Tell whether a sender's encoding has all the letters of a text."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
