"""Values as senders write them, made into values the directory keeps, or refused one by one with a reason.

Every function returns a `Value`: what is kept (or nothing), and a sentence for the receipt when that is not
what was sent.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

import phonenumbers

LONGEST_TEXT = 256
BLANK_WORDS = frozenset(
    {"", "n/d", "n/a", "na", "nd", "none", "null", "nil", "tbc", "tba", "-", "--", ".", "?", "x", "xx"}
)
# Marks that change how the rest of a line is shown, and what nobody sees: zero-width marks, the Hangul
# fillers and the Braille blank (letters without ink), variation selectors, tags, and code points that are no
# character. U+FFFD stays: it says that a letter was lost.
_HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffc\ufffe\uffff\U000e0000-\U000e0fff]"
)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_SPACE = re.compile(r"\s+")
# Letters of UTF-8 read as Windows-1252: "Ã©" for "é", "â€™" for an apostrophe.
_TWICE_DECODED = re.compile(
    "[\u00c2-\u00c5\u00e2][\u0080-\u00bf\u20ac\u0152\u0153\u2018-\u201e\u2020-\u2026\u02c6\u02dc\u2122]"
)
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(r"([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}")
_LEADING_NUMBER = re.compile(r"\+?[\d(][\d ().\u2013-]*")
_EXTENSION = re.compile(r"\s*(?:x|ext\.?|extension)\s*(\d{1,6})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Value:
    """A kept text and, when it differs from what was sent in more than white space, why."""

    text: str = ""
    note: str = ""
    refused: bool = False


def fold(text: str) -> str:
    """Make a word comparable: NFKC, without case, outer quotes or doubled white space."""
    return _SPACE.sub(" ", unicodedata.normalize("NFKC", text)).strip(" '\"\u2018\u2019").casefold()


def is_blank(text: str) -> bool:
    """Tell whether a cell says that there is nothing to say."""
    return fold(text) in BLANK_WORDS


def clean(raw: str) -> Value:
    """Make any cell one line of NFC text; mend text decoded twice, drop invisible marks, and say so."""
    notes = []
    text = raw
    if _TWICE_DECODED.search(text):
        mended = _decode_again(text)
        notes += ["letters garbled by a wrong encoding were mended"] if mended != text else []
        text = mended
    shown = _CONTROL.sub("", _HIDDEN.sub("", text))
    if shown != text:
        notes.append("invisible control characters were removed")
    text = unicodedata.normalize("NFC", _SPACE.sub(" ", shown).strip())
    return Value(text, "; ".join(notes))


def _decode_again(text: str) -> str:
    try:
        return text.encode("cp1252").decode()
    except (UnicodeEncodeError, UnicodeDecodeError):
        return text


def words(raw: str, *, name: bool = False) -> Value:
    """Check a line of text that people will read; a name with unreadable letters or a formula is refused."""
    value = clean(raw)
    if len(value.text) > LONGEST_TEXT:
        return Value("", f"longer than {LONGEST_TEXT} characters", refused=True)
    if re.match(r"[=@]|[+-].*[(|!]", value.text):
        return Value("", "it starts like a spreadsheet formula", refused=True)
    if "\ufffd" in value.text:
        if name:
            return Value("", "it has letters lost by a wrong encoding", refused=True)
        text = _SPACE.sub(" ", value.text.replace("\ufffd", " ")).strip()
        return Value(text, "letters lost by a wrong encoding were left out")
    return value


def mail_address(raw: str) -> Value:
    """Check a mail address: RFC 5321 dot-atom form, no display name, no comment; white space by the @ is
    mended.
    """
    value = clean(raw)
    if is_blank(value.text):
        return Value()
    if "control" in value.note:
        return Value("", "mail address with invisible characters", refused=True)
    text = re.sub(r"\s*([@.])\s*", r"\1", value.text.removeprefix("mailto:"))
    local, at, domain = text.rpartition("@")
    if (
        not at
        or not _LOCAL.fullmatch(local)
        or not _DOMAIN.fullmatch(domain)
        or len(local) > 64
        or len(text) > 254
    ):
        return Value("", "not one mail address", refused=True)
    mended = "white space in the mail address was removed" if text != value.text else ""
    return Value(f"{local}@{domain.lower()}", mended)


@lru_cache(maxsize=10_000)
def telephone(raw: str) -> Value:
    """Make a telephone number international, as "+44 20 7946 0000"; what is not one whole number is
    refused.
    """
    value = clean(raw)
    if is_blank(value.text):
        return Value()
    if re.fullmatch(r"[\d.]+E\+?\d+", value.text, re.IGNORECASE):
        return Value("", "a spreadsheet turned this telephone number into a power of ten", refused=True)
    # phonenumbers reads letters as keypad digits ("x4321" becomes +444321), so only the leading digits go in.
    leading = _LEADING_NUMBER.match(value.text)
    if not leading:
        return Value("", "not a telephone number", refused=True)
    rest = value.text[leading.end() :]
    extension = _EXTENSION.fullmatch(rest)
    found = _whole_number(leading.group())
    if not found:
        return Value("", "not a telephone number that can be dialled", refused=True)
    if extension:
        return Value(f"{found} x{extension.group(1)}")
    dropped = rest.strip()
    return Value(found, f'kept the first number, left out "{dropped[:60]}"' if dropped else "")


def _whole_number(text: str) -> str:
    try:
        number = phonenumbers.parse(text, "GB")
    except phonenumbers.NumberParseException:
        return ""
    if not (phonenumbers.is_valid_number(number) or _is_for_drama(number)):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def _is_for_drama(number: phonenumbers.PhoneNumber) -> bool:
    """Tell whether Ofcom keeps the number for invented people: nobody has it, and nothing is wrong with it.

    phonenumbers knows most of these ranges as valid, but not the mobile one.
    """
    return number.country_code == 44 and 7_700_900_000 <= (number.national_number or 0) <= 7_700_900_999


def day(raw: str, form: str) -> date | None:
    """Read a date in the mapping's form (or ISO, as workbooks give them); None when it isn't one."""
    text = clean(raw).text
    for each in (form, "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"):
        if each:
            try:
                # A civil day has no zone; only the date is kept.
                return datetime.strptime(text, each).date()  # noqa: DTZ007
            except ValueError:
                continue
    return None
