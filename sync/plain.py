"""Any cell as one line of NFC text: mended where a wrong encoding or a web page garbled it."""

import html
import html.entities
import re
import unicodedata

MOST_LAYERS = 3  # text that was garbled or escaped again and again
ESCAPED = "letters escaped for a web page were mended"
GARBLED = "letters garbled by a wrong encoding were mended"
HIDDEN = "invisible control characters were removed"
FANCY = "letters in fancy shapes were made plain"
# Marks that change how the rest of a line is shown, and what nobody sees: zero-width marks, the Hangul
# fillers and the Braille blank (letters without ink), variation selectors, tags, and code points that are no
# character. U+FFFD stays: it says that a letter was lost.
_HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffc\ufffe\uffff\U000e0000-\U000e0fff]"
)
# Line ends, tabs, form feeds and other separators are white space instead.
_CONTROL = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")
# What Latin-1 calls a control character is a Windows quotation mark or dash; U+0085 is a line end.
_WINDOWS = {
    number: letter
    for number in range(0x80, 0xA0)
    if number != 0x85 and (letter := bytes([number]).decode("cp1252", "ignore"))
}
_FANCY = re.compile("[\U0001d400-\U0001d7ff\u24b6-\u24e9\uff10-\uff19\uff21-\uff3a\uff41-\uff5a]")
_ENTITY = re.compile(r"&(#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,30});", re.IGNORECASE)
# Letters of UTF-8 read as Windows-1252 or Latin-1: "Ã©" for "é", "â€™" for an apostrophe, "È™" for "ș".
_MORE = "[" + re.escape("".join([*map(chr, range(0x80, 0xC0)), *_WINDOWS.values()])) + "]"
_TWICE_DECODED = re.compile(
    f"[\u00c2-\u00c5]{_MORE}|\u00c8[\u2122\u203a\u02dc\u0161]|\u00e1[\u00ba\u00bb]{_MORE}|\u00e2{_MORE}{{2}}|"
    f"\u00ef\u00bf\u00bd|\u00f0\u0178{_MORE}{{2}}"
)


def plain(raw: str) -> tuple[str, list[str]]:
    """Give the text as people should read it, and a sentence for each thing that was mended."""
    text, notes = raw, list[str]()
    for mend, note in ((_unescaped, ESCAPED), (_decoded, GARBLED), (_windows, GARBLED), (_fancy, FANCY)):
        before = text
        for _ in range(MOST_LAYERS):
            text = mend(text)
        if text != before and note not in notes:
            notes.append(note)
    shown = _CONTROL.sub("", _HIDDEN.sub("", text))
    if shown != text:
        notes.append(HIDDEN)
    return unicodedata.normalize("NFC", " ".join(shown.split())), notes


def is_escaped(text: str) -> bool:
    """Tell whether a text has letters written as a web page has them."""
    return "&" in text and bool(_ENTITY.search(text))


def _unescaped(text: str) -> str:
    return _ENTITY.sub(_letter, text) if "&" in text else text


def _letter(entity: re.Match[str]) -> str:
    # `html.unescape` also reads "&reg" in "&region;".
    if entity.group(1).startswith("#"):
        return html.unescape(entity.group())
    return html.entities.html5.get(f"{entity.group(1)};", entity.group())


def _decoded(text: str) -> str:
    if not _TWICE_DECODED.search(text):
        return text
    # A cell may be garbled in part: a name typed rightly behind one that was imported wrongly.
    return _again(text) or _TWICE_DECODED.sub(lambda found: _again(found.group()) or found.group(), text)


def _again(text: str) -> str:
    """Decode rightly what was decoded wrongly; nothing when it was not."""
    try:
        raw = b"".join(_byte(letter) for letter in text)
        return raw.decode()
    except UnicodeError:
        return ""


def _byte(letter: str) -> bytes:
    return letter.encode("latin-1" if "\x80" <= letter < "\xa0" else "cp1252")


def _windows(text: str) -> str:
    return text.translate(_WINDOWS)


def _fancy(text: str) -> str:
    return _FANCY.sub(lambda found: unicodedata.normalize("NFKC", found.group()), text)
