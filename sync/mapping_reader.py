"""From a feed's TOML file to a `Feed`, with messages that name file, key and the closest right word."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from hashlib import blake2b
from pathlib import Path
from typing import Any

from sync.errors import MappingRefused
from sync.freshness import read_rhythm
from sync.mapping import (
    BLANK,
    ELIMINATED,
    KINDS,
    NOT_DISCLOSED,
    VACANT,
    Column,
    Eligible,
    Feed,
    Format,
    Limits,
)
from sync.mapping_format import FormatValues
from sync.normalise import fold, mail_address
from sync.private import private_kind
from sync.scim_paths import EVERY, scim_path
from sync.scim_snapshot import SUFFIX, TYPE, pushed_feed
from sync.sources import origin
from sync.wording import closest, shown

LARGEST_MAPPING = 1_000_000  # bytes
PERSON = (
    "full_name",
    "family_name",
    "given_name",
    "honorific",
    "honours",
    "known_as",
    "mail",
    "telephone",
    "mobile",
    "sign_in_address",
)
POST = ("title", "role", "region", "kind", "first_day", "last_day", "leaving_reason")
ORGANISATION = (
    "code",
    "name",
    "acronym",
    "sector",
    "region",
    "domain",
    "duty_line",
    "parent",
    "former_name",
)
OFFICE = ("name", "mail", "telephone", "assistant")
TABLES: dict[str, tuple[str, ...]] = {
    "feed": ("id", "name", "contact", "kind", "expect", "stale_after"),
    "source": origin.KEYS,
    "format": tuple(each.name for each in fields(Format)),
    "identity": ("key", "post_key"),
    "person": PERSON,
    "post": (*POST, "keep_vacant"),
    "organisation": (*ORGANISATION, "create"),
    "office": OFFICE,
    "eligible": ("column", "any_of", "not_a_person"),
    "guard": tuple(each.name for each in fields(Limits)),
}
_NEVER_ONE = (
    ("person", "given_name", "family_name"),
    ("person", "mail", "telephone"),
    ("person", "mail", "mobile"),
    ("post", "first_day", "last_day"),
)
KNOWN_WORDS = {
    "": BLANK,
    "vacant": VACANT,
    "vacancy": VACANT,
    "n/d": NOT_DISCLOSED,
    "nd": NOT_DISCLOSED,
    "not disclosed": NOT_DISCLOSED,
    "eliminated": ELIMINATED,
}


def load_feed(path: Path) -> Feed:
    """Read and check one mapping file; MappingRefused names the file, the key and the closest right word."""
    raw = _bytes_of(path)
    try:
        # Windows' Notepad writes a byte order mark, which TOML does not know.
        table = tomllib.loads(raw.decode("utf-8-sig").replace("\r\n", "\n"))
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise MappingRefused(
            f"{path} is not a TOML file: line {line} is not UTF-8 text. Save it as UTF-8."
        ) from error
    except tomllib.TOMLDecodeError as error:
        # The library quotes a letter or a key; it says where at the end, after what may be long.
        said, _, where = str(error).rpartition(" (")
        place = f" ({where}" if said else ""
        raise MappingRefused(f"{path} is not a TOML file: {shown(said or where)}{place}.") from error
    except (RecursionError, ValueError) as error:
        raise MappingRefused(
            f"{path} is not a mapping: it is nested too deep, or has a number no computer needs."
        ) from error
    return feed_from(table, path, blake2b(raw, digest_size=16).hexdigest())


def load_feeds(folder: Path) -> tuple[list[Feed], list[MappingRefused]]:
    """Read the mappings of a folder in order of their names, and what is wrong with those that can't be read;
    none where there is no folder.
    """
    feeds, refused = [], []
    for path in sorted(folder.glob("*.toml")):
        try:
            feeds.append(load_feed(path))
        except MappingRefused as error:
            refused.append(error)
    return feeds, refused


def feed_from(table: Mapping[str, Any], path: Path, digest: str = "") -> Feed:
    """Check what a mapping file says; `digest` is that of its bytes."""
    return _Reader(path).feed(table, digest)


def _bytes_of(path: Path) -> bytes:
    try:
        if path.exists() and not path.is_file():
            raise MappingRefused(f"There is no mapping file at {path}: that is no file.")
        with path.open("rb") as file:
            raw = file.read(LARGEST_MAPPING + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no file can have that name"
        raise MappingRefused(f"There is no mapping file at {path}: {reason}.") from error
    if len(raw) > LARGEST_MAPPING:
        raise MappingRefused(f"{path} is no mapping: it is larger than {LARGEST_MAPPING} bytes.")
    return raw


class _Reader(FormatValues):
    """Reads the tables of one mapping and what they say together."""

    def feed(self, table: Mapping[str, Any], digest: str) -> Feed:
        self._known(table)
        head = table.get("feed", {})
        if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,62})", self.text(head, "feed", "id", needed=True)):
            raise self.refuse("feed.id", "it may have small letters, digits and hyphens only.")
        if head.get("kind", "full") != "full":
            raise self.refuse("feed.kind", 'only "full" is understood: every file lists everybody.')
        pushed = table.get("source", {}).get("type") == origin.SCIM
        file = f"{head['id']}-{{as_of}}{SUFFIX}" if pushed else ""
        feed = Feed(
            id=head["id"],
            name=self.text(head, "feed", "name") or head["id"],
            contact=self.text(head, "feed", "contact"),
            file=file or self.text(table.get("source", {}), "source", "file", needed=True),
            origin=origin.read_origin(table.get("source", {}), self.path.absolute().parent, self.refuse),
            rhythm=read_rhythm(head, self.refuse),
            path=str(self.path),
            digest=digest,
            format=Format(type=TYPE) if pushed else self.format(table.get("format", {})),
            key=self.column_names(table.get("identity", {}), "identity", "key"),
            post_key=self.column_names(table.get("identity", {}), "identity", "post_key"),
            person=self.columns(table, "person", PERSON),
            post=self.columns(table, "post", POST),
            organisation=self.columns(table, "organisation", ORGANISATION),
            office=self.columns(table, "office", OFFICE),
            keep_vacant=self.flag(table.get("post", {}), "post", "keep_vacant"),
            create_organisations=self.flag(table.get("organisation", {}), "organisation", "create"),
            eligible=self.eligible(table.get("eligible", {})),
            limits=self.limits(table.get("guard", {})),
        )
        self._complete(feed)
        return self._pushed(feed) if pushed else feed

    def _pushed(self, feed: Feed) -> Feed:
        """Check that a feed that is pushed by SCIM names attributes of SCIM where others name columns."""
        for path, key in feed.columns().items():
            if not scim_path(path):
                raise self.refuse(key, f'"{path}" is no attribute that is taken.{closest(path, EVERY)}')
        return pushed_feed(feed)

    def _known(self, table: Mapping[str, Any]) -> None:
        for name, content in table.items():
            if name not in TABLES:
                raise self.refuse(f"[{name}]", f"there is no such table.{closest(name, TABLES)}")
            if not isinstance(content, dict):
                raise self.refuse(name, f"this is a table: write [{name}] on a line of its own.")
            for key in content:
                if key not in TABLES[name]:
                    raise self.refuse(f"{name}.{key}", f"there is no such key.{closest(key, TABLES[name])}")

    def _complete(self, feed: Feed) -> None:
        if not feed.key:
            raise self.refuse("identity.key", "say which columns together tell one person from another.")
        if "full_name" not in feed.person and not {"family_name", "given_name"} <= feed.person.keys():
            raise self.refuse("person", "give full_name, or family_name and given_name.")
        if "title" not in feed.post:
            raise self.refuse("post.title", "say which column holds the post's title.")
        if not {"name", "code"} & feed.organisation.keys():
            raise self.refuse("organisation", "give the organisation's name or code (a column, or a value).")
        if "kind" in feed.post:
            self._kinds(feed.post["kind"])
        self._allowed(feed)

    def _kinds(self, column: Column) -> None:
        """Check the words that the mapping itself says of how a post is held."""
        mapped = [("map", word) for word in (column.map or {}).values()]
        for key, word in (("value", column.value), ("default", column.default), *mapped):
            if word and fold(word) not in KINDS:
                near = closest(word, KINDS) or f" Use one of: {', '.join(KINDS)}."
                raise self.refuse(f"post.kind.{key}", f'"{shown(word)}" is no way to hold a post.{near}')

    def _allowed(self, feed: Feed) -> None:
        self._file_name(feed.file)
        self._distinct(feed)
        if feed.contact and mail_address(feed.contact).text != feed.contact:
            raise self.refuse("feed.contact", "write one mail address, and nothing else.")
        for column, key in feed.columns().items():
            kind = private_kind(column, only_compared=key == "eligible.column")
            if kind:
                raise self.refuse(
                    key,
                    f'the column "{shown(column)}" looks like private data that the directory never takes: '
                    f"{kind}.",
                )

    def _distinct(self, feed: Feed) -> None:
        """Refuse one column for two values that no one cell can say."""
        for table, one, other in _NEVER_ONE:
            columns: Mapping[str, Column] = getattr(feed, table)
            if one in columns and other in columns and columns[one].column == columns[other].column != "":
                raise self.refuse(f"{table}.{other}", f"the same column is {table}.{one} already.")

    def _file_name(self, pattern: str) -> None:
        if re.search(r"[*?\\]|[{}]", re.sub(r"{.*?}", "", pattern)):
            raise self.refuse("source.file", "it may have {part} and {as_of}, and no other mark for “any”.")
        for placeholder in re.findall(r"{(.*?)}", pattern):
            if placeholder not in ("part", "as_of"):
                raise self.refuse(
                    "source.file", f"{{{shown(placeholder)}}} is not known: use {{part}} and {{as_of}}."
                )
            if pattern.count(f"{{{placeholder}}}") > 1:
                raise self.refuse("source.file", f"{{{placeholder}}} stands there twice.")

    def eligible(self, table: Mapping[str, Any]) -> Eligible:
        nobody = table.get("not_a_person", [""])
        if isinstance(nobody, list):
            nobody = {
                word: KNOWN_WORDS.get(fold(word), f'not a person: "{word}"')
                for word in self.texts({"not_a_person": nobody}, "eligible", "not_a_person")
            }
        words = {fold(word): reason for word, reason in self.words(nobody, "eligible.not_a_person").items()}
        grades = frozenset(fold(each) for each in self.texts(table, "eligible", "any_of"))
        column = self.text(table, "eligible", "column")
        if bool(column) != bool(grades):
            raise self.refuse("eligible", "column and any_of belong together.")
        return Eligible(column=column, any_of=grades, not_a_person={"": BLANK} | words)

    def limits(self, table: Mapping[str, Any]) -> Limits:
        found: dict[str, Any] = {}
        for key, value in table.items():
            if key == "open":
                found[key] = self.flag(table, "guard", key)
            elif key == "floor":
                found[key] = self.number(table, "guard", key)
            elif isinstance(value, str) and re.fullmatch(r"100%|[0-9]{1,2}(\.[0-9]+)?%", value):
                found[key] = float(value[:-1]) / 100
            else:
                raise self.refuse(f"guard.{key}", 'write a percentage, as "5%".')
        return Limits(**found)
