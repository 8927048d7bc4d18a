"""Values as senders write them, made into values the directory keeps, or refused one by one with a reason.

Every function returns a `Value`: what is kept (or nothing), and a sentence for the receipt when that is not
what was sent.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers

from sync.plain import HIDDEN, is_escaped, plain
from sync.private import is_private_value

LONGEST_TEXT = 256
# Senders repeat titles, organisations and numbers; a value read once need not be read again.
REMEMBERED = 20_000
BLANK_WORDS = frozenset(
    {"", "n/d", "n/a", "na", "nd", "none", "null", "nil", "tbc", "tba", "-", "--", ".", "?", "x", "xx"}
    # What spreadsheets and programs write where they found nothing.
    | {"0", "(blank)", "(null)", "(none)", "<null>", "<na>", "undefined"}
)
# Letters that nothing can bring back, and what garbling leaves where a part of it was lost on the way.
_LOST = re.compile("\ufffd|(?<=[a-z\u00df-\u00ff])[\u00c2\u00c3]|\u00e2\u20ac|\u00ef\u00bf\u00bd")
_PILED = re.compile("[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]{4}")
_SHORTEST_PRIVATE = 8  # "QQ123456C" has nine letters
# What a spreadsheet shows where it could not work a value out, or had no room to show it.
_SPREADSHEET_ERROR = re.compile(
    r"#(REF|VALUE|NAME|DIV/0|N/A|NUM|NULL|SPILL|CALC|BLOCKED|GETTING_DATA)[!?]?|#{3,}|Err:\d{3}",
    re.IGNORECASE,
)
_AS_TEXT = re.compile(r'\A="([^"]*)"\Z')  # how a sender keeps a spreadsheet from eating leading zeros
_FORMULA = re.compile(r"[=@\uff1d\uff20]|[+\uff0b-].*[(|!]")
_APOSTROPHE = re.compile(r"\A'(?=[\d+=@(-])")
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(
    r"([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+([A-Za-z]{2,63}|xn--[A-Za-z0-9-]{2,59})"
)
_IN_BRACKETS = re.compile(r"[^<>]*<\s*([^<>\s]+)\s*>\W*")
_POWER_OF_TEN = re.compile(r"\d+[.,]\d+E\+?\d+|\d+E\+\d+", re.IGNORECASE)
_MAIL_LABEL = re.compile(r"(mailto|smtp|e-?mail|mail|e)\s*:\s*", re.IGNORECASE)
_QUOTES = " '\"\u2018\u2019\u201c\u201d"
_REMARK = re.compile(r"\s+[(\[][^()\[\]@]*[)\]]\Z")
_LINKED = re.compile(r"\[?([^\[\]#\s]+)(?:\]\(mailto:[^()\s]+\)|#mailto:[^#\s]+#?)", re.IGNORECASE)
_LABEL = re.compile(
    r"(tel|telephone|phone|ph|mobile|mob|direct|direct (line|dial)|ddi|landline|main|"
    r"switchboard|office|work|t|m)\s*[.:]\s*",
    re.IGNORECASE,
)
_LEADING_NUMBER = re.compile(r"\+?[\d(][\d ().\u2010-\u2013\u2212-]*")
_EXTENSION = re.compile(r"\s*[,;]?\s*\(?(?:x|ext\.?|extn\.?|extension|#)\s*:?\s*(\d{1,6})\)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Value:
    """A kept text and, when it differs from what was sent in more than white space, why."""

    text: str = ""
    note: str = ""
    refused: bool = False


@lru_cache(maxsize=REMEMBERED)
def fold(text: str) -> str:
    """Make a word comparable: NFKC, without case, outer quotes or doubled white space."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return " ".join(text.split()).strip(" '\"\u2018\u2019").casefold()


def is_blank(text: str) -> bool:
    """Tell whether a cell says that there is nothing to say."""
    return not text or (len(text) < 12 and fold(text) in BLANK_WORDS)


