"""From a feed's TOML file to a `Feed`, with messages that name file, key and the closest right word."""

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import fields
from hashlib import blake2b
from pathlib import Path
from typing import Any

from rapidfuzz import fuzz, process

from sync.errors import MappingRefused
from sync.mapping import (
    BLANK,
    ELIMINATED,
    NOT_DISCLOSED,
    VACANT,
    Column,
    Eligible,
    Feed,
    Format,
    Limits,
)
from sync.normalise import fold

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
POST = ("title", "role", "region", "kind", "first_day", "last_day")
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
    "feed": ("id", "name", "contact", "kind"),
    "source": ("file",),
    "format": tuple(each.name for each in fields(Format)),
    "identity": ("key", "post_key"),
    "person": PERSON,
    "post": (*POST, "keep_vacant"),
    "organisation": (*ORGANISATION, "create"),
    "office": OFFICE,
    "eligible": ("column", "any_of", "not_a_person"),
    "guard": tuple(each.name for each in fields(Limits)),
}
KNOWN_WORDS = {
    "": BLANK,
    "vacant": VACANT,
    "vacancy": VACANT,
    "n/d": NOT_DISCLOSED,
    "nd": NOT_DISCLOSED,
    "not disclosed": NOT_DISCLOSED,
    "eliminated": ELIMINATED,
}
# The directory has no use for these, so that no mapping can bring them in by mistake.
NEVER_TAKEN = re.compile(
    r"birth|\bdob\b|\bage\b|national.?insurance|\bni.?(no|num|number)\b|\bnino\b|home.?(address|phone|post)|private.?address"
    r"|salar|\bpay\b(?!.?(band|grade|scale))|wage|remunerat|bank|sort.?code|pension|ethnic|religio|disab|gender|\bsex\b|marital|next.?of.?kin|passport",
    re.IGNORECASE,
)


