"""An organisation map: what the machinery of government does to organisations, as one reviewed TOML file.

    [map]
    day = 2026-12-01                       # the first day on which it is so

    [[rename]]
    organisation = "Department for Rivers" # a name, a former name, a code or an id
    name = "Department for Rivers and Coasts"

    [[merge]]
    organisations = ["Coasts Agency", "GOV.UK:flood-board"]
    into = "Department for Rivers and Coasts"

    [[split]]
    organisation = "Ministry of Land and Sea"
    into = ["Ministry of Land", "Ministry of Sea"]
    rest = "Ministry of Land"              # has every post that no list below names
    posts = { "Ministry of Sea" = ["Director of Harbours"] }

    [[move]]
    organisation = "Harbour Trust"
    parent = "Ministry of Sea"

The tables are carried out in this order. Who is named in `into` and is not in the directory is made;
`acronym`, `code`, `sector`, `region`, `domains` and `parent` beside `name` or `into` say more of it.
"""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from ldap_schema.organisations import SECTORS
from sync.errors import MappingRefused
from sync.wording import closest

MORE = ("acronym", "code", "sector", "region", "domains", "parent")
TABLES: Mapping[str, tuple[str, ...]] = {
    "map": ("day",),
    "rename": ("organisation", "name", *MORE),
    "merge": ("organisations", "into", *MORE),
    "split": ("organisation", "into", "rest", "posts"),
    "move": ("organisation", "parent"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class More:
    """What else a map says of an organisation that it names; empty is as before."""

    acronym: str = ""
    code: str = ""
    sector: str = ""
    region: str = ""
    domains: tuple[str, ...] = ()
    parent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rename:
    """One organisation has another name from that day on, and stays what it is."""

    organisation: str
    name: str
    more: More = More()


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """Several become one, which may be one of them, another one or a new one."""

    organisations: tuple[str, ...]
    into: str
    more: More = More()


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """One becomes several, and each of its posts goes to one of them."""

    organisation: str
    into: tuple[str, ...]
    rest: str
    posts: Mapping[str, str]  # title -> the organisation that has it from then on


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One organisation belongs to another parent."""

    organisation: str
    parent: str


Step = Rename | Merge | Split | Move


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationMap:
    """One reorganisation, in the order in which it is carried out."""

    day: date
    steps: tuple[Step, ...]


def load_map(path: Path) -> OrganisationMap:
    """Read and check a map; MappingRefused names the file, the key and the closest right word."""
    try:
        table = tomllib.loads(path.read_bytes().decode())
    except OSError as error:
        raise MappingRefused(f"There is no organisation map at {path}: {error.strerror}.") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise MappingRefused(f"{path} is not a TOML file: {error}.") from error
    return _Reader(path).map(table)


class _Reader:
    """Holds the path that every message names."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def refuse(self, key: str, sentence: str) -> MappingRefused:
        return MappingRefused(f"{self.path}: {key}: {sentence}")

    def map(self, table: Mapping[str, Any]) -> OrganisationMap:
        for name in table:
            if name not in TABLES:
                raise self.refuse(f"[{name}]", f"there is no such table.{closest(name, TABLES)}")
        head = table.get("map", {})
        day = head.get("day") if isinstance(head, dict) else None
        if type(day) is not date:
            raise self.refuse("map.day", "write the first day of the new order, as day = 2026-12-01.")
        readers: dict[str, Callable[[Mapping[str, Any]], Step]] = {
            "rename": self.rename,
            "merge": self.merge,
            "split": self.split,
            "move": self.move,
        }
        steps = [read(each) for name, read in readers.items() for each in self.tables(table, name)]
        if not steps:
            raise self.refuse("map", "it changes nothing: add [[rename]], [[merge]], [[split]] or [[move]].")
        return OrganisationMap(day=day, steps=tuple(steps))

    def tables(self, table: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
        found = table.get(name, [])
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            raise self.refuse(name, f"write it as [[{name}]], with two brackets.")
        for each in found:
            for key in each:
                if key not in TABLES[name]:
                    raise self.refuse(f"{name}.{key}", f"there is no such key.{closest(key, TABLES[name])}")
        return found

    def rename(self, table: Mapping[str, Any]) -> Rename:
        organisation, name = (self.text(table, "rename", key) for key in ("organisation", "name"))
        return Rename(organisation=organisation, name=name, more=self.more(table, "rename"))

    def merge(self, table: Mapping[str, Any]) -> Merge:
        return Merge(
            organisations=self.texts(table, "merge", "organisations"),
            into=self.text(table, "merge", "into"),
            more=self.more(table, "merge"),
        )

    def split(self, table: Mapping[str, Any]) -> Split:
        into, rest = self.texts(table, "split", "into"), self.text(table, "split", "rest")
        if rest not in into:
            raise self.refuse("split.rest", f"it is one of those in into.{closest(rest, into)}")
        lists = table.get("posts", {})
        if not isinstance(lists, dict) or not lists.keys() <= set(into):
            raise self.refuse("split.posts", "write a table: an organisation of into = a list of titles.")
        posts = {title: heir for heir in lists for title in self.texts(lists, "split.posts", heir)}
        return Split(
            organisation=self.text(table, "split", "organisation"), into=into, rest=rest, posts=posts
        )

    def move(self, table: Mapping[str, Any]) -> Move:
        organisation, parent = (self.text(table, "move", key) for key in ("organisation", "parent"))
        return Move(organisation=organisation, parent=parent)

    def more(self, table: Mapping[str, Any], name: str) -> More:
        one = {key: self.text(table, name, key) for key in MORE if key in table and key != "domains"}
        if one.get("sector") and one["sector"] not in SECTORS:
            raise self.refuse(
                f"{name}.sector", f"the directory knows no such sector.{closest(one['sector'], SECTORS)}"
            )
        domains = self.texts(table, name, "domains") if "domains" in table else ()
        return More(domains=tuple(each.lower().lstrip("@") for each in domains), **one)

    def text(self, table: Mapping[str, Any], name: str, key: str) -> str:
        value = table.get(key)
        if not isinstance(value, str) or not value.strip():
            raise self.refuse(f"{name}.{key}", "it is needed: write a text in quotation marks.")
        return value.strip()

    def texts(self, table: Mapping[str, Any], name: str, key: str) -> tuple[str, ...]:
        value = table.get(key)
        if (
            not isinstance(value, list)
            or not value
            or not all(isinstance(each, str) and each.strip() for each in value)
        ):
            raise self.refuse(f"{name}.{key}", 'it is needed: write a list of texts, as ["Coasts Agency"].')
        return tuple(dict.fromkeys(each.strip() for each in value))