@lru_cache(maxsize=REMEMBERED)
def clean(raw: str) -> Value:
    """Make any cell one line of NFC text; mend text decoded or escaped twice, drop invisible marks, and say
    so. What looks like a National Insurance number, or says that a spreadsheet failed, is refused.
    """
    if (
        raw.isascii() and raw.isprintable() and not is_escaped(raw)
    ):  # nearly every cell: nothing to look for but doubled white space
        text, notes = " ".join(raw.split()) if " " in raw else raw, list[str]()
    else:
        text, notes = plain(raw)
    if text[:1] in ("=", "'"):
        text = _AS_TEXT.sub(r"\1", _APOSTROPHE.sub("", text, count=1)).strip()
    if text[:1] in ("#", "E", "e") and _SPREADSHEET_ERROR.fullmatch(text):
        return Value("", "a spreadsheet could not work this value out", refused=True)
    if len(text) > _SHORTEST_PRIVATE and is_private_value(text):
        return Value("", "it looks like a National Insurance number, which is never kept", refused=True)
    return Value(text, "; ".join(notes))


@lru_cache(maxsize=REMEMBERED)
def words(raw: str, *, name: bool = False) -> Value:
    """Check a line of text that people will read; a name with unreadable letters or a formula is refused."""
    value = clean(raw)
    text = value.text
    if value.refused:
        return value
    if len(text) > LONGEST_TEXT:
        return Value("", f"longer than {LONGEST_TEXT} characters", refused=True)
    if _FORMULA.match(text):
        return Value("", "it starts like a spreadsheet formula", refused=True)
    return value if text.isascii() else _letters(value, name)


def _letters(value: Value, name: bool) -> Value:
    """Judge letters beyond ASCII: lost, piled up, of two alphabets in one word, or pictures."""
    text = value.text
    if _LOST.search(text):
        if name:
            return Value("", "it has letters lost by a wrong encoding", refused=True)
        text = " ".join(_LOST.sub(" ", text).split())
        return Value(text, "letters lost by a wrong encoding were left out")
    if _PILED.search(text):
        return Value("", "it has more marks on one letter than any language", refused=True)
    if any(map(_mixes_alphabets, text.split())):
        return Value("", "a word in it mixes letters of two alphabets that look alike", refused=True)
    return _without_pictures(value)


def with_letters(raw: str, *, name: bool = False) -> Value:
    """Check a line of text that has letters, as a post's title and an organisation's name have."""
    value = words(raw, name=name)
    if value.refused or is_blank(value.text) or any(map(str.isalpha, value.text)):
        return value
    return Value("", "it has no letters", refused=True)


@lru_cache(maxsize=REMEMBERED)
def key_text(raw: str) -> Value:
    """Check a part of a sender's key: whatever could stand for somebody else's is refused."""
    value = words(raw, name=True)
    if not value.refused and _POWER_OF_TEN.fullmatch(value.text):
        return Value("", "a spreadsheet turned this number into a power of ten", refused=True)
    return value


def _mixes_alphabets(word: str) -> bool:
    """Tell whether a word is Latin and Cyrillic or Greek at once: a name made to look like another one."""
    kinds = {unicodedata.name(letter, "").split(" ")[0] for letter in word if letter.isalpha()}
    return "LATIN" in kinds and bool(kinds & {"CYRILLIC", "GREEK", "CHEROKEE", "ARMENIAN", "COPTIC"})


def _without_pictures(value: Value) -> Value:
    text = "".join(
        " " if unicodedata.category(letter) in ("So", "Sk", "Co", "Me") else letter for letter in value.text
    )
    if text == value.text:
        return value
    return Value(" ".join(text.split()), "; ".join(filter(None, (value.note, "pictures were left out"))))


@lru_cache(maxsize=REMEMBERED)
def mail_address(raw: str) -> Value:
    """Check a mail address: RFC 5321 dot-atom form, no comment. White space by the @, a display name around
    it and "mailto:" are mended; an international domain is written as it is sent (RFC 5891).
    """
    value = clean(raw)
    if value.refused or is_blank(value.text):
        return value if value.refused else Value()
    if HIDDEN in value.note:
        return Value("", "mail address with invisible characters", refused=True)
    text = _undressed(value.text)
    bare = re.sub(r"\s*([@.])\s*", r"\1", text) if " " in text else text
    local, at, domain = bare.rpartition("@")
    domain = _sent_domain(domain)
    if (
        not at
        or not _LOCAL.fullmatch(local)
        or not _DOMAIN.fullmatch(domain)
        or len(local) > 64
        or len(local) + len(domain) > 253
    ):
        return Value("", "not one mail address", refused=True)
    mended = "white space in the mail address was removed" if bare != text else ""
    return Value(f"{local}@{domain}", mended)


