"""A TOML file that an operator wrote, read key by key; every refusal names file, key and remedy."""

import re
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from saml.errors import ProviderRefused

LARGEST = 256 * 1024  # bytes
LONGEST_LINE = 2000  # characters


class TOMLFile:
    """The file's keys, each asked for by what it must be. Raises ProviderRefused."""

    def __init__(self, path: Path, kinds: Mapping[str, type]) -> None:
        self.path = path
        self._data = _read(path)
        for key, value in self._data.items():
            if key not in kinds:
                close = get_close_matches(key, kinds, n=1)
                hint = f" Did you mean {close[0]!r}?" if close else ""
                raise self.refused(f"there is no key {key[:80]!r}.{hint}")
            if type(value) is not kinds[key]:
                raise self.refused(f"{key} must be {_NAMES[kinds[key]]}.")

    def refused(self, words: str) -> ProviderRefused:
        """The error that says what is wrong in this file."""
        return ProviderRefused(f"{self.path}: {words}")

    def has(self, key: str) -> bool:
        """Whether the key is given."""
        return key in self._data

    def text(self, key: str, default: str | None = None) -> str:
        """One line of text."""
        if key not in self._data and default is not None:
            return default
        value = str(self._data.get(key, "")).strip()
        if not value or len(value) > LONGEST_LINE or not value.isprintable():
            raise self.refused(f"the registration needs {key}: one line of text.")
        return value

    def matching(self, key: str, pattern: re.Pattern[str], words: str) -> str:
        """Text of that form only; `words` say which."""
        value = self.text(key)
        if not pattern.fullmatch(value):
            raise self.refused(f"{key} may hold only {words}.")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of lines, each once, in its order."""
        values = self._data.get(key, [])
        for value in values:
            if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_LINE:
                raise self.refused(f"{key} must be a list of texts.")
            if not value.isprintable():
                raise self.refused(f"{key}: a text holds letters that nobody can see.")
        return tuple(dict.fromkeys(value.strip() for value in values))

    def names(self, key: str, pattern: re.Pattern[str], words: str) -> tuple[str, ...]:
        """A list of texts in small letters, each of that form."""
        values = tuple(dict.fromkeys(value.lower() for value in self.texts(key)))
        for value in values:
            if not pattern.fullmatch(value):
                raise self.refused(f"{key}: {value!r} is not {words}.")
        return values

    def number(self, key: str, default: int, least: int, most: int) -> int:
        """A whole number between two bounds."""
        value = int(self._data.get(key, default))
        if not least <= value <= most:
            raise self.refused(f"{key} must be between {least} and {most}.")
        return value

    def flag(self, key: str) -> bool:
        """True only if the file says so."""
        return bool(self._data.get(key, False))

    def choice(self, key: str, default: str, choices: tuple[str, ...], note: str = "") -> str:
        """One of a few words."""
        value = str(self._data.get(key, default))
        if value not in choices:
            raise self.refused(f"{key} must be one of {', '.join(c for c in choices if c)}{note}.")
        return value

    def beside(self, key: str) -> Path:
        """The file that the key names, relative to this one."""
        return self.path.parent / self.text(key)


_NAMES = {
    str: "text in quotes",
    bool: "true or false",
    int: "a whole number",
    list: 'a list, ["like", "this"]',
}


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
        if len(raw) > LARGEST:
            raise ProviderRefused(
                f"{path} is larger than {LARGEST // 1024} KiB, which no registration needs."
            )
        return tomllib.loads(raw.decode("utf-8"))
    except OSError as error:
        raise ProviderRefused(f"{path}: {error.strerror or 'can not be read'}.") from error
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ProviderRefused(f"{path} is not UTF-8 text (line {line}). Save it as UTF-8.") from error
    except RecursionError as error:
        raise ProviderRefused(
            f"{path} is not TOML: lists or tables are nested too deeply{_deepest(raw)}."
        ) from error
    except ValueError as error:  # tomllib's own too
        raise ProviderRefused(f"{path} is not TOML: {error}.") from error


def _deepest(raw: bytes) -> str:
    """Where the deep nesting begins, as far as brackets tell."""
    for number, line in enumerate(raw.decode("utf-8", "replace").splitlines(), start=1):
        if line.count("[") + line.count("{") > 50 or line.partition("=")[0].count(".") > 50:
            key = re.split(r"[=.]", line.strip(), maxsplit=1)[0].strip()[:40]
            return f" (line {number}, key {key})" if key.isprintable() else f" (line {number})"
    return ""
