"""Questions that rows raise, and what named people answered: who somebody is, in one sender's file.

Both are kept in the directory with what it remembers of the feed's part (`FeedPart.answers`), a text each, so
that whoever is asked about can be spared meanwhile and the next plan of any machine knows the answer.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from sync.normalise import fold
from sync.rows import Candidate

NEW = "new"  # instead of a uid: somebody whom the directory does not have
MOST_QUESTIONS = 500  # kept at once; a file that raises more is a file to be mended


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Who is the person under this key? `who` is the answer: a uid, NEW, or nothing yet."""

    key: str
    name: str  # as the row has it; the answer is about a person of this name under this key
    who: str = ""
    asked: str = ""
    mend: str = ""
    line: int = 0
    likely: tuple[str, ...] = ()  # uids, the likeliest first: a suggestion and no more

    def is_about(self, row: Candidate) -> bool:
        """Tell whether the row still means the person who was asked about."""
        return row.key == self.key and fold(row.name.full) == fold(self.name)


def read_questions(texts: Iterable[str]) -> list[Question]:
    """Read what is kept; a text that is none of ours says nothing."""
    found = []
    for text in texts:
        try:
            found.append(msgspec.json.decode(text, type=Question))
        except msgspec.MsgspecError:
            continue
    return sorted(found, key=lambda each: (each.line, each.key, each.name))


def write_questions(questions: Iterable[Question]) -> tuple[str, ...]:
    """Write them as they are kept: every answer, and the first open questions."""
    listed = sorted(questions, key=lambda each: (each.line, each.key, each.name))
    answered = [each for each in listed if each.who]
    waiting = [each for each in listed if not each.who][:MOST_QUESTIONS]
    return tuple(sorted(msgspec.json.encode(each).decode() for each in answered + waiting))


def answers_of(questions: Iterable[Question]) -> dict[str, Question]:
    """Map keys to what a named person said of them."""
    return {each.key: each for each in questions if each.who}
