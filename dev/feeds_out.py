"""Writes the invented leaders as HR feeds in the dialects of their senders."""

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random

from dev.chance import stream
from dev.leaders import InventedOffice, InventedPerson, Invention, Line, invent
from dev.organisations import InventedOrganisation
from dev.senders import Filled, Sender, encodings, senders
from dev.workbook import Cell, write_workbook

CODE_SCHEME = "demo:"
STAFF_NUMBERS_IN_ONE_TRUST = 100  # people of one trust are numbered in a row, so their last two digits differ


@dataclass(frozen=True, slots=True)
class FeedFile:
    """A written file and the mapping that reads it."""

    feed_toml: Path
    path: Path


def write_feeds(folder: Path, *, seed: int = 7, leaders: int = 1500, as_of: date) -> list[FeedFile]:
    """Write every sender's file, in the order in which to apply them; the same input gives the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    return write_invention(folder, invent(seed, leaders, as_of, encodings()), seed=seed, as_of=as_of)


def write_invention(folder: Path, invention: Invention, *, seed: int, as_of: date) -> list[FeedFile]:
    """Write an invention's rows, each into the file of its organisation's sender."""
    by_feed: dict[str, list[Line]] = {}
    for line in invention.lines:
        by_feed.setdefault(line.post.organisation.feed, []).append(line)
    written = []
    for sender in senders():
        path = folder / sender.file.replace("{as_of}", as_of.isoformat())
        private = _Private(stream(seed, f"private/{sender.id}"), as_of)
        _write(sender, path, by_feed.get(sender.id, []), private, as_of)
        written.append(FeedFile(sender.mapping, path))
    return written


def _write(sender: Sender, path: Path, lines: list[Line], private: "_Private", as_of: date) -> None:
    """Write one file: what stands above the header, the header, the rows, what stands below."""

    def told(row: tuple[str, ...]) -> list[Cell]:
        return [text.format(as_of=as_of.strftime("%d %B %Y"), rows=len(lines)) for text in row]

    cells: list[list[Cell]] = [told(row) for row in sender.preamble]
    cells.append(list(sender.columns))
    cells += _rows(sender, lines, private)
    cells += [told(row) for row in sender.footer]
    if sender.type == "xlsx":
        write_workbook(path, sender.sheet, cells)
        return
    with path.open("w", encoding=sender.encoding, newline="") as file:
        csv.writer(file, delimiter=sender.delimiter).writerows(cells)


def _rows(sender: Sender, lines: list[Line], private: "_Private") -> Iterator[list[Cell]]:
    makers = [_maker(sender, column, private) for column in sender.columns]
    for line in lines:
        yield [make(line) for make in makers]


def _maker(sender: Sender, column: str, private: "_Private") -> Callable[[Line], Cell]:
    """Give the function that fills one column."""
    filled = sender.filled.get(column)
    if filled is None:
        return private.maker(column)
    take = VALUES[filled.value]

    def make(line: Line) -> Cell:
        if line.person is None and column == sender.name_column:
            return sender.nobody
        return _as_sent(sender, filled, take(line))

    return make


def _as_sent(sender: Sender, filled: Filled, value: str | date | None) -> Cell:
    """Write one value of ours in the sender's way."""
    if isinstance(value, date):
        return value if sender.type == "xlsx" else value.strftime(filled.date)
    if not value:
        return ""
    if filled.map:
        return filled.map.get(value, "")
    if filled.value.endswith(("telephone", "mobile", "duty_line")):
        return _phone(value, sender.phones)
    return value.removeprefix(filled.prefix)


def _phone(number: str, style: str) -> str:
    """Write a number the way the sender does."""
    if style == "international":
        return "+44 " + number.removeprefix("0")
    if style == "brackets":
        area, _, rest = number.partition(" ")
        return f"({area}) {rest}"
    return number


def _staff_number(line: Line) -> str:
    if not line.person:
        return ""
    if line.post.organisation.feed == "health":
        return str(1 + line.person.number % STAFF_NUMBERS_IN_ONE_TRUST)
    return str(100_000 + line.person.number)


def _of_person(take: Callable[[InventedPerson], str]) -> Callable[[Line], str]:
    return lambda line: take(line.person) if line.person else ""


def _of_office(take: Callable[[InventedOffice], str]) -> Callable[[Line], str]:
    return lambda line: take(line.office) if line.office else ""


