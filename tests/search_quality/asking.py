"""Invents queries of many classes for a world, each with the people of whom any is meant.

`python -m tests.search_quality.asking` writes the frozen files anew. A query that fits several people, as a
surname alone does, is answered by any one of them.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from dev.chance import stream
from ldap_schema.people import Person
from tests.search_quality.world import HERE, World

EACH = 30  # queries of a class
FIRST, SECOND = (4711, "first.tsv"), (90210, "second.tsv")
KEYS = {
    "a": "sq",
    "b": "vn",
    "c": "xv",
    "d": "sf",
    "e": "wr",
    "f": "dg",
    "g": "fh",
    "h": "gj",
    "i": "uo",
    "k": "jl",
    "l": "k",
    "m": "n",
    "n": "bm",
    "o": "ip",
    "p": "o",
    "r": "et",
    "s": "ad",
    "t": "ry",
    "u": "yi",
    "w": "qe",
}
SOUNDS = [
    ("ph", "f"),
    ("ck", "k"),
    ("ie", "ei"),
    ("ee", "ea"),
    ("wr", "r"),
    ("kn", "n"),
    ("ll", "l"),
    ("tt", "t"),
    ("nn", "n"),
    ("ss", "s"),
    ("y", "i"),
    ("ai", "ay"),
    ("ow", "ou"),
    ("x", "cks"),
    ("ge", "je"),
    ("mb", "m"),
    ("ou", "ow"),
    ("rr", "r"),
    ("er", "ur"),
    ("ley", "ly"),
    ("ton", "tun"),
    ("son", "sen"),
]
SHORT = {
    "Chief Constable": "CC",
    "Chief Executive": "CEO",
    "Permanent Secretary": "perm sec",
    "Vice-Chancellor": "VC",
    "Chief Fire Officer": "CFO",
    "Chief Operating Officer": "COO",
    "Medical Director": "MD",
    "Chief Nurse": "CNO",
    "Deputy Chief Constable": "DCC",
    "Second Permanent Secretary": "second perm sec",
    "Director of Public Health": "DPH",
    "Chief Scientific Adviser": "CSA",
    "Chief Finance Officer": "CFO",
    "Director General, Strategy": "DG strategy",
}


@dataclass(frozen=True, slots=True)
class Query:
    """What is typed, and the uids of whom any one is meant."""

    kind: str
    text: str
    meant: frozenset[str]


def plain(text: str) -> str:
    """Leave accents off."""
    split = unicodedata.normalize("NFKD", text.replace("ß", "ss").replace("Ø", "O").replace("ø", "o"))
    return "".join(letter for letter in split if not unicodedata.combining(letter))


def initials(name: str) -> str:
    """Return the letters by which people call an organisation."""
    return "".join(word[0] for word in name.replace("-", " ").split() if word[0].isupper())


class Asker:
    """Makes queries of each class; what people share is true of all who share it."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.chance = world, stream(seed, "queries")
        self.everybody = list(world.people.values())

    def one(self, fits: Callable[[Person], bool] = lambda _: True) -> Person:
        return self.chance.choice([person for person in self.everybody if fits(person)])

    def all(self, fits: Callable[[Person], bool]) -> frozenset[str]:
        return frozenset(person.uid for person in self.everybody if fits(person))

    def named(self, person: Person) -> frozenset[str]:
        return self.all(lambda one: one.full_name == person.full_name)

    def with_surname(self, person: Person) -> frozenset[str]:
        family = plain(person.family_name).casefold()
        return self.all(lambda one: plain(one.family_name).casefold() == family)

    def in_post(self, person: Person) -> frozenset[str]:
        return self.all(
            lambda one: (one.title, one.organisation_id) == (person.title, person.organisation_id)
        )

    def slip(self, word: str) -> str:
        """One slip of the fingers in a word of four letters or more."""
        if len(word) < 4:
            return word
        at = self.chance.randrange(1, len(word) - 1)
        kind = self.chance.randrange(4)
        if kind == 0:
            return word[:at] + word[at + 1 :]
        if kind == 1:
            return word[:at] + word[at] + word[at:]
        if kind == 2 and word[at] != word[at + 1]:
            return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        return word[:at] + self.chance.choice(KEYS.get(word[at].casefold(), "e")) + word[at + 1 :]

    def as_heard(self, word: str) -> str:
        """The word as somebody writes it who only heard it."""
        ways = [
            (one, other) for pair in SOUNDS for one, other in (pair, pair[::-1]) if one in word.casefold()[1:]
        ]
        if not ways:
            return word
        one, other = self.chance.choice(ways)
        return word[0] + re.sub(one, other, word[1:], count=1, flags=re.IGNORECASE)

    def place(self, person: Person) -> str:
        name = self.world.organisations[person.organisation_id].name
        for word in (
            "Hospitals NHS Foundation Trust",
            "Fire and Rescue Service",
            "Police",
            "Council",
            "Homes",
            "University of",
            "Department for",
        ):
            name = name.replace(word, "")
        return name.strip()


