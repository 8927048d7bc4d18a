"""Words as the index holds them and as a query asks for them: without case, accents and lookalikes."""

import re
import unicodedata
from functools import lru_cache

# Apostrophes and hyphens that look alike and are typed one for the other.
_LOOKALIKES = str.maketrans(
    dict.fromkeys("\u2018\u2019\u02bc", "'") | dict.fromkeys("\u2010\u2011\u2012\u2013", "-")
)
# Letters that Unicode does not take apart into a letter and an accent, as others type them.
_TYPED = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "\u0131": "i"}
)
_PIECES = re.compile(r"[^\W_]+")
LONGEST = 100  # characters of one word; longer ones are nobody's name


def fold(text: str) -> str:
    """Compare without case, accents, or the many kinds of apostrophe and hyphen."""
    split = unicodedata.normalize("NFKD", text.translate(_LOOKALIKES))
    return "".join(letter for letter in split if not unicodedata.combining(letter)).casefold()


# For names and titles, which come again with each search; what somebody typed is not to stay in memory.
folded = lru_cache(maxsize=8192)(fold)


def tokens(text: str) -> list[str]:
    """Return the words of a text in its order: "Okonjo-Reed" is okonjo, reed and okonjoreed."""
    found = []
    for word in fold(text).translate(_TYPED).split():
        pieces = [piece[:LONGEST] for piece in _PIECES.findall(word)]
        found += pieces
        if len(pieces) > 1:
            found.append("".join(pieces)[:LONGEST])
    return found


def token(word: str) -> str:
    """Return one word of a query as one token: "O'Neill" is oneill; nothing if there is no letter in it."""
    return "".join(_PIECES.findall(fold(word).translate(_TYPED)))[:LONGEST]
