"""What people call things, from `vocabulary.toml`: roles, regions, ranks, short forms, first names.

Everything here is folded tokens joined by spaces, so that "Vice-Chancellor" is "vice chancellor".
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib.resources import files
from itertools import chain
from typing import Any

from search_index.words import spaced


class Kind(Enum):
    """What a phrase in a query is."""

    ROLE = "role"
    REGION = "region"
    ADDRESS = "address"  # forms of address, ranks, honours
    HEAD = "head"  # "boss of": whoever leads
    FORMER = "former"  # asks for who held a post before
    CHATTER = "chatter"  # says nothing about who is meant


@dataclass(frozen=True, slots=True)
class Phrase:
    """What one phrase stands for: names of roles or regions, or other forms of itself."""

    kind: Kind
    means: tuple[str, ...] = ()
    within: bool = False  # of a region: the phrase is a part of it, such as a county
    titled: bool = False  # of a role: the phrase stands so in titles


@dataclass(frozen=True)
class Vocabulary:
    """All phrases by their text, and what single words go with."""

    phrases: Mapping[str, tuple[Phrase, ...]]
    titles: Mapping[
        str, str
    ]  # words of a title -> role, "deputy chief constable" -> "Deputy chief constable"
    joined: Mapping[str, str]  # a phrase without its spaces -> the phrase
    short: Mapping[str, frozenset[str]]  # word -> short and long forms
    names: Mapping[str, frozenset[str]]  # first name -> others of one group
    said: Mapping[str, frozenset[str]]  # a name as it sounds -> as it is written
    heads: frozenset[str]  # roles of whoever leads
    longest: int  # words of the longest phrase

    def roles_of(self, title: Sequence[str]) -> list[str]:
        """Return the roles that the words of a title name, in its order; the longest that fits decides."""
        found, at = list[str](), 0
        while at < len(title):
            for size in range(min(self.longest, len(title) - at), 0, -1):
                if role := self.titles.get(" ".join(title[at : at + size])):
                    found.append(role)
                    at += size - 1
                    break
            at += 1
        return list(dict.fromkeys(found))


@cache
def vocabulary() -> Vocabulary:
    """Return the vocabulary; it is read once."""
    text = (files("search_index") / "vocabulary.toml").read_text(encoding="utf-8")
    return make(tomllib.loads(text))


def make(said: Mapping[str, Any]) -> Vocabulary:
    """Make a vocabulary of what the file says."""
    phrases = _phrases(said)
    titles = {spaced(title): role["name"] for role in said["roles"] for title in role["titles"]}
    joined = {
        phrase.replace(" ", ""): phrase
        for phrase, found in phrases.items()
        if " " in phrase and any(one.kind in (Kind.ROLE, Kind.REGION) for one in found)
    }
    return Vocabulary(
        phrases=phrases,
        titles=titles,
        joined={text: phrase for text, phrase in joined.items() if text not in phrases},
        short=_both_ways((word, others) for word, others in said["short"].items()),
        names=_groups(said["names"]["groups"]),
        said=_both_ways((spaced(name).replace(" ", ""), others) for name, others in said["said"].items()),
        heads=frozenset(said["heads"]),
        longest=max(len(phrase.split()) for phrase in phrases),
    )


def _phrases(said: Mapping[str, Any]) -> dict[str, tuple[Phrase, ...]]:
    found: dict[str, list[Phrase]] = {}
    for text, phrase in chain(_roles(said["roles"]), _regions(said["regions"]), _others(said)):
        if folded := spaced(text):
            found.setdefault(folded, []).append(phrase)
    return {text: tuple(phrases) for text, phrases in found.items()}


def _roles(roles: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, Phrase]]:
    for role in roles:
        means = (role["name"],)
        yield from ((title, Phrase(Kind.ROLE, means, titled=True)) for title in role["titles"])
        yield from ((text, Phrase(Kind.ROLE, means)) for text in role["also"])


def _regions(regions: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, Phrase]]:
    for region in regions:
        means = (region["name"],)
        yield from ((text, Phrase(Kind.REGION, means)) for text in (region["name"], *region["also"]))
        yield from ((text, Phrase(Kind.REGION, means, within=True)) for text in region["within"])


def _others(said: Mapping[str, Any]) -> Iterator[tuple[str, Phrase]]:
    also = said["address_also"]
    yield from ((text, Phrase(Kind.ADDRESS, tuple(also.get(text, ())))) for text in said["address"])
    yield from ((text, Phrase(Kind.HEAD, tuple(said["heads"]))) for text in said["head"])
    yield from ((text, Phrase(Kind.FORMER)) for text in said["former"])
    yield from ((text, Phrase(Kind.CHATTER)) for text in (*said["chatter"], *said["office"]))


def _groups(groups: Iterable[Iterable[str]]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for group in groups:
        for name in group:
            found.setdefault(name, set()).update(group)
    return {name: frozenset(others - {name}) for name, others in found.items()}


def _both_ways(pairs: Iterable[tuple[str, Iterable[str]]]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for word, others in pairs:
        for other in others:
            found.setdefault(word, set()).add(other)
            found.setdefault(other, set()).add(word)
    return {word: frozenset(others) for word, others in found.items()}
