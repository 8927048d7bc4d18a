"""Words for messages: the closest right one, and a sender's own shown so that it can do no harm."""

from collections.abc import Collection

from rapidfuzz import fuzz, process

LONGEST_SHOWN = 60
_MOST_COMPARED = 2_000  # a hostile header of 100,000 columns would cost a second for each word


def closest(word: str, among: Collection[str]) -> str:
    """Give ' Did you mean "…"?' for the nearest known word, or nothing when none is near."""
    folded = {each: each.casefold()[:LONGEST_SHOWN] for each in list(among)[:_MOST_COMPARED]}
    scorer = fuzz.ratio
    found = process.extractOne(word.casefold()[:LONGEST_SHOWN], folded, scorer=scorer, score_cutoff=55)
    return f' Did you mean "{shown(found[2])}"?' if found else ""


def shown(text: str) -> str:
    """Make a stranger's text fit for a sentence on a terminal: one short line without control characters."""
    kept = "".join(letter if letter.isprintable() else " " for letter in text[: LONGEST_SHOWN + 1])
    kept = " ".join(kept.split())
    return kept if len(text) <= LONGEST_SHOWN else f"{kept[:LONGEST_SHOWN]}…"
