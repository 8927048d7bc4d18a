"""What a mapping says of how the sender's file is written, checked."""

import codecs
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sync.mapping import Format
from sync.mapping_values import Values
from sync.wording import closest, shown

TYPES = ("csv", "xlsx", "json")
ENCODINGS = (
    "utf-8",
    "utf-8-sig",
    "cp1252",
    "utf-16",
    "latin-1",
    "iso-8859-15",
    "mac-roman",
    "utf-16-le",
    "utf-16-be",
    "ascii",
)


class FormatValues(Values):
    """Reads the table [format] of one mapping."""

    def format(self, table: Mapping[str, Any]) -> Format:
        """Read the whole table; what means nothing for the type of file is refused."""
        for key in ("skip_rows", "footer_rows"):
            self.number(table, "format", key)
        for key in (
            "type",
            "encoding",
            "delimiter",
            "quote",
            "sheet",
            "skip_until",
            "footer_count",
            "records",
        ):
            self.text(table, "format", key)
        result = Format(**table)
        if result.type not in TYPES:
            raise self.refuse(
                "format.type",
                f'"{shown(result.type)}" is not read here: use "csv", "xlsx" or "json".'
                f"{closest(result.type, TYPES)}",
            )
        self._frame(result)
        self._marks(result)
        return replace(result, encoding=self._encoding(result.encoding))

    def _frame(self, given: Format) -> None:
        """Check what says where the table begins and ends."""
        if given.skip_rows and given.skip_until:
            raise self.refuse("format.skip_until", "give either skip_rows or skip_until.")
        if given.footer_count and given.footer_count.count("{n}") != 1:
            raise self.refuse("format.footer_count", 'write {n} for the number, as "Total: {n}".')
        idle = {
            "json": ("skip_rows", "skip_until", "footer_rows", "footer_count", "sheet"),
            "xlsx": ("records",),
            "csv": ("records", "sheet"),
        }
        for key in idle[given.type]:
            if getattr(given, key):
                raise self.refuse(f"format.{key}", f"it means nothing for {given.type}; leave it out.")

    def _marks(self, given: Format) -> None:
        for key in ("delimiter", "quote"):
            mark = getattr(given, key)
            if len(mark) != 1 or not (mark.isprintable() or mark == "\t") or mark.isalnum():
                raise self.refuse(f"format.{key}", 'write one mark, as ";" or "\\t"; it is one character.')
        if given.delimiter == given.quote:
            raise self.refuse("format.delimiter", "delimiter and quote are the same mark.")

    def _encoding(self, name: str) -> str:
        known = {codecs.lookup(each).name: each for each in ENCODINGS}
        try:
            found = codecs.lookup(name).name
        except (LookupError, ValueError):
            found = ""
        if found not in known:
            raise self.refuse(
                "format.encoding", f'"{shown(name)}" is not known here.{closest(name, ENCODINGS)}'
            )
        return known[found]
