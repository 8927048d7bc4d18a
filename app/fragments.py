"""Pieces of telephone numbers and mail addresses: "0207 946", "7946 0958", "j.quill@", "@kent.police".

The search index holds no contact detail. What looks like a piece of one in a query is asked of the directory,
as the viewer.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from app import finding
from app.cohort_list import cohort_list
from app.finding import Found, Question
from app.viewer import Viewer
from ldap_schema.contacts import MAILS, SHORTEST, TELEPHONES, Piece
from ldap_schema.errors import DirectoryRefused
from ldap_schema.people import Person
from search_index.words import fold

MOST = 200  # people one piece finds; more is no piece of one person's number
LONGEST_NUMBER = 15  # digits (E.164)
_NUMBER = re.compile(r"(?<![\w@.])(?:tel:)?[+(]{0,2}\d[\d\s().\-/]*\d(?![\w@])")
_ADDRESS = re.compile(r"(?:mailto:)?[!-~]*@[!-~]*")
_WORD = re.compile(r"[A-Za-z0-9-]{4,64}")
_LOCAL_PART = re.compile(r"[a-z0-9-]+(?:[._][a-z0-9-]+)+", re.IGNORECASE)


def fragment_of(text: str) -> tuple[Piece, str] | None:
    """Return the piece of a number or address in a query, and the rest of it; None if there is none."""
    plain = unicodedata.normalize("NFKC", text)
    for word in plain.split():
        if (_ADDRESS.fullmatch(word) or _LOCAL_PART.fullmatch(word)) and (piece := _mail(word)):
            return piece, plain.replace(word, " ", 1)
    for found in _NUMBER.finditer(plain):
        if piece := _number(found.group()):
            return piece, plain[: found.start()] + " " + plain[found.end() :]
    return None


def reached(question: Question, who: Viewer) -> list[Found]:
    """Return whom the piece in a query belongs to, with where it was found; nobody if there is none in it."""
    found = fragment_of(question.text)
    if found is None:
        return []
    return _reached(*found, question, who)


def by_local_part(question: Question, who: Viewer, found: Sequence[Found]) -> list[Found]:
    """Return whose address has the only word of a query in it, where nothing else was found: "jquill"."""
    if found or len(question.words) != 1 or not _WORD.fullmatch(question.text):
        return []
    return _reached(Piece(MAILS, contains=(question.text.casefold(),)), "", question, who)


def _reached(piece: Piece, rest: str, question: Question, who: Viewer) -> list[Found]:
    words = finding.words_of(rest)
    try:
        people = {one.uid: one for one in who.directory.contacts.people(piece, MOST)}
        served = _served(piece, who)
    except DirectoryRefused:  # half the directory has such numbers: that is no piece of one person's
        return []
    people |= {uid: one for uid, one in who.directory.people.listed(set(served) - set(people)).items()}
    judged = (_found(one, piece, served.get(one.uid, ""), words) for one in people.values())
    return sorted((one for one in judged if one and _fits(one, question)), key=_by_name)


def _served(piece: Piece, who: Viewer) -> dict[str, str]:
    """Return uid -> why, of those whose private office has such a number or address."""
    why = {}
    for office in who.directory.contacts.offices(piece, MOST):
        values = office.mail if piece.attributes == MAILS else office.telephone
        for uid in office.serves:
            why[uid] = next((_reason("private office", one, piece) for one in values if piece.is_in(one)), "")
    return why


def _found(person: Person, piece: Piece, served: str, words: Iterable[str]) -> Found | None:
    """Say where the piece is; None for somebody in whom not all other words of the query are."""
    if piece.attributes == MAILS:
        named = [("mail", value) for value in person.mail]
    else:
        named = [("office line", value) for value in person.telephone]
        named += [("mobile", value) for value in person.mobile]
    reasons = [_reason(name, value, piece) for name, value in named if piece.is_in(value)]
    also = finding.judge(person, tuple(words))
    texts = fold(" ".join((person.full_name, person.display_name, person.title, person.organisation_name)))
    if not all(fold(word) in texts for word in words):
        return None
    return Found(person, (*reasons, *filter(None, [served]), *also.matched), also.score, also.role)


def _reason(name: str, value: str, piece: Piece) -> str:
    return f"{name}: {value}" if piece.attributes == MAILS else f"{name}: …{value.replace(' ', '')[-3:]}"


def _fits(one: Found, question: Question) -> bool:
    traits = one.traits
    return all(
        wanted in ("", value)
        for wanted, value in (
            (question.sector, traits.sector),
            (question.region, traits.region),
            (question.role, traits.role),
            (question.organisation, traits.organisation_id),
        )
    ) and (not question.cohort or one.person.uid in cohort_list().members.get(question.cohort, ()))


def _by_name(one: Found) -> tuple[str, str]:
    return fold(one.person.family_name), fold(one.person.given_name)


def _mail(word: str) -> Piece | None:
    """Return the piece of an address, which may be anywhere in it."""
    word = word.removeprefix("mailto:").strip("<>,;").casefold()
    if len(word.replace("@", "")) < SHORTEST - 1 or not word.isascii():
        return None
    return Piece(MAILS, contains=(word,))


def _number(text: str) -> Piece | None:
    """Return the piece of a number. It is kept as "+44 20 7946 0000", and typed in four ways: so, with 0044,
    with a 0 before the area, or as its last digits alone, which may begin with 0 or 00 as well."""
    typed = text.strip().removeprefix("tel:").replace("(0)", "")
    digits = "".join(letter for letter in typed if letter in "0123456789")
    if not SHORTEST <= len(digits) <= LONGEST_NUMBER:
        return None
    if typed.startswith(("+", "(+")):
        return Piece(TELEPHONES, begins=_with_code(digits))
    begins: tuple[str, ...] = ()
    if digits.startswith("00") and len(digits) > SHORTEST + 1:
        begins = _with_code(digits[2:])
    elif digits.startswith("0"):
        begins = _with_code("44" + digits[1:])
    return Piece(TELEPHONES, begins=begins, contains=(digits,))


def _with_code(digits: str) -> tuple[str, ...]:
    """Return how a number with its country's code may be kept; one of this country also without it."""
    return (f"+{digits}", f"0{digits[2:]}") if digits.startswith("44") else (f"+{digits}",)
