"""A full name as one cell, taken apart without guessing more than its form says."""

import re
from dataclasses import dataclass, replace

from sync.normalise import Value, fold, words

# Longest first, so that "vice admiral" is not read as the given name Vice.
HONORIFICS = (
    "the rt hon the lord",
    "the rt hon the baroness",
    "the right honourable",
    "the right hon",
    "the rt hon sir",
    "the rt hon dame",
    "the rt hon",
    "rt hon",
    "right hon",
    "the hon",
    "air chief marshal",
    "air vice marshal",
    "air vice-marshal",
    "air marshal",
    "vice admiral",
    "rear admiral",
    "lieutenant general",
    "lieutenant-general",
    "major general",
    "major-general",
    "lt gen",
    "maj gen",
    "admiral",
    "general",
    "brigadier",
    "professor sir",
    "professor dame",
    "professor",
    "prof sir",
    "prof dame",
    "prof",
    "dr",
    "sir",
    "dame",
    "lord",
    "lady",
    "baroness",
    "baron",
    "mr",
    "mrs",
    "ms",
    "miss",
    "mx",
    "rev",
    "revd",
    "the rev",
    "the revd",
    "the very revd",
    "the rt revd",
    "canon",
    "commodore",
    "air commodore",
    "colonel",
    "lt col",
    "captain",
    "capt",
    "maj",
    "major",
    "group captain",
    "viscount",
    "earl",
    "ambassador",
    "the",
)
_BY_FIRST_WORD: dict[str, list[str]] = {}
for _each in sorted(HONORIFICS, key=len, reverse=True):
    _BY_FIRST_WORD.setdefault(_each.split()[0], []).append(_each)
PEERS = ("lord", "baroness", "baron", "viscount", "earl", "lady")
SUFFIXES = frozenset(("jr", "jnr", "sr", "snr", "ii", "iii", "iv"))
# Words in a name's cell that say that nobody holds the post, whatever else stands there.
_NOBODY = re.compile(
    r"\b(vacan(t|cy)|unfilled|to be (confirmed|appointed|recruited|advised)|recruit(ing|ment)|"
    r"no post ?holder|post deleted|awaiting appointment)\b",
    re.IGNORECASE,
)
_TWO_PEOPLE = re.compile(r"[/;+&|]|\s(and|or)\s", re.IGNORECASE)
_IN_BRACKETS = re.compile(r"\s*[(]([^()]*)[)]\s*")
_CALLED = re.compile(r"\s+[\"\u201c\u2018\']([^\"\u201d\u2019\']+)[\"\u201d\u2019\']\s+")
_LETTER = re.compile(r"[^\W\d_]")
# Marks that no name has: left by a wrong encoding ("D?sir?e"), a template or a program.
_NO_NAME = re.compile(
    r"[<>{}\xab\xbb\u201a\u201e\u2020\u2021\u2030\xa4\xa6\xa7\xac\xb6\xbf\xd7\xf7]|\w\?|\?\w|\[obj"
)
MOST_DIGITS = 2  # "Ada Quill 2" is how a system tells two people apart; more is a number or a day

HONOURS = frozenset(
    "bt kg kt lg lt gcb kcb dcb cb gcmg kcmg dcmg cmg gcvo kcvo dcvo cvo lvo mvo gbe kbe dbe cbe obe "
    "mbe ch om iso dso "
    "dsc mc dfc afc qpm kpm qam kam qfsm kfsm qso vr td dl jp kc qc fba frs freng frcp frcs fmedsci "
    "phd mp msp ms mba "
    "frcn frsa fcipd fcca cpfa qgm qvrm gm gc vc qcvs kstj cstj ostj mstj pc dphil frcgp frcpath ceng fiet "
    "fice fcmi lld dlitt frse mrics frics facs adc".split()
)
NOT_BLANK = frozenset(("Null", "Na", "X"))  # names, though programs write such words where nothing is
PARTICLES = frozenset(
    "van von de der den del della di da dos du la le lo st ter ten of ap ab ni ní nic o ó mac an".split()
)


@dataclass(frozen=True, slots=True)
class Name:
    """The parts of a name; `full` is what others read, without honorific and honours."""

    family: str
    given: str = ""
    honorific: str = ""
    honours: str = ""
    known_as: str = ""  # the given name they go by

    @property
    def full(self) -> str:
        """The common name, as "Ada Quill"."""
        return f"{self.given} {self.family}".strip()

    @property
    def display(self) -> str:
        """The name as it is used, with what goes before and after it: "Dame Liz Quill DBE"."""
        used = (self.honorific, self.known_as or self.given, self.family, self.honours)
        return " ".join(part for part in used if part)


