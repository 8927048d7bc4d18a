"""Other forms of a word: nicknames, other spellings, how it sounds. Pure; single folded words in and out."""

from functools import cache, lru_cache

import jellyfish
from nicknames import NickNamer

from search_index.vocabulary import vocabulary
from search_index.words import token

SHORTEST_TYPO, SHORTEST_TWO = 3, 7  # letters of a word in which one slip is looked for, and two
LONGEST_TYPO = 30  # longer ones are nobody's name, and dear to compare
SHORTEST_SOUND = 3
MOST_REMEMBERED = 50_000  # words as they are indexed; what is typed passes through as well


@cache
def _namer() -> NickNamer:
    return NickNamer()


@lru_cache(maxsize=2000)
def other_forms(name: str) -> frozenset[str]:
    """Return the names that somebody called so may go by: "liz" is elizabeth, "elizabeth" is liz."""
    namer = _namer()
    listed = {token(form) for form in namer.nicknames_of(name) | namer.canonicals_of(name)}
    return (vocabulary().names.get(name, frozenset()) | listed) - {name, ""}


def spellings(word: str) -> frozenset[str]:
    """Return other ways to write the same: macdonald and mcdonald, dept and department, st and saint."""
    found = set(vocabulary().short.get(word, ()))
    if word.startswith("mac") and len(word) > 5:
        found.add("mc" + word[3:])
    elif word.startswith("mc") and len(word) > 4:
        found.add("mac" + word[2:])
    for prefix, other in (("saint", "st"), ("st", "saint")):
        if word.startswith(prefix) and len(word) > len(prefix) + 2:
            found.add(other + word[len(prefix) :])
    return frozenset(found - {word})


@lru_cache(maxsize=MOST_REMEMBERED)
def sound(word: str) -> str:
    """Return how a word sounds, as metaphone writes it; empty for what is too short or not Latin to tell."""
    if len(word) < SHORTEST_SOUND or not word.isascii() or not word.isalpha():
        return ""
    code: str = jellyfish.metaphone(word)
    return code if len(code) > 1 else ""


def sounds(word: str) -> frozenset[str]:
    """Return the sounds under which a name may be kept, for names said otherwise than written as well."""
    written = (word, *vocabulary().said.get(word, ()))
    return frozenset(code for name in written if (code := sound(name)))


def slips(word: str) -> int:
    """Return how many slips of the fingers are forgiven in a word of that length."""
    if not SHORTEST_TYPO <= len(word) <= LONGEST_TYPO:
        return 0
    return 1 if len(word) < SHORTEST_TWO else 2


def initials(name: list[str]) -> set[str]:
    """Return the acronyms that the words of an organisation's name make, with and without the little ones."""
    little = {"and", "for", "of", "the", "in", "on", "at", "to", "a"}
    telling = [word for word in name if word not in little]
    if len(telling) < 2:
        return set()
    made = {"".join(word[0] for word in telling), "".join(word[0] for word in name)}
    made.add("".join(word[0] for word in name if word not in little - {"and"}))
    return {one for one in made if len(one) > 1}