def load_feed(path: Path) -> Feed:
    """Read and check one mapping file; MappingRefused names the file, the key and the closest right word."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise MappingRefused(f"There is no mapping file at {path}: {error.strerror}.") from error
    try:
        table = tomllib.loads(raw.decode())
    except UnicodeDecodeError as error:
        raise MappingRefused(f"{path} is not a TOML file: it is not UTF-8 text.") from error
    except tomllib.TOMLDecodeError as error:
        raise MappingRefused(f"{path} is not a TOML file: {error}.") from error
    return _Reader(path).feed(table, blake2b(raw, digest_size=16).hexdigest())


def closest(word: str, among: Collection[str]) -> str:
    """Give ' Did you mean "…"?' for the nearest known word, or nothing when none is near."""
    folded = {each: each.casefold() for each in among}
    found = process.extractOne(word.casefold(), folded, scorer=fuzz.ratio, score_cutoff=55)
    return f' Did you mean "{found[2]}"?' if found else ""


class _Reader:
    """Holds the path that every message names."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def refuse(self, key: str, sentence: str) -> MappingRefused:
        return MappingRefused(f"{self.path}: {key}: {sentence}")

    def feed(self, table: Mapping[str, Any], digest: str) -> Feed:
        self._known(table)
        head = table.get("feed", {})
        if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,62})", self.text(head, "feed", "id", needed=True)):
            raise self.refuse("feed.id", "it may have small letters, digits and hyphens only.")
        if head.get("kind", "full") != "full":
            raise self.refuse("feed.kind", 'only "full" is understood: every file lists everybody.')
        feed = Feed(
            id=head["id"],
            name=self.text(head, "feed", "name") or head["id"],
            contact=self.text(head, "feed", "contact"),
            file=self.text(table.get("source", {}), "source", "file", needed=True),
            path=str(self.path),
            digest=digest,
            format=self.format(table.get("format", {})),
            key=self.texts(table.get("identity", {}), "identity", "key"),
            post_key=self.texts(table.get("identity", {}), "identity", "post_key"),
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
        return feed

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
        self._allowed(feed)

    def _allowed(self, feed: Feed) -> None:
        for placeholder in re.findall(r"{(.*?)}", feed.file):
            if placeholder not in ("part", "as_of"):
                raise self.refuse(
                    "source.file", f"{{{placeholder}}} is not known: use {{part}} and {{as_of}}."
                )
        for column, key in feed.columns().items():
            if NEVER_TAKEN.search(column):
                raise self.refuse(
                    key, f'the column "{column}" looks like private data that the directory never takes.'
                )

    def text(self, table: Mapping[str, Any], name: str, key: str, needed: bool = False) -> str:
        value = table.get(key, "")
        if not isinstance(value, str):
            raise self.refuse(f"{name}.{key}", "write it as text, in quotation marks.")
        if needed and not value:
            raise self.refuse(f"{name}.{key}", "it is needed and missing.")
        return value

    def texts(self, table: Mapping[str, Any], name: str, key: str) -> tuple[str, ...]:
        value = table.get(key, [])
        value = [value] if isinstance(value, str) else value
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise self.refuse(f"{name}.{key}", 'write it as a list of texts, as ["Staff No"].')
        return tuple(value)

    def flag(self, table: Mapping[str, Any], name: str, key: str) -> bool:
        value = table.get(key, False)
        if not isinstance(value, bool):
            raise self.refuse(f"{name}.{key}", "write true or false, without quotation marks.")
        return value

    def columns(self, table: Mapping[str, Any], name: str, known: tuple[str, ...]) -> dict[str, Column]:
        content = table.get(name, {})
        return {key: self.column(f"{name}.{key}", content[key]) for key in known if key in content}

    def column(self, key: str, value: object) -> Column:
        if isinstance(value, str):
            return Column(column=value)
        if not isinstance(value, dict):
            raise self.refuse(key, 'write a column\'s name, or a table as {column = "…"}.')
        known = tuple(each.name for each in fields(Column))
        for option, content in value.items():
            if option not in known:
                raise self.refuse(f"{key}.{option}", f"there is no such option.{closest(option, known)}")
            if option != "map" and not isinstance(content, str):
                raise self.refuse(f"{key}.{option}", "write it as text, in quotation marks.")
        if bool(value.get("column")) == ("value" in value):
            raise self.refuse(key, "give either column or value.")
        if "map" in value:
            mapped = self.words(value["map"], f"{key}.map")
            value = value | {"map": {fold(word): meaning for word, meaning in mapped.items()}}
        return Column(**value)

    def words(self, value: object, key: str) -> dict[str, str]:
        if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
            raise self.refuse(key, 'write a table of texts, as {"A" = "acting"}.')
        return value

    def format(self, table: Mapping[str, Any]) -> Format:
        for key in ("skip_rows", "footer_rows"):
            if not isinstance(table.get(key, 0), int) or table.get(key, 0) < 0:
                raise self.refuse(f"format.{key}", "write a whole number.")
        for key in ("type", "encoding", "delimiter", "quote", "sheet"):
            self.text(table, "format", key)
        result = Format(**table)
        if result.type not in ("csv", "xlsx"):
            raise self.refuse("format.type", f'"{result.type}" is not read here: use "csv" or "xlsx".')
        if len(result.delimiter) != 1 or len(result.quote) != 1:
            raise self.refuse("format.delimiter", "delimiter and quote are one character each.")
        try:
            "".encode(result.encoding)
        except LookupError:
            known = ("utf-8", "utf-8-sig", "cp1252", "latin-1", "utf-16")
            raise self.refuse(
                "format.encoding", f"not known here.{closest(result.encoding, known)}"
            ) from None
        return result

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
            if key in ("floor", "open"):
                if not isinstance(value, bool if key == "open" else int):
                    raise self.refuse(
                        f"guard.{key}", "write true or false." if key == "open" else "write a number."
                    )
                found[key] = value
            elif isinstance(value, str) and re.fullmatch(r"(100|\d{1,2})(\.\d+)?%", value):
                found[key] = float(value[:-1]) / 100
            else:
                raise self.refuse(f"guard.{key}", 'write a percentage, as "5%".')
        return Limits(**found)
