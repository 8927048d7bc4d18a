"""Why a leader was found by their private office: "office: Kim Lowe assists Ada Quill".

Assistants are not listed themselves. The index finds whom they serve; who assists whom is read as the viewer.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from app.finding import Found, Question, words_of
from app.viewer import Viewer
from ldap_schema.offices import Office
from search_index.words import token, tokens

REASON = "office: "  # how the index says that a word stands in the office's name or its assistant's
_OFFICE_OF = re.compile(
    r"(the )?((private )?office (of|for)|((private |diary )?secretary|assistant|ea|pa|ps) (of|to|for)) ",
    re.IGNORECASE,
)


def whom_it_serves(question: Question) -> Question | None:
    """Return the search for "Ada Quill" that "office of Ada Quill" asks for; None if it is no such."""
    begins = _OFFICE_OF.match(question.text)
    rest = question.text[begins.end() :].strip() if begins else ""
    return replace(question, text=rest, words=words_of(rest)) if rest else None


def with_offices(shown: Sequence[Found], question: Question, who: Viewer, *, wanted: bool) -> list[Found]:
    """Say of each who was found by their office who assists whom; of all who have one if that is `wanted`."""
    by_office = {
        one.person.uid for one in shown if wanted or any(why.startswith(REASON) for why in one.matched)
    }
    offices = who.directory.offices.serving_any(by_office) if by_office else {}
    return [_told(one, offices.get(one.person.uid, []), question) for one in shown]


def _told(one: Found, offices: Sequence[Office], question: Question) -> Found:
    fitting = [office for office in offices if _fits(office, question.words)] or list(offices)[:1]
    if not fitting:
        return one
    assists = fitting[0].assistant or fitting[0].name
    name = one.person.display_name or one.person.full_name
    others = tuple(why for why in one.matched if not why.startswith(REASON))
    return replace(one, matched=(f"{REASON}{assists} assists {name}", *others))


def _fits(office: Office, words: Iterable[str]) -> bool:
    said = tokens(f"{office.assistant} {office.name}")
    return any(text.startswith(wanted) for wanted in map(token, words) if wanted for text in said)
