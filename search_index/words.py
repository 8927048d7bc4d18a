"""Words as the index holds them and as a query asks for them: without case, accents and lookalikes."""

import re
import unicodedata
from functools import lru_cache

# Apostrophes and hyphens that look alike and are typed one for the other.
_LOOKALIKES = str.maketrans(
    dict.fromkeys("\u2018\u2019\u02bc\u02b9\u00b4`\uff07", "'")
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-")
)
# Letters that Unicode does not take apart into a letter and an accent, as others type them.
_TYPED = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "\u0131": "i", "ŋ": "ng"}
    | {"ħ": "h", "ŧ": "t", "ĸ": "k", "&": " and ", "+": " and "}
)
_PIECES = re.compile(r"[^\W_]+")
LONGEST = 100  # characters of one word; longer ones are nobody's name


def fold(text: str) -> str:
    """Compare without case, accents, or the many kinds of apostrophe and hyphen."""
    if text.isascii():
        return text.translate(_LOOKALIKES).casefold() if "`" in text else text.casefold()
    split = unicodedata.normalize("NFKD", text.translate(_LOOKALIKES))
    return "".join(letter for letter in split if not unicodedata.combining(letter)).casefold()


# For names and titles, which come again with each search; what somebody typed is not to stay in memory.
folded = lru_cache(maxsize=8192)(fold)


def tokens(text: str) -> list[str]:
    """Return the words of a text in its order: "Okonjo-Reed" is okonjo, reed and okonjoreed."""
    found = []
    for pieces in _split(text):
        found += pieces
        if len(pieces) > 1:
            found.append("".join(pieces)[:LONGEST])
    return found


def spaced(text: str) -> str:
    """Return the words of a text without the joined forms: "Vice-Chancellor" is "vice chancellor".

    An "s" that an apostrophe parts from its word stays with it, as most people type it: "children's" is
    "childrens".
    """
    found: list[str] = []
    for pieces in _split(text):
        for piece in pieces:
            if piece == "s" and found and len(pieces) > 1:
                found[-1] += "s"
            else:
                found.append(piece)
    return " ".join(found)


def token(word: str) -> str:
    """Return one word of a query as one token: "O'Neill" is oneill; nothing if there is no letter in it."""
    return "".join(_PIECES.findall(fold(word).translate(_TYPED)))[:LONGEST]


def _split(text: str) -> list[list[str]]:
    words = fold(text).translate(_TYPED).split()
    return [pieces for word in words if (pieces := [each[:LONGEST] for each in _PIECES.findall(word)])]
