"""Secrets stand in files only: never in a setting, never in a log."""

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

from counterpart.settings import Settings, SettingsError

# A setting with such a name names a secret file; tests/rules looks that none has another name.
NAMES_A_SECRET = re.compile("(?:^|_)(?:password|secret|key)_file$")
ONLY_DURING_A_CHANGE = ("next_key_file", "previous_key_file")  # of SAML keys: there or not


def read_secret(path: Path) -> bytes:
    """The content of a secret file without its final newline; SettingsError when it can't be read or is
    empty.
    """
    try:
        secret = path.read_bytes().strip()
    except OSError as error:
        raise SettingsError(f"The secret file {path} can't be read: {error.strerror}.") from None
    if not secret:
        raise SettingsError(f"The secret file {path} is empty.")
    return secret


def secret_files(settings: Settings) -> Iterator[Path]:
    """Every secret file that the settings of all areas name; an empty setting names none."""
    for area in fields(settings):
        values = getattr(settings, area.name)
        for each in fields(values):
            named = str(getattr(values, each.name)) if NAMES_A_SECRET.search(each.name) else ""
            if named and (each.name not in ONLY_DURING_A_CHANGE or Path(named).exists()):
                yield Path(named)
