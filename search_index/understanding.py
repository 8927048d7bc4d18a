"""What somebody typed, taken apart: words and phrases, and which of them must fit. Pure.

"please find the CC of north-east, Liz"  ->  CC (role), north east (region), Liz; the rest says nothing
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from search_index.vocabulary import Kind, Phrase, vocabulary
from search_index.words import LONGEST, fold, spaced

LONGEST_QUERY = 200  # characters; nobody's name, post and organisation together are longer
MOST_UNITS = 10  # more make work without finding anybody else
MOST_WORDS = 40  # folded ones: a single letter of another script may stand for four words
_PARTS = re.compile(r"[\s,;:/|()\[\]<>\"\u201c\u201d?!*]+")
_OPTIONAL = frozenset({Kind.ADDRESS, Kind.HEAD, Kind.FORMER, Kind.CHATTER})
_EX = re.compile(r"\bex-(?=\w)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Unit:
    """One word, or some that go together. "O'Neill" has two words, which may be joined."""

    text: str  # as it was typed
    words: tuple[str, ...]
    phrases: tuple[Phrase, ...] = ()
    required: bool = True

    @property
    def joined(self) -> str:
        """The words as one."""
        return "".join(self.words)[:LONGEST]

    def kinds(self, kind: Kind) -> Iterator[Phrase]:
        """Give the readings of one kind."""
        return (phrase for phrase in self.phrases if phrase.kind is kind)


@dataclass(frozen=True, slots=True)
class _Piece:
    """One folded word and the typed word it comes from."""

    word: str
    text: str
    group: int


def understand(text: str) -> tuple[Unit, ...]:
    """Take a query apart; nothing comes of a text without letters and digits."""
    units = list(_units(_pieces(clean(text))))[: MOST_UNITS * 2]
    units = _promoted(units)
    return tuple([one for one in units if one.required][:MOST_UNITS]) + tuple(
        [one for one in units if not one.required][:MOST_UNITS]
    )


def clean(text: str) -> str:
    """Keep what a person could have meant: one line of printable characters, of bounded length."""
    letters = "".join(letter if letter.isprintable() else " " for letter in text[: LONGEST_QUERY * 2])
    return " ".join(letters.split())[:LONGEST_QUERY]


def _pieces(text: str) -> list[_Piece]:
    """Split a text into words; "permsec" and "v.c." become the phrases they are."""
    known, found = vocabulary(), list[_Piece]()
    for group, typed in enumerate(_PARTS.split(_EX.sub("ex ", text))):
        words = spaced(typed).split()
        joined = "".join(words)
        if len(words) > 1 and joined in known.phrases and "-" not in typed and "&" not in typed:
            words = [joined]
        elif joined in known.joined:
            words = known.joined[joined].split()
        found += [_Piece(word, typed, group) for word in words]
    return found[:MOST_WORDS]


def _units(pieces: Sequence[_Piece]) -> Iterator[Unit]:
    """Give phrases, the longest that fits first, and what is left as words."""
    known, at, rest = vocabulary(), 0, list[_Piece]()
    while at < len(pieces):
        for size in range(min(known.longest, len(pieces) - at), 0, -1):
            words = tuple(piece.word for piece in pieces[at : at + size])
            phrases = known.phrases.get(" ".join(words), ())
            if phrases and not _splits_a_name(pieces, at, size):
                yield from _as_words(rest)
                rest = []
                typed = dict.fromkeys((piece.group, piece.text) for piece in pieces[at : at + size])
                yield Unit(
                    " ".join(text for _, text in typed), words, phrases, required=not _may_be_left(phrases)
                )
                at += size
                break
        else:
            rest.append(pieces[at])
            at += 1
    yield from _as_words(rest)


def _splits_a_name(pieces: Sequence[_Piece], at: int, size: int) -> bool:
    """Whether the phrase is only a part of a word with an apostrophe or a hyphen: "North-Smith" is a name."""
    first, last = pieces[at], pieces[at + size - 1]
    before = at > 0 and pieces[at - 1].group == first.group
    after = at + size < len(pieces) and pieces[at + size].group == last.group
    return (before or after) and "@" not in first.text


def _may_be_left(phrases: Sequence[Phrase]) -> bool:
    return all(phrase.kind in _OPTIONAL for phrase in phrases)


def _as_words(pieces: Sequence[_Piece]) -> Iterator[Unit]:
    groups: dict[int, list[_Piece]] = {}
    for piece in pieces:
        groups.setdefault(piece.group, []).append(piece)
    for group in groups.values():
        if "@" in group[0].text:  # an address: its parts may be names and organisations
            yield from (Unit(piece.word, (piece.word,)) for piece in group)
        else:
            yield Unit(group[0].text, tuple(piece.word for piece in group))


def _promoted(units: list[Unit]) -> list[Unit]:
    """Where nothing else was typed, what otherwise only adds weight is what is looked for."""
    if any(unit.required for unit in units):
        return units
    for kind in (Kind.ADDRESS, Kind.HEAD, Kind.FORMER, Kind.CHATTER):
        if any(True for unit in units for _ in unit.kinds(kind)):
            return [replace(unit, required=bool(list(unit.kinds(kind)))) for unit in units]
    return units


def typed_words(text: str) -> list[str]:
    """Return the words of a text as they were typed, for whoever looks for them elsewhere."""
    return [word for word in _PARTS.split(clean(text)) if any(map(str.isalnum, fold(word)))]