def _undressed(text: str) -> str:
    """Take off what people and programs put around an address: a name, "mailto:", quotes, a remark."""
    text = text.replace("\uff20", "@")
    if "<" in text and (found := _IN_BRACKETS.fullmatch(text)):
        text = found.group(1)
    if found := _LINKED.fullmatch(text):
        text = found.group(1)
    text = _MAIL_LABEL.sub("", text, count=1)
    return (
        _REMARK.sub("", text.partition("?")[0] if "?" in text else text)
        .strip(_QUOTES)
        .rstrip(".,;:" + _QUOTES)
    )


def _sent_domain(domain: str) -> str:
    if domain.isascii():
        return domain.lower()
    if any(map(_mixes_alphabets, domain.split("."))):
        return domain  # made to look like another one: no domain that is taken
    try:
        return domain.encode("idna").decode().lower()
    except UnicodeError:
        return domain


def domain_name(raw: str) -> Value:
    """Check an organisation's mail domain, with or without the "@"."""
    value = clean(raw)
    text = _sent_domain(value.text.removeprefix("@"))
    if value.refused or is_blank(text):
        return value if value.refused else Value()
    return Value(text) if _DOMAIN.fullmatch(text) else Value("", "not a mail domain", refused=True)


@lru_cache(maxsize=REMEMBERED)
def telephone(raw: str) -> Value:
    """Make a telephone number international, as "+44 20 7946 0000"; what is not one whole number is
    refused.
    """
    value = clean(raw)
    if value.refused or is_blank(value.text):
        return value if value.refused else Value()
    text = unicodedata.normalize("NFKC", value.text)
    if re.fullmatch(r"[\d.,]+E\+?\d+", text, re.IGNORECASE):
        return Value("", "a spreadsheet turned this telephone number into a power of ten", refused=True)
    text = _LABEL.sub("", text, count=1) if _LABEL.match(text) else text
    # phonenumbers reads letters as keypad digits ("x4321" becomes +444321), so only the leading digits go in.
    leading = _LEADING_NUMBER.match(text)
    if not leading:
        return Value("", "not a telephone number", refused=True)
    number = re.sub(r"\.0$", "", leading.group())
    # A bracket that opens behind the number belongs to what follows it.
    number, bracket, _ = number.partition("(") if re.search(r"\(\D*$", number) else (number, "", "")
    rest = bracket + text[leading.end() :]
    extension = _EXTENSION.fullmatch(rest)
    found = _whole_number(number)
    if not found:
        return Value("", "not a telephone number that can be dialled at the usual price", refused=True)
    note = _eaten_zero(number)
    if extension:
        return Value(f"{found} x{extension.group(1)}", note)
    dropped = rest.strip()
    return Value(found, f'kept the first number, left out "{dropped[:60]}"' if dropped else note)


def _eaten_zero(number: str) -> str:
    """Say that a spreadsheet had taken a number for a sum of money."""
    return "its leading zero was put back" if re.match(r"[1-9]", number) else ""


def _whole_number(text: str) -> str:
    try:
        number = phonenumbers.parse(text, "GB")
    except phonenumbers.NumberParseException:
        return ""
    if not (phonenumbers.is_valid_number(number) or _is_for_drama(number)):
        return ""
    if phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.PREMIUM_RATE:
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def _is_for_drama(number: phonenumbers.PhoneNumber) -> bool:
    """Tell whether Ofcom keeps the number for invented people: nobody has it, and nothing is wrong with it.

    phonenumbers knows most of these ranges as valid, but not the mobile one.
    """
    return number.country_code == 44 and 7_700_900_000 <= (number.national_number or 0) <= 7_700_900_999
