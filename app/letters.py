"""Lists from A to Z: what begins with which letter, accents aside."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from search_index.words import fold, token

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
OTHER = "#"  # what begins with no letter of these
T = TypeVar("T")


def letter_of(name: str) -> str:
    """Return the letter under which a name is listed: Élise is under E, 2gether under #."""
    first = token(name)[:1].upper()
    return first if first and first in LETTERS else OTHER


def by_letter(things: Iterable[T], name_of: Callable[[T], str]) -> Mapping[str, Sequence[T]]:
    """Return letter -> what is listed under it, all in order."""
    listed: dict[str, list[T]] = {}
    for one in sorted(things, key=lambda one: fold(name_of(one))):
        listed.setdefault(letter_of(name_of(one)), []).append(one)
    return dict(sorted(listed.items()))


def beginnings(letter: str) -> list[str]:
    """Return the ways in which a name under that letter may be written in its first character."""
    latin = map(chr, range(0xC0, 0x17F))  # Latin-1 and Latin Extended-A, of which names here are written
    return [letter, *(one for one in latin if one.isupper() and letter_of(one) == letter)]
