"""Single values of a mapping: each is what it should be, or refused with its key and what to write."""

import re
from collections.abc import Mapping
from dataclasses import fields
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sync.errors import MappingRefused
from sync.mapping import Column
from sync.normalise import fold
from sync.wording import closest, shown

LARGEST_NUMBER = 10_000
LONGEST_DATE_FORM = 60
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_A_DAY = date(2026, 11, 23)
_COLUMN = tuple(each.name for each in fields(Column))


class Values:
    """Reads values of one mapping file, whose path every message names."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def refuse(self, key: str, sentence: str) -> MappingRefused:
        """Make the error for one key."""
        return MappingRefused(f"{self.path}: {shown(key)}: {sentence}")

    def text(self, table: Mapping[str, Any], name: str, key: str, needed: bool = False) -> str:
        """Read a text on one line."""
        value = table.get(key, "")
        if not isinstance(value, str):
            raise self.refuse(f"{name}.{key}", "write it as text, in quotation marks.")
        if name in ("feed", "source") and _CONTROL.search(value):
            raise self.refuse(f"{name}.{key}", "write it on one line, without control characters.")
        if needed and not value.strip():
            raise self.refuse(f"{name}.{key}", "it is needed and missing.")
        return value

    def texts(self, table: Mapping[str, Any], name: str, key: str) -> tuple[str, ...]:
        """Read a list of texts; a single text is a list of one."""
        value = table.get(key, [])
        value = [value] if isinstance(value, str) else value
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise self.refuse(f"{name}.{key}", 'write it as a list of texts, as ["Staff No"].')
        return tuple(value)

    def column_names(self, table: Mapping[str, Any], name: str, key: str) -> tuple[str, ...]:
        """Read a list of names of columns, none of them blank."""
        found = self.texts(table, name, key)
        if not all(each.strip() for each in found):
            raise self.refuse(f"{name}.{key}", "a column's name is blank.")
        return found

    def flag(self, table: Mapping[str, Any], name: str, key: str) -> bool:
        """Read true or false."""
        value = table.get(key, False)
        if not isinstance(value, bool):
            raise self.refuse(f"{name}.{key}", "write true or false, without quotation marks.")
        return value

    def number(self, table: Mapping[str, Any], name: str, key: str, default: int = 0) -> int:
        """Read a whole number that is not negative."""
        value = table.get(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= LARGEST_NUMBER:
            raise self.refuse(f"{name}.{key}", f"write a whole number from 0 to {LARGEST_NUMBER}.")
        return value

    def words(self, value: object, key: str) -> dict[str, str]:
        """Read a table from words to words."""
        if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
            raise self.refuse(key, 'write a table of texts, as {"A" = "acting"}.')
        return value

    def columns(self, table: Mapping[str, Any], name: str, known: tuple[str, ...]) -> dict[str, Column]:
        """Read where each value of one table comes from."""
        content = table.get(name, {})
        return {key: self.column(f"{name}.{key}", content[key]) for key in known if key in content}

    def column(self, key: str, value: object) -> Column:
        """Read where one value comes from: a column's name, or a table with options."""
        if isinstance(value, str):
            value = {"column": value}
        if not isinstance(value, dict):
            raise self.refuse(key, 'write a column\'s name, or a table as {column = "…"}.')
        self._options(key, value)
        if bool(value.get("column", "").strip()) == ("value" in value):
            raise self.refuse(key, "give either column or value.")
        if "map" in value:
            mapped = self.words(value["map"], f"{key}.map")
            value = value | {"map": {fold(word): meaning for word, meaning in mapped.items()}}
        if value.get("date"):
            self._date_form(value["date"], f"{key}.date")
        return Column(**value)

    def _options(self, key: str, value: Mapping[str, object]) -> None:
        for option, content in value.items():
            if option not in _COLUMN:
                raise self.refuse(f"{key}.{option}", f"there is no such option.{closest(option, _COLUMN)}")
            if option != "map" and not isinstance(content, str):
                raise self.refuse(f"{key}.{option}", "write it as text, in quotation marks.")

    def _date_form(self, form: str, key: str) -> None:
        if len(form) > LONGEST_DATE_FORM:
            raise self.refuse(key, f"no form of a day is longer than {LONGEST_DATE_FORM} letters.")
        try:
            # A civil day has no zone.
            understood = datetime.strptime(_A_DAY.strftime(form), form).date() == _A_DAY  # noqa: DTZ007
        except (ValueError, re.error):
            understood = False
        if not understood:
            raise self.refuse(key, f'"{shown(form)}" is no form of a day: write it as "%d/%m/%Y".')