def _of_body(take: Callable[[InventedOrganisation], str]) -> Callable[[Line], str]:
    return lambda line: take(line.post.organisation)


# Every value a mapping can name, taken from a row of the invention.
VALUES: dict[str, Callable[[Line], str | date | None]] = {
    "person.number": _staff_number,
    "person.full_name": _of_person(lambda person: person.name.in_use),
    "person.given_name": _of_person(lambda person: person.name.given),
    "person.known_as": _of_person(lambda person: person.name.known_as),
    "person.family_name": _of_person(lambda person: person.name.family),
    "person.honorific": _of_person(lambda person: person.name.honorific),
    "person.honours": _of_person(lambda person: person.name.honours),
    "person.mail": _of_person(lambda person: person.mail),
    "person.sign_in_address": _of_person(lambda person: person.sign_in_address),
    "person.telephone": _of_person(lambda person: person.telephone),
    "person.mobile": _of_person(lambda person: person.mobile),
    "post.reference": lambda line: line.post.reference,
    "post.title": lambda line: line.post.title,
    "post.role": lambda line: line.post.role,
    "post.grade": lambda line: line.post.grade,
    "post.region": _of_body(lambda body: body.region),
    "post.kind": lambda line: line.kind if line.person else "",
    "post.first_day": lambda line: line.first_day,
    "post.last_day": lambda line: line.last_day,
    "organisation.code": _of_body(lambda body: CODE_SCHEME + body.slug),
    "organisation.name": _of_body(lambda body: body.name),
    "organisation.acronym": _of_body(lambda body: body.acronym),
    "organisation.sector": _of_body(lambda body: body.sector),
    "organisation.region": _of_body(lambda body: body.region),
    "organisation.domain": _of_body(lambda body: body.domain),
    "organisation.duty_line": _of_body(lambda body: body.duty_line),
    "organisation.former_name": _of_body(lambda body: body.former_name),
    "organisation.parent": _of_body(lambda body: CODE_SCHEME + body.parent if body.parent else ""),
    "office.name": _of_office(lambda office: office.name),
    "office.mail": _of_office(lambda office: office.mail),
    "office.telephone": _of_office(lambda office: office.telephone),
    "office.assistant": _of_office(lambda office: office.assistant),
}


class _Private:
    """Fills the columns that the directory must never keep, so that every run drops some."""

    def __init__(self, chance: Random, as_of: date) -> None:
        self.chance = chance
        self.as_of = as_of

    def maker(self, column: str) -> Callable[[Line], Cell]:
        """Choose what an unmapped column holds by its heading."""
        chosen = next(
            (fill for pattern, fill in self.fills() if re.search(pattern, column, re.IGNORECASE)), None
        )
        if chosen is None:
            raise ValueError(
                f'Nothing is known to write into the column "{column}" of dev/data/dialects.toml.'
            )
        return lambda line: chosen(line) if line.person else ""

    def fills(self) -> list[tuple[str, Callable[[Line], Cell]]]:
        """List heading patterns, the most telling first."""
        return [
            (r"known.?as|preferred.?name", _of_person(lambda person: person.name.known_as)),
            (r"birth|dob|d\.o\.b", lambda _line: self.born()),
            (r"\bn\.?i\.?(\W|$)|nino|national.insurance", lambda _line: self.insurance_number()),
            (r"pay|salar|package|remuneration", lambda _line: self.chance.randrange(95, 240) * 1000),
            (r"home.?address", lambda _line: f"{self.chance.randrange(1, 99)} Invented Row"),
            (r"home.?tel", lambda _line: f"03069 990{self.chance.randrange(1000):03d}"),
            (r"kin", lambda _line: "Held on file"),
            (r"ethnic", lambda _line: "Prefer not to say"),
            (r"bank", lambda _line: f"00-00-00 {self.chance.randrange(10**8):08d}"),
            (r"pension|registration", lambda _line: f"R{self.chance.randrange(10**6):06d}"),
        ]

    def born(self) -> str:
        """Give a day of birth between 38 and 66 years ago."""
        day = self.as_of - timedelta(days=self.chance.randrange(38 * 365, 66 * 365))
        return day.strftime("%d/%m/%Y")

    def insurance_number(self) -> str:
        """Give a number with the prefix QQ, which is never issued."""
        return f"QQ{self.chance.randrange(10**6):06d}{self.chance.choice('ABCD')}"
