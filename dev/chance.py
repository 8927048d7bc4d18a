"""Chance that can be repeated, and the one place where the lists of words are read."""

import re
import tomllib
import unicodedata
from pathlib import Path
from random import Random
from typing import Any

DATA = Path(__file__).parent / "data"
# Letters that no decomposition turns into a plain one.
PLAIN_LETTERS = str.maketrans(
    {"ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "đ": "d", "ß": "ss", "æ": "ae", "\u0131": "i"}
)


def stream(seed: int, purpose: str) -> Random:
    """Give each purpose a stream of chance of its own, so that a change to one leaves the others alone."""
    return Random(f"{seed}/{purpose}")  # noqa: S311 - invented people need repeatable chance, not secrecy


def words(name: str) -> dict[str, Any]:
    """Read one list of words from dev/data."""
    return tomllib.loads((DATA / f"{name}.toml").read_text(encoding="utf-8"))


def plain(text: str) -> str:
    """Give text without marks on its letters, in small letters: as a mail system writes a name."""
    decomposed = unicodedata.normalize("NFKD", text.translate(PLAIN_LETTERS))
    return decomposed.encode("ascii", "ignore").decode().lower()


def slug(text: str) -> str:
    """Give text as small plain letters, digits and single hyphens."""
    return re.sub("[^a-z0-9]+", "-", plain(text).replace("'", "")).strip("-")