def first(asker: Asker) -> Iterator[Query]:
    """The set by which the search was tuned."""
    a, world = asker, asker.world

    def whole(p: Any) -> bool:
        return bool(p.isascii())

    def led(p: Any) -> bool:
        return bool(p.title in SHORT)

    def acronyms(p: Any) -> bool:
        return bool(bool(world.organisations[p.organisation_id].acronyms))

    def renamed(p: Any) -> bool:
        return bool(bool(world.organisations[p.organisation_id].former_names))

    for _ in range(EACH):
        p = a.one()
        yield Query("full name", p.full_name, a.named(p))
        yield Query("reversed", f"{p.family_name}, {p.given_name}", a.named(p))
        p = a.one(lambda p: p.given_name in world.names["diminutives"])
        short = a.chance.choice(world.names["diminutives"][p.given_name])
        yield Query(
            "nickname",
            f"{short} {p.family_name}",
            a.with_surname(p)
            & a.all(
                lambda one, p=p, short=short: (
                    one.given_name == p.given_name or short in (one.known_as, one.given_name)
                )
            ),
        )
        p = a.one(lambda p: whole(p.full_name) and len(p.full_name) > 8)
        yield Query("one slip in each word", " ".join(map(a.slip, p.full_name.split())), a.named(p))
        p = a.one(lambda p: whole(p.family_name) and a.as_heard(p.family_name) != p.family_name)
        yield Query("sounds alike", f"{p.given_name} {a.as_heard(p.family_name)}", a.named(p))
        p = a.one(lambda p: not p.full_name.isascii())
        yield Query("accents left off", plain(p.full_name), a.named(p))
        p = a.one(lambda p: "-" in p.family_name or "'" in p.family_name)
        put = a.chance.choice(["", " "])
        yield Query(
            "apostrophe or hyphen left off",
            f"{p.given_name} {p.family_name.replace('-', put).replace(chr(39), put)}",
            a.named(p),
        )
        p = a.one(lambda p: len(p.family_name) > 5 and " " not in p.family_name)
        keep = a.chance.randrange(3, len(p.family_name) - 1)
        yield Query(
            "half-typed",
            f"{p.given_name} {p.family_name[:keep]}",
            a.all(
                lambda one, p=p, keep=keep: (
                    one.given_name == p.given_name and one.family_name.startswith(p.family_name[:keep])
                )
            ),
        )
        p = a.one()
        yield Query("surname alone", p.family_name, a.with_surname(p))
        p = a.one(led)
        yield Query("role and place", f"{p.title} of {a.place(p)}", a.in_post(p))
        p = a.one(lambda p: led(p) and acronyms(p))
        acronym = world.organisations[p.organisation_id].acronyms[0]
        yield Query(
            "acronym and short role",
            f"{acronym} {SHORT[p.title]}",
            a.all(
                lambda one, p=p, acronym=acronym: (
                    one.title == p.title and acronym == initials(one.organisation_name)
                )
            ),
        )
        p = a.one(lambda p: bool(p.honorific))
        yield Query("honorific and name", f"{p.honorific} {p.full_name}", a.named(p))
        p = a.one()
        yield Query(
            "surname and organisation",
            f"{p.family_name} {world.organisations[p.organisation_id].name}",
            a.with_surname(p) & a.all(lambda one, p=p: one.organisation_id == p.organisation_id),
        )
        uid, post = a.chance.choice(world.former)
        yield Query(
            "former holder",
            f"former {post.title} {world.organisations[post.organisation_id].name}",
            frozenset({uid}),
        )
        p = a.one(lambda p: renamed(p) and led(p))
        yield Query(
            "renamed organisation",
            f"{p.title} {world.organisations[p.organisation_id].former_names[0]}",
            a.in_post(p),
        )
        p = a.one()
        yield Query(
            "initial and surname",
            f"{p.given_name[0].lower()} {p.family_name.lower()}",
            a.with_surname(p) & a.all(lambda one, p=p: plain(one.given_name)[0] == plain(p.given_name)[0]),
        )
        p = a.one(lambda p: "-" in p.family_name)
        half = a.chance.choice(p.family_name.split("-"))
        yield Query(
            "half of a double name",
            f"{p.given_name} {half}",
            a.all(
                lambda one, p=p, half=half: (
                    one.given_name == p.given_name and half in one.family_name.split("-")
                )
            ),
        )
        p = a.one(lambda p: p.family_name.isalpha())
        yield Query("no space", f"{p.given_name}{p.family_name}".lower(), a.named(p))
        uid = a.chance.choice(list(world.offices))
        yield Query(
            "assistant",
            world.offices[uid].assistant,
            a.all(
                lambda one, name=world.offices[uid].assistant: (
                    (one.uid in world.offices and world.offices[one.uid].assistant == name)
                    or one.full_name == name
                )
            ),
        )
        p = a.one()
        yield Query("words around", f"please find the {p.title} {p.full_name} for me", a.named(p))
        p = a.one(lambda p: p.sector == "Armed forces")
        yield Query("rank and surname", f"{p.honorific} {p.family_name}", a.with_surname(p))
        p = a.one(lambda p: p.title in ("Chief Constable", "Chief Fire Officer", "Vice-Chancellor"))
        yield Query(
            "role and region",
            f"{p.title} {p.region}",
            a.all(lambda one, p=p: one.title == p.title and one.region == p.region),
        )


