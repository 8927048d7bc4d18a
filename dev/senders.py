"""The senders of the invented feeds: each has a mapping in dev/feeds and a dialect in dev/data/dialects.toml.

The mapping says which column means what; turned round, it says what to write into each column. So a column's
meaning stands in one place, and a mapping that is changed changes the file with it.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dev.chance import words

FEEDS = Path(__file__).parent / "feeds"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What one column holds: a value of ours ("person.mail") and how the sender writes it."""

    value: str
    map: Mapping[str, str]  # our word -> the sender's
    prefix: str = ""  # ours has it, the sender's has not
    date: str = ""  # strftime; blank = a workbook's own day


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """One sender: how the file is written and what stands in its columns."""

    id: str
    mapping: Path
    file: str
    type: str
    encoding: str
    delimiter: str
    sheet: str
    phones: str
    preamble: tuple[tuple[str, ...], ...]
    footer: tuple[tuple[str, ...], ...]
    columns: tuple[str, ...]
    filled: Mapping[str, Filled]
    name_column: str
    nobody: str  # what the sender writes as the name of a vacant post

    def idle_columns(self) -> list[str]:
        """List the columns that the mapping does not name, which the directory must drop."""
        return [column for column in self.columns if column not in self.filled]


def senders() -> list[Sender]:
    """Give the senders in the order in which their feeds are applied: parent bodies first."""
    return [_sender(dialect) for dialect in words("dialects")["dialects"]]


def encodings() -> dict[str, str]:
    """Say by feed which letters its sender can write; a workbook can write all."""
    return {sender.id: sender.encoding for sender in senders()}


def _sender(dialect: Mapping[str, Any]) -> Sender:
    path = FEEDS / f"{dialect['feed']}.toml"
    mapping = tomllib.loads(path.read_text(encoding="utf-8"))
    layout = mapping["format"]
    person = mapping["person"]
    return Sender(
        id=dialect["feed"],
        mapping=path,
        file=mapping["source"]["file"],
        type=layout["type"],
        encoding=layout.get("encoding", "utf-8"),
        delimiter=layout.get("delimiter", ","),
        sheet=layout.get("sheet", ""),
        phones=dialect["phones"],
        preamble=tuple(map(tuple, dialect.get("preamble", ()))),
        footer=tuple(map(tuple, dialect.get("footer", ()))),
        columns=tuple(dialect["columns"]),
        filled=_filled(mapping),
        name_column=person.get("full_name") or person["family_name"],
        nobody=next(iter(mapping["eligible"]["not_a_person"])),
    )


def _filled(mapping: Mapping[str, Any]) -> dict[str, Filled]:
    """Turn the mapping round: from column to its content. Grade first: a role may be read from it."""
    found = {mapping["eligible"]["column"]: Filled(value="post.grade", map={})}
    for table in ("person", "post", "organisation", "office"):
        for key, said in mapping[table].items():
            said = {"column": said} if isinstance(said, str) else said
            if isinstance(said, dict) and said.get("column"):
                found.setdefault(said["column"], _turned(f"{table}.{key}", said))
    # Where the person's key has two columns, the first is the organisation's code and has its place already.
    found.setdefault(mapping["identity"]["key"][-1], Filled(value="person.number", map={}))
    found.setdefault(mapping["identity"]["post_key"][0], Filled(value="post.reference", map={}))
    return found


def _turned(value: str, said: Mapping[str, Any]) -> Filled:
    turned = {ours: theirs for theirs, ours in said.get("map", {}).items()}
    return Filled(value=value, map=turned, prefix=said.get("prefix", ""), date=said.get("date", ""))
