"""The values of one row, as one table of the mapping says: taken, mended with a note, or refused."""

import re
from collections.abc import Callable, Mapping

from sync.mapping import Column
from sync.names import NOT_BLANK, person_words
from sync.normalise import Value, domain_name, fold, is_blank, mail_address, telephone, words

MOST_VALUES = 10  # of mail addresses or telephone numbers in one cell
_BETWEEN = {
    mail_address: re.compile(r"[;,|\r\n]+|\s(?:/|and|or|&)\s|(?<=\w)\s+(?=[^\s@]+@)"),
    # "020 7946 0009/10" is one number and the end of another.
    telephone: re.compile(r"[;|\r\n]+|(?:[/,&]|\bor\b|\band\b)\s*(?=\+?[\d(][\d ()-]{8})"),
    domain_name: re.compile(r"[;,|\s]+"),
}
_IN_BRACKETS = re.compile(r"<[^<>]*>")


class RowRefused(Exception):
    """This row can't be taken; the message says why, `mend` what the sender can do."""

    def __init__(self, reason: str, mend: str) -> None:
        super().__init__(reason)
        self.mend = mend


class Cells:
    """Reads values of one row by the keys of one table, collecting notes for the receipt and the keys whose
    value was refused.
    """

    def __init__(self, table: Mapping[str, Column], cells: Mapping[str, str]) -> None:
        self.table, self.cells = table, cells
        self.notes: list[str] = []
        self.refused: set[str] = set()

    def raw(self, key: str) -> str:
        """Give the mapped text of one value before any check."""
        column = self.table.get(key)
        if column is None:
            return ""
        text = column.value if column.value is not None else self.cells[column.column].strip()
        if column.map is not None:
            text = column.map.get(fold(text), column.default)
        elif column.default and is_blank(text):
            text = column.default
        return f"{column.prefix}{text}" if column.prefix and not is_blank(text) else text

    def checked(self, key: str, check: Callable[[str], Value]) -> str:
        """Give one checked value; a refused one is left out with a note."""
        return self._kept(key, check(self.raw(key)))

    def text(self, key: str) -> str:
        """Give one line of text, blank for the words that mean nothing."""
        if key not in self.table:
            return ""
        text = self.checked(key, words)
        return "" if is_blank(text) else text

    def needed(self, key: str, check: Callable[[str], Value] = words) -> str:
        """Give a text without which the row can't be taken; RowRefused when there is none."""
        value = check(self.raw(key))
        if value.refused:
            label = key.replace("_", " ")
            raise RowRefused(f"{label}: {value.note}", f"Correct the {label} and send the file again.")
        if is_blank(value.text) and not (check is person_words and value.text in NOT_BLANK):
            label = key.replace("_", " ")
            raise RowRefused(f"the row has no {label}", f"Fill in the {label}.")
        return self._kept(key, value)

    def several(self, key: str, check: Callable[[str], Value]) -> tuple[str, ...]:
        """Give the values of a cell that may hold several."""
        raw = self.raw(key)
        if not raw:
            return ()
        pieces = (_IN_BRACKETS.findall(raw) if "<" in raw else None) or _BETWEEN[check].split(raw)
        if len(pieces) == 1:
            text = self._kept(key, check(raw))
            return (text,) if text else ()
        if len(pieces) > MOST_VALUES:
            self.notes.append(f"{key.replace('_', ' ')}: the first {MOST_VALUES} of {len(pieces)} were kept")
        found = (self._kept(key, check(piece)) for piece in pieces[:MOST_VALUES])
        return tuple({text.casefold(): text for text in found if text}.values())

    def _kept(self, key: str, value: Value) -> str:
        if value.note:
            self.notes.append(f"{key.replace('_', ' ')}: {value.note}")
        if value.refused:
            self.refused.add(key)
        return value.text
