"""The mapping's `[source]`: how a sender's files come, as data, with refusals that name the key."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from outbound.fetch import FetchFailed, checked_url, pin_bytes
from sync.errors import MappingRefused
from sync.wording import closest

DROP, HTTPS, SFTP, SCIM = "drop", "https", "sftp", "scim"
_SECRETS = ("password_file", "token_file", "key_file")
_OF_TYPE: Mapping[str, tuple[str, ...]] = {
    DROP: ("ready", "still_seconds"),
    HTTPS: ("url", "authority", "pin", "user", "password_file", "token_file", "seconds"),
    SFTP: (
        *("host", "port", "user", "password_file", "key_file", "known_hosts"),
        *("folder", "ready", "still_seconds", "seconds"),
    ),
    SCIM: (),
}
KEYS = tuple(dict.fromkeys(("type", "file", *(key for keys in _OF_TYPE.values() for key in keys))))
_NUMBERS = {"port": (1, 65_535), "still_seconds": (0, 86_400), "seconds": (1, 3_600)}
_PATHS = ("authority", "known_hosts", *_SECRETS)

Refuse = Callable[[str, str], MappingRefused]


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """How a sender's files come. Paths are absolute or start at the mapping's own folder."""

    type: str = DROP
    ready: str = ""  # name of the marker that the sender writes last; "*" stands for the file's name
    still_seconds: int = 30  # a file without a marker must not have changed for so long
    url: str = ""
    authority: Path | None = None  # PEM that the server's certificate must chain to; None = the system's
    pin: str = ""  # SHA-256 of the server's certificate or public key
    host: str = ""
    port: int = 22
    user: str = ""
    password_file: Path | None = None
    token_file: Path | None = None
    key_file: Path | None = None
    known_hosts: Path | None = None
    folder: str = ""  # on the SFTP server
    seconds: int = 120  # for a whole fetch

    @property
    def fetched(self) -> bool:
        """Whether we get the files ourselves; such a file is whole when it lies in the inbox."""
        return self.type in (HTTPS, SFTP)

    @property
    def pushed(self) -> bool:
        """Whether a SCIM client pushes records to the portal, and there are no files."""
        return self.type == SCIM


DEFAULT_ORIGIN = Origin()


def read_origin(table: Mapping[str, Any], folder: Path, refuse: Refuse) -> Origin:
    """Make an origin of the table; whatever is wrong is refused under its key."""
    kind = table.get("type", DROP)
    if not isinstance(kind, str) or kind not in _OF_TYPE:
        raise refuse("source.type", f'write "drop", "https", "sftp" or "scim".{closest(str(kind), _OF_TYPE)}')
    given: dict[str, Any] = {}
    for key, value in table.items():
        if key == "type" or (key == "file" and kind != SCIM):
            continue
        if key not in _OF_TYPE[kind]:
            raise refuse(f"source.{key}", f'type "{kind}" has no such key.{closest(key, _OF_TYPE[kind])}')
        given[key] = _value(key, value, folder, refuse)
    origin = Origin(type=kind, **given)
    _check_complete(origin, str(table.get("file", "")), refuse)
    return origin


def _value(key: str, value: object, folder: Path, refuse: Refuse) -> object:
    if key in _NUMBERS:
        least, most = _NUMBERS[key]
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise refuse(f"source.{key}", f"write a whole number from {least} to {most}.")
        return value
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise refuse(f"source.{key}", "write it as one line of text, in quotation marks.")
    return folder / value if key in _PATHS else value


def _check_complete(origin: Origin, file: str, refuse: Refuse) -> None:
    if "/" in file or file.startswith("."):
        raise refuse("source.file", "write the file's name alone, without a folder.")
    if origin.ready and ("/" in origin.ready or origin.ready.count("*") > 1):
        raise refuse("source.ready", 'write the marker\'s name, as "*.done", or "ready.txt" if there is one.')
    if origin.type == HTTPS:
        _check_https(origin, file, refuse)
    if origin.type == SFTP:
        _check_sftp(origin, refuse)


def _check_https(origin: Origin, file: str, refuse: Refuse) -> None:
    try:
        if not checked_url(origin.url).startswith("https://"):
            raise refuse("source.url", "it must begin with https://.")
        if origin.pin:
            pin_bytes(origin.pin)
    except FetchFailed as error:
        raise refuse("source.pin" if origin.pin and origin.url else "source.url", str(error)) from error
    if "{part}" in file:
        raise refuse("source.file", "one address gives one file, so its name can't have {part}.")
    if origin.token_file and (origin.user or origin.password_file):
        raise refuse("source.token_file", "give either a token or user and password.")
    if bool(origin.user) != bool(origin.password_file):
        raise refuse("source.user", "user and password_file belong together.")


def _check_sftp(origin: Origin, refuse: Refuse) -> None:
    if not re.fullmatch(r"[A-Za-z0-9.:-]{1,253}", origin.host):
        raise refuse("source.host", "name the server, without user and path.")
    for key in ("user", "folder"):
        if not getattr(origin, key):
            raise refuse(f"source.{key}", "it is needed and missing.")
    if origin.known_hosts is None:
        raise refuse("source.known_hosts", "name the file with the server's host key: no server is trusted "
                     "without one (ssh-keyscan prints it; compare it by telephone).")  # fmt: skip
    if (origin.key_file is None) == (origin.password_file is None):
        raise refuse("source.key_file", "give either key_file or password_file.")
