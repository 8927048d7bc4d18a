"""What the directory never takes, however it is spelt: told by a column's name, and by the look of a value.

Special categories of personal data (UK GDPR article 9), identity numbers, pay, and home and family life.
"""

import re
import unicodedata

# Whole words of a column's name, once `_words` has made "D.O.B." and "DateOfBirth" plain.
_NEVER = {
    "a date of birth or an age": (r"\w*birth\w*|brth|born|dob|age|aged|years old"),
    "a National Insurance number": (
        r"nino|ni (no|num|number|ref|code)|ni$|ninumber|ninum|nat\w* ?ins\w*|insurance n\w*"
    ),
    "a home address or private contact": (
        r"(home|private|personal|residential|domestic) ((?!office)\w+ )?"
        r"(addr\w*|post ?code|phone\w*|tel\w*|mobile|cell|e ?mail\w*|mail|contact\w*|town|street)|"
        r"(addr\w*|post ?code|phone\w*|tel\w*|mobile|e ?mail\w*) (at )?(home|private|personal)|"
        r"residence|homeaddr\w*"
    ),
    "pay": (
        r"salar\w+|pay|wages?|remunerat\w+|earnings?|bonus\w*|allowances?|compensation|gross|net pay|"
        r"fte pay|pension\w*|superannuation|tax ?code|payscale \w+|spine|student loan\w*"
    ),
    "a bank account": (
        r"bank(?! (holiday|staff|rota))|iban|bic|sort ?code|building society|"
        r"acc(oun)?t (no|num|number)"
    ),
    "sex, gender or sexual orientation": (
        r"sex|gender\w*|sexual\w*|orientation|lgbt\w*|pronouns?|trans(gender)?"
    ),
    "ethnicity or nationality": (
        r"ethnic\w*|race|racial|nationality|national origin|citizenship|skin colour"
    ),
    "religion or belief": (r"relig\w*|faith|beliefs?|denomination"),
    "health or disability": (
        r"disab\w*|medical\w*|sickness|health (status|condition\w*|issue\w*|record\w*|data)|"
        r"occupational health|absence reason|reasonable adjustment\w*|pregnan\w*|blood (group|type)|"
        r"neurodiver\w*"
    ),
    "family": (
        r"marital\w*|married|spouse|civil partner\w*|next of kin|nok|dependa?nts?|children(?! s\b)|"
        r"emergency contact\w*|maiden name|mothers? \w+ name"
    ),
    "an identity document": (
        r"passport\w*|visa|driving licen[cs]e|nhs (no|num|number)|immigration|right to work|"
        r"id card (no|num|number)"
    ),
    "a record of conduct, membership or vetting": (
        r"criminal\w*|conviction\w*|dbs|disciplin\w*|grievance\w*|trade union|union member\w*|"
        r"political\w*|vetting|clearance|performance (rating|mark\w*|score)|appraisal\w*"
    ),
    "a password": (r"password|passphrase|pin (no|num|number|code)"),
}
_KINDS = {kind: re.compile(rf"\b({words})\b") for kind, words in _NEVER.items()}
# A band or scale of pay is a grade; but it may be a range of pounds: it may be looked at and is never kept.
_GRADE = re.compile(
    r"\b(pay|salary|wage) ?(band\w*|grade\w*|scale|group|range|level|spine|point|step)s?\b|\bpayband\b"
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_APART = re.compile(r"[^0-9a-z£$€%]+")
_SPELT = re.compile(r"\b[a-z]( [a-z]\b)+")
# As printed on a card, with or without gaps; prefixes that were never given out are kept away too.
_NATIONAL_INSURANCE = re.compile(r"\b[A-Z]{2}[ .-]?\d{2}[ .-]?\d{2}[ .-]?\d{2}[ .-]?[A-D]\b", re.IGNORECASE)


def private_kind(column: str, *, only_compared: bool = False) -> str:
    """Say what private data a column of that name would hold, or nothing. `only_compared`: its value decides
    who is eligible and is then dropped, so that a pay band may be looked at.
    """
    words = _words(column)
    if _GRADE.search(words):
        return "" if only_compared else "a pay band, which only [eligible] may look at"
    return next((kind for kind, pattern in _KINDS.items() if pattern.search(words)), "")


def is_private_value(text: str) -> bool:
    """Tell whether a value holds what looks like a National Insurance number."""
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return bool(_NATIONAL_INSURANCE.search(plain))


def _words(column: str) -> str:
    """Write a column's name as plain words: "D.O.B.", "DateOfBirth" and "date_of_birth" alike."""
    plain = unicodedata.normalize("NFKD", column)
    plain = "".join(letter for letter in plain if not unicodedata.category(letter).startswith(("M", "Cf")))
    apart = _APART.sub(" ", _CAMEL.sub(" ", plain).casefold()).strip()
    return _SPELT.sub(lambda found: found.group().replace(" ", ""), apart)
