"""A small sender and, for tests without a server, the directory as a table of records."""

import csv
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TypeVar

from ldap_schema.changes import Add, Change, Remove, Update
from ldap_schema.feeds import FeedPart
from ldap_schema.offices import Office
from ldap_schema.organisations import Organisation
from ldap_schema.people import Person
from ldap_schema.posts import Post, Tenure
from sync.answers import read_questions, write_questions
from sync.canonical import canonical
from sync.draft import Kept, identity
from sync.mapping import Feed
from sync.mapping_reader import load_feed
from sync.plan import Plan, make_plan, remembered
from sync.readers import read_table
from sync.rows import Reading
from sync.settings import SyncSettings
from sync.source import source_of
from sync.state import State

HEADER = (
    "Staff No",
    "Name",
    "Title",
    "Post Ref",
    "Organisation",
    "Mail",
    "Sign-in",
    "Phone",
    "Grade",
    "From",
    "To",
    "Office mail",
)
MAPPING = """
[feed]
id = "rivers"
name = "Rivers HR"
[source]
file = "rivers-{as_of}.csv"
[identity]
key = ["Staff No"]
post_key = ["Post Ref"]
[person]
full_name = "Name"
mail = "Mail"
sign_in_address = "Sign-in"
telephone = "Phone"
[post]
title = "Title"
first_day = { column = "From", date = "%d/%m/%Y" }
last_day = { column = "To", date = "%d/%m/%Y" }
keep_vacant = true
[organisation]
name = "Organisation"
create = true
[office]
mail = "Office mail"
[eligible]
column = "Grade"
any_of = ["SCS3", "SCS4"]
not_a_person = ["Vacant", "N/D", ""]
"""
K = TypeVar("K", bound=Kept)
TODAY = date(2026, 11, 23)
DAY = date(2026, 11, 1)
NAMES = ("Ada Quill", "Bram Okafor", "Cleo Farthing", "Dilys Marsh", "Emrys Vale", "Freya Holt", "Gus Tarn")


def row(number: int = 1, **values: str) -> dict[str, str]:
    """One good row; give other values by column, with "_" for a space and without hyphens."""
    name = NAMES[number % len(NAMES)] + ("" if number < len(NAMES) else f"-{_letters(number)}")
    mail = f"person{number}@rivers.example"
    good = dict(
        zip(
            HEADER,
            (
                f"S{number}",
                name,
                f"Director {number}",
                f"P{number}",
                "Department for Rivers",
                mail,
                mail,
                "020 7946 0000",
                "SCS3",
                "",
                "",
                "",
            ),
            strict=True,
        )
    )
    return good | {
        key.replace("_", " ").replace("Sign in", "Sign-in"): value for key, value in values.items()
    }


def _letters(number: int) -> str:
    return "".join(chr(ord("a") + int(digit)) for digit in str(number)).capitalize()


def people(count: int) -> list[dict[str, str]]:
    """That many good rows."""
    return [row(number) for number in range(1, count + 1)]


def people_of(feed: str, count: int) -> list[dict[str, str]]:
    """That many good rows of people whom no other feed has."""
    rows = []
    for number in range(1, count + 1):
        name = f"{row(number)['Name']}-{feed.capitalize()}"
        address = f"{feed}{number}@rivers.example"
        rows.append(row(number, Name=name, Mail=address, Sign_in=address))
    return rows


def mapping_of(feed: str, agreed: str) -> str:
    """The text of a mapping of that id, whose files are named by it, with more lines under `[feed]`."""
    text = MAPPING.replace('id = "rivers"', f'id = "{feed}"\n{agreed}')
    return text.replace('file = "rivers-', f'file = "{feed}-')


def write_mapping(folder: Path, extra: str = "", old: str = "", new: str = "") -> Path:
    """Write the sender's mapping, with one text replaced or some added."""
    path = folder / "rivers.toml"
    path.write_text(MAPPING.replace(old, new) + extra if old else MAPPING + extra)
    return path


def another_sender(mapping: Path, id_: str) -> Path:
    """Write, beside the sender's mapping, one like it under another id; its files are named by that."""
    path = mapping.with_name(f"{id_}.toml")
    text = mapping.read_text().replace('"rivers"', f'"{id_}"')
    path.write_text(text.replace("rivers-{as_of}", f"{id_}-{{as_of}}"))
    return path


def write_file(folder: Path, rows: Sequence[dict[str, str]], day: date = DAY, stem: str = "rivers") -> Path:
    """Write the sender's file of one day."""
    path = folder / f"{stem}-{day}.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, HEADER)
        writer.writeheader()
        writer.writerows(rows)
    return path


