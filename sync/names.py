"""A full name as one cell, taken apart without guessing more than its form says."""

from dataclasses import dataclass

from sync.normalise import fold

# Longest first, so that "vice admiral" is not read as the given name Vice.
HONORIFICS = (
    "the rt hon the lord",
    "the rt hon sir",
    "the rt hon dame",
    "the rt hon",
    "rt hon",
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
    "the",
)
HONOURS = frozenset(
    "bt kg kt lg lt gcb kcb dcb cb gcmg kcmg dcmg cmg gcvo kcvo dcvo cvo lvo mvo gbe kbe dbe cbe obe "
    "mbe ch om iso dso "
    "dsc mc dfc afc qpm kpm qam kam qfsm kfsm qso vr td dl jp kc qc fba frs freng frcp frcs fmedsci "
    "phd mp msp ms mba "
    "frcn frsa fcipd fcca cpfa".split()
)
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


def split_name(text: str) -> Name:
    """Read "Dame Ada Quill DBE", "QUILL, Ada [Dr]" or "Quill,Ada"; the family name keeps its particles."""
    honorific = ""
    if text.endswith("]") and "[" in text:
        text, _, honorific = text[:-1].rpartition("[")
    if text.count(",") == 1 and not _honours(text.split(",")[1].split()):
        family, given = (part.strip() for part in text.split(","))
        if family and given:
            before, given = _take_honorific(given)
            return Name(family, given, honorific.strip() or before)
    before, rest = _take_honorific(text.replace(",", " ").strip())
    words = rest.split()
    after: list[str] = []
    while len(words) > 1 and _honours(words[-1:]):
        after.insert(0, words.pop())
    if len(words) < 2:
        return Name(" ".join(words), "", honorific.strip() or before, " ".join(after))
    start = len(words) - 1
    while start > 1 and fold(words[start - 1]) in PARTICLES:
        start -= 1
    return Name(
        " ".join(words[start:]), " ".join(words[:start]), honorific.strip() or before, " ".join(after)
    )


def _take_honorific(text: str) -> tuple[str, str]:
    folded = text.casefold().replace(".", "")
    for honorific in HONORIFICS:
        if folded.startswith(honorific + " "):
            length = len(honorific.split())
            words = text.split()
            more, rest = _take_honorific(" ".join(words[length:]))
            return " ".join(filter(None, (*words[:length], more))), rest
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
    same.
    """
    family, given = fold(one.family) == fold(other.family), _first(one) == _first(other)
    return family or (given and bool(_first(one)))


def _first(name: Name) -> str:
    return fold(name.given.split()[0]) if name.given else ""
