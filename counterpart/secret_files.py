"""Reads secrets, which stand in files only: never in a setting, never in a log."""

from pathlib import Path

from counterpart.settings import SettingsError


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