def names_nobody(text: str) -> bool:
    """Tell whether a name's cell says that the post is vacant, in words that are nobody's name."""
    return bool(_NOBODY.search(text))


def person_words(raw: str) -> Value:
    """Check a cell with one person's name, or a part of it; what can't be one person's name is refused."""
    value = words(raw, name=True)
    if value.refused or not value.text:
        return value
    if "@" in value.text:
        return Value("", "it is a mail address", refused=True)
    if _TWO_PEOPLE.search(value.text):
        return Value("", "it names two people; each needs a row", refused=True)
    if not _LETTER.search(value.text):
        return Value("", "it has no letters", refused=True)
    if _NO_NAME.search(value.text) or sum(map(str.isdigit, value.text)) > MOST_DIGITS:
        return Value("", "it has marks or digits that no name has", refused=True)
    return value


def split_name(text: str) -> Name:
    """Read "Dame Ada Quill DBE", "QUILL, Ada [Dr]", "Quill,Ada" or "Ada (Addie) Quill"; the family name keeps
    its particles.
    """
    honorific = ""
    if text.endswith("]") and "[" in text:
        text, _, honorific = text[:-1].rpartition("[")
    text, known_as = _called(text)
    found = _split(text)
    return replace(found, honorific=honorific.strip() or found.honorific, known_as=known_as)


def _called(text: str) -> tuple[str, str]:
    """Take out the name somebody goes by; a remark in brackets at the end is nobody's name."""
    for pattern in (_IN_BRACKETS, _CALLED):
        if found := pattern.search(text):
            rest = f"{text[: found.start()]} {text[found.end() :]}".strip()
            inside = found.end() < len(text) and found.start() > 0
            return rest, found.group(1).strip() if inside else ""
    return text, ""


def _split(text: str) -> Name:
    pieces = [part.strip() for part in text.split(",")]
    if len(pieces) == 3 and _take_honorific(f"{pieces[2]} X")[1] == "X":
        return replace(_split(f"{pieces[0]}, {pieces[1]}"), honorific=pieces[2])
    if len(pieces) == 2 and all(pieces) and not _honours(pieces[1].split()):
        before, given = _take_honorific(pieces[1])
        given_words, after = _take_honours(given.split())
        return Name(pieces[0], " ".join(given_words), before, after)
    before, rest = _take_honorific(" ".join(text.replace(",", " ").split()))
    parts, after = _take_honours(rest.split())
    if len(parts) < 2 or (_is_peer(before) and "of" in parts[1:2]):  # "Baroness Quill of Rivers"
        return Name(" ".join(parts), "", before, after)
    start = len(parts) - 1
    if start > 1 and parts[start].strip(".").casefold() in SUFFIXES:
        start -= 1
    while start > 1 and fold(parts[start - 1]) in PARTICLES:
        start -= 1
    return Name(" ".join(parts[start:]), " ".join(parts[:start]), before, after)


def _is_peer(honorific: str) -> bool:
    return bool(honorific) and honorific.split()[-1].casefold() in PEERS


def _take_honours(parts: list[str]) -> tuple[list[str], str]:
    after: list[str] = []
    while len(parts) > 1 and _honours(parts[-1:]):
        after.insert(0, parts.pop())
    return parts, " ".join(after)


def _take_honorific(text: str) -> tuple[str, str]:
    folded = text.casefold().replace(".", "")
    for honorific in _BY_FIRST_WORD.get(folded.partition(" ")[0], ()):
        if folded.startswith(honorific + " "):
            length = len(honorific.split())
            parts = text.split()
            more, rest = _take_honorific(" ".join(parts[length:]))
            return " ".join(filter(None, (*parts[:length], more))), rest
    return "", text


def _honours(words: list[str]) -> bool:
    """Tell whether all words are post-nominal letters; they are written in capitals (or PhD), names are
    not.
    """
    return bool(words) and all(
        word.strip(".").casefold() in HONOURS
        and (word.isupper() or word in ("PhD", "FREng", "FMedSci", "KStJ"))
        for word in words
    )


def same_person(one: Name, other: Name) -> bool:
    """Tell whether two names under one staff number can be one person: given or family name is still the
    same, also when somebody becomes a peer ("Baroness Quill of Rivers" was Ada Quill).
    """
    family, given = _surname(one) == _surname(other), _first(one) == _first(other)
    return family or (given and bool(_first(one)))


def _surname(name: Name) -> str:
    family = fold(name.family)
    return family if name.given else family.partition(" of ")[0]


def _first(name: Name) -> str:
    return fold(name.given.split()[0]) if name.given else ""