def second(asker: Asker) -> Iterator[Query]:
    """A set in other words, which nothing was tuned by."""
    a, world = asker, asker.world

    def led(p: Any) -> bool:
        return bool(p.title in SHORT)

    def former(p: Any) -> bool:
        return bool(bool(world.organisations[p.organisation_id].former_names))

    for _ in range(EACH):
        p = a.one()
        yield Query("lower case, comma", f"{p.family_name},{p.given_name}".lower(), a.named(p))
        p = a.one()
        yield Query("capitals, with the post", f"{p.full_name} {p.title}".upper(), a.named(p))
        p = a.one(led)
        yield Query(
            "who is the …",
            f"who is {SHORT[p.title]} at {world.organisations[p.organisation_id].name}?",
            a.in_post(p),
        )
        p = a.one(led)
        yield Query("the place's …", f"{a.place(p)}'s {p.title.lower()}", a.in_post(p))
        p = a.one(lambda p: p.given_name in world.names["diminutives"] and p.full_name.isascii())
        short = a.chance.choice(world.names["diminutives"][p.given_name])
        yield Query(
            "nickname and slip",
            f"{short} {a.slip(p.family_name)}".lower(),
            a.with_surname(p)
            & a.all(
                lambda one, p=p, short=short: (
                    one.given_name == p.given_name or short in (one.known_as, one.given_name)
                )
            ),
        )
        p = a.one(lambda p: p.full_name.isascii())
        heard = f"{a.as_heard(p.given_name)} {a.as_heard(p.family_name)}"
        yield Query("as heard, both names", heard, a.named(p))
        p = a.one(lambda p: len(p.family_name) > 4 and len(p.given_name) > 4)
        yield Query(
            "both half-typed",
            f"{p.given_name[:3]} {p.family_name[:4]}".lower(),
            a.all(
                lambda one, p=p: (
                    plain(one.given_name).casefold().startswith(plain(p.given_name[:3]).casefold())
                    and any(
                        part.startswith(plain(p.family_name[:4]).casefold())
                        for part in [plain(one.family_name).casefold()]
                    )
                )
            ),
        )
        p = a.one()
        yield Query(
            "surname and place",
            f"{p.family_name} from {a.place(p)}",
            a.with_surname(p) & a.all(lambda one, p=p: one.organisation_id == p.organisation_id),
        )
        p = a.one(lambda p: former(p) and led(p))
        yield Query(
            "old name, short role",
            f"{SHORT[p.title]}, {world.organisations[p.organisation_id].former_names[0]}",
            a.in_post(p),
        )
        uid = a.chance.choice(list(world.offices))
        person = world.people[uid]
        yield Query("office of …", f"private office of {person.full_name}", a.named(person))
        p = a.one(lambda p: bool(p.honours))
        yield Query("letters after the name", f"{p.full_name} {p.honours}", a.named(p))
        p = a.one(lambda p: p.full_name.isascii())
        yield Query(
            "slip in post and name",
            f"{a.slip(p.title.split()[0])} {a.slip(p.family_name)} {a.place(p)}",
            a.with_surname(p) & a.all(lambda one, p=p: one.organisation_id == p.organisation_id),
        )
        p = a.one()
        yield Query(
            "one word too many",
            f"{p.full_name} {a.chance.choice(['zebra', 'quartz', 'bicycle'])}",
            a.named(p),
        )
        p = a.one(lambda p: led(p) and " " not in a.place(p))
        yield Query("slip in the place", f"{p.title} {a.slip(a.place(p))}", a.in_post(p))


def written(query: Query) -> str:
    """One line of a frozen file."""
    return f"{query.kind}\t{query.text}\t{' '.join(sorted(query.meant))}"


def frozen(name: str) -> list[Query]:
    """Read a frozen file."""
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    return [
        Query(kind, text, frozenset(meant.split()))
        for kind, text, meant in (line.split("\t") for line in lines)
    ]


def main() -> None:
    """Write both files anew."""
    for (seed, name), ask in ((FIRST, first), (SECOND, second)):
        queries = sorted(ask(Asker(World(seed), seed + 1)), key=lambda query: query.kind)
        (HERE / name).write_text("".join(written(query) + "\n" for query in queries), encoding="utf-8")


if __name__ == "__main__":
    main()