class World:
    """The directory as a table; applies plans as the real one does, assertions included."""

    def __init__(self, folder: Path, feed: Feed | None = None) -> None:
        self.folder = folder
        self.feed = feed or load_feed(write_mapping(folder))
        self.records: dict[tuple[type[Kept], str], Kept] = {}
        self.ids = self._mint()
        self.today = TODAY

    def beside(self, id_: str, old: str = "", new: str = "") -> "World":
        """Another sender, with a mapping like this one's, over the same directory."""
        path = another_sender(write_mapping(self.folder, old=old, new=new), id_)
        other = World(self.folder, load_feed(path))
        other.records, other.ids, other.today = self.records, self.ids, self.today
        return other

    def say(self, key: str, who: str) -> None:
        """A named person answers the open question about a key of this feed."""
        (part,) = [each for each in self.all(FeedPart) if each.feed == self.feed.id]
        questions = [
            replace(each, who=who) if each.key == key.casefold() else each
            for each in read_questions(part.answers)
        ]
        assert any(each.who == who for each in questions), "nobody asked"
        self.records[FeedPart, identity(part)] = replace(part, answers=write_questions(questions))

    def tenures(self, person: Person) -> list[Tenure]:
        """What somebody holds and held."""
        return [each for each in self.all(Tenure) if each.holder == person.uid]

    def _mint(self) -> Iterator[str]:
        return (f"id{number:05}" for number in itertools.count())

    def read(self, path: Path) -> Reading:
        source = source_of(self.feed, path, self.today)
        return canonical(self.feed, read_table(self.feed, path, SyncSettings()), source.part, source.as_of)

    def state(self, reading: Reading) -> State:
        part = self.records.get((FeedPart, f"{reading.feed}/{reading.part}"))
        persons = self.all(Person)
        holders = {each.holder for each in self.all(Tenure) if self._mine(each, reading)}
        return State(
            part=part if isinstance(part, FeedPart) else FeedPart(feed=reading.feed, part=reading.part),
            people=tuple(each for each in persons if self._mine(each, reading) or each.uid in holders),
            posts=tuple(each for each in self.all(Post) if self._mine(each, reading)),
            tenures=tuple(each for each in self.all(Tenure) if self._mine(each, reading)),
            offices=tuple(each for each in self.all(Office) if self._mine(each, reading)),
            organisations=tuple(self.all(Organisation)),
            by_address={each.sign_in_address.casefold(): each for each in persons if each.sign_in_address},
            namesakes=tuple(each for each in persons if not self._mine(each, reading)),
            answered={each.uid: each for each in persons},
            elsewhere=tuple(each for each in self.all(Tenure) if not self._mine(each, reading)),
            elsewhere_posts=tuple(each for each in self.all(Post) if not self._mine(each, reading)),
            asked=frozenset(
                uid
                for part in self.all(FeedPart)
                if (part.feed, part.part) != (reading.feed, reading.part)
                for question in read_questions(part.answers)
                if not question.who
                for uid in question.likely
            ),
            as_of={(each.feed, each.part): each.as_of for each in self.all(FeedPart) if each.as_of},
        )

    @staticmethod
    def _mine(record: Person | Post | Tenure | Office, reading: Reading) -> bool:
        return (record.feed, record.feed_part) == (reading.feed, reading.part)

    def all(self, kind: type[K]) -> list[K]:
        return [each for each in self.records.values() if isinstance(each, kind)]

    def plan(self, path: Path) -> Plan:
        reading = self.read(path)
        return make_plan(
            self.feed, reading, self.state(reading), lambda: next(self.ids), self.today, ("mail:leaders",)
        )

    def take(self, rows: Sequence[dict[str, str]], day: date = DAY) -> Plan:
        """Plan and apply the file of one day."""
        plan = self.plan_of(rows, day)
        self.apply(plan)
        return plan

    def plan_of(self, rows: Sequence[dict[str, str]], day: date = DAY) -> Plan:
        """Plan the file of one day and leave the directory as it is."""
        return self.plan(write_file(self.folder, rows, day, self.feed.id))

    def apply(self, plan: Plan) -> None:
        self.write(plan.changes)
        part = FeedPart(feed=plan.feed, part=plan.part)
        known = self.records.get((FeedPart, identity(part)), part)
        assert isinstance(known, FeedPart)
        self.records[FeedPart, identity(part)] = remembered(plan, known)

    def write(self, changes: Iterable[Change]) -> None:
        """Carry changes out, as the directory does: each update only where nothing moved."""
        for change in changes:
            match change:
                case Add(record):
                    assert (type(record), identity(record)) not in self.records
                    self.records[type(record), identity(record)] = record
                case Update(before, after):
                    assert self.records[type(before), identity(before)] == before
                    self.records[type(after), identity(after)] = after
                case Remove(record):
                    del self.records[type(record), identity(record)]

    def parts(self) -> list[FeedPart]:
        """What is remembered of every feed."""
        return self.all(FeedPart)

    def people(self) -> list[Person]:
        """Everybody."""
        return self.all(Person)

    def owns(self, *domains: str, shared: tuple[str, ...] = ()) -> None:
        """The directory manager enters the mail domains of every organisation."""
        for each in self.all(Organisation):
            self.records[Organisation, each.id] = replace(each, domains=domains, shared_domains=shared)

    def person(self, key: str) -> Person:
        """The person under a staff number."""
        return next(each for each in self.all(Person) if each.feed_key == key.casefold())

    def change(self, person: Person, **values: object) -> Person:
        """Somebody else edits an entry."""
        after = replace(person, **values)  # type: ignore[arg-type]
        self.records[Person, person.uid] = after
        return after
