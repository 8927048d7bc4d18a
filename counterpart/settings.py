"""Every setting of every package, read once at the start from the environment and one file of KEY=VALUE
lines.

A setting is a field of its package's settings class. Its name outside is COUNTERPART_<AREA>_<FIELD>.
"""

import dataclasses
import difflib
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from app.settings import PortalSettings
from counterpart.watch.settings import WatchSettings
from ldap_schema.settings import DirectorySettings
from saml.settings import SAMLSettings
from search_index.settings import IndexSettings
from store.settings import StoreSettings
from sync.settings import SyncSettings

PREFIX = "COUNTERPART_"
FILE_NAME = "COUNTERPART_SETTINGS"
USUAL_FILE = Path("var/counterpart.env")
# Names that look like a portal setting but move the development servers; not ours to judge.
NOT_OURS = frozenset({"COUNTERPART_PORTAL_PORT"})
WORDS = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}


class SettingsError(Exception):
    """A setting is missing, misspelt or wrong; the message is one line that names it."""


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """What the composition root itself needs: Redis, the mail server, the workers."""

    redis_url: str = field(
        default="redis://localhost:6379/0",
        metadata={
            "meaning": "The Redis for sessions, locks and limits; `redis://`, `rediss://` or `unix://`."
        },
    )
    redis_password_file: str = field(
        default="", metadata={"meaning": "File with Redis's password. It may not stand in the URL."}
    )
    redis_timeout: float = field(
        default=2.0, metadata={"meaning": "Seconds to wait for Redis before a page says that it is away."}
    )
    smtp_host: str = field(default="localhost", metadata={"meaning": "The mail server that takes our mail."})
    smtp_port: int = field(default=25, metadata={"meaning": "Its port."})
    smtp_security: str = field(
        default="starttls",
        metadata={
            "meaning": "`starttls`, `tls` from the first byte, or `none`, which only a mail server on this "
            "machine may have."
        },
    )
    smtp_user: str = field(
        default="", metadata={"meaning": "User name at the mail server; empty = no sign-in."}
    )
    smtp_password_file: str = field(default="", metadata={"meaning": "File with that user's password."})
    smtp_ca_file: str = field(
        default="",
        metadata={
            "meaning": "PEM file of the authority of the mail server's certificate; empty = the system's."
        },
    )
    smtp_timeout: float = field(
        default=20.0,
        metadata={"meaning": "Seconds the mail server may be silent before the mail is tried again later."},
    )
    mail_sender: str = field(
        default="counterpart@leaders.example",
        metadata={"meaning": "The address our mail comes from. Its domain also ends every Message-ID."},
    )
    mail_lease_seconds: float = field(
        default=120.0,
        metadata={
            "meaning": "Seconds after which a mail whose worker died is sent again; longer than it takes."
        },
    )
    backup_key_file: str = field(
        default="",
        metadata={
            "meaning": "File with the secret that backups are encrypted with; empty = they are not. Without "
            "it nobody opens them: keep a copy elsewhere."
        },
    )
    ledger_key_file: str = field(
        default="",
        metadata={"meaning": "Ed25519 key (PEM) that signs checkpoints of the ledger; keep a copy."},
    )
    log_file: Path = field(
        default=Path("var/log/counterpart.log"),
        metadata={
            "meaning": "Where commands write what went wrong inside; `serve` and `worker` write to stderr."
        },
    )
    worker_seconds: float = field(
        default=2.0, metadata={"meaning": "Seconds between two looks of the worker into the outbox."}
    )

    def __post_init__(self) -> None:
        if not self.redis_url.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("REDIS_URL must begin with redis://, rediss:// or unix://")
        if urlsplit(self.redis_url).password:
            raise ValueError("REDIS_URL may not hold a password; name a file in REDIS_PASSWORD_FILE")
        if self.smtp_security not in ("starttls", "tls", "none"):
            raise ValueError(f"SMTP_SECURITY must be starttls, tls or none, not {self.smtp_security!r}")
        if self.smtp_security == "none" and self.smtp_host not in ("localhost", "127.0.0.1", "::1"):
            raise ValueError("SMTP_SECURITY may be none only for a mail server on this machine")
        if self.mail_lease_seconds < 2 * self.smtp_timeout:
            raise ValueError(
                "MAIL_LEASE_SECONDS must be at least twice SMTP_TIMEOUT, or mails would be sent twice"
            )


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, by area."""

    directory: DirectorySettings
    store: StoreSettings
    saml: SAMLSettings
    sync: SyncSettings
    portal: PortalSettings
    service: ServiceSettings
    watch: WatchSettings
    index: IndexSettings


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as documentation shows it."""

    name: str
    kind: str
    default: str
    meaning: str


def load(environ: Mapping[str, str], file: Path | None = None) -> Settings:
    """Read all settings; the environment wins over the file. SettingsError names the first that is wrong."""
    given = _file_values(environ, file)
    given.update({name: value for name, value in environ.items() if name.startswith(PREFIX)})
    _refuse_misspelt(given)
    areas = {area: _read_area(area, kind, given) for area, kind in _areas().items()}
    return Settings(**areas)


def settings_file(environ: Mapping[str, str], file: Path | None = None) -> Path | None:
    """The file that settings come from: the one named, or the usual one where it exists."""
    named = file or (Path(environ[FILE_NAME]) if environ.get(FILE_NAME) else None)
    return named or (USUAL_FILE if USUAL_FILE.exists() else None)


def every_setting() -> Iterator[Setting]:
    """Every setting there is, for documentation and tests."""
    for area, kind in _areas().items():
        hints = typing.get_type_hints(kind)
        for each in dataclasses.fields(kind):
            yield Setting(
                _name(area, each.name),
                _kind(hints[each.name]),
                _shown(each.default),
                each.metadata["meaning"],
            )


def values(settings: Settings) -> dict[str, str]:
    """Name and value of every setting in force. None of them is a secret: those stand in files."""
    return {
        _name(area, each.name): _shown(getattr(getattr(settings, area), each.name))
        for area, kind in _areas().items()
        for each in dataclasses.fields(kind)
    }


def _areas() -> dict[str, Any]:
    return typing.get_type_hints(Settings)


def _name(area: str, field_name: str) -> str:
    return f"{PREFIX}{area}_{field_name}".upper()


def _read_area(area: str, kind: Any, given: Mapping[str, str]) -> Any:
    hints = typing.get_type_hints(kind)
    names = {each.name: _name(area, each.name) for each in dataclasses.fields(kind)}
    arguments = {key: _parse(name, hints[key], given[name]) for key, name in names.items() if name in given}
    try:
        return kind(**arguments)
    except ValueError as error:
        words = str(error).removesuffix(".")
        names_it = words.split(" ")[0].isupper()
        start = f"{PREFIX}{area.upper()}_" if names_it else f"The {PREFIX}{area.upper()} settings don't fit: "
        raise SettingsError(f"{start}{words}.") from None


def _file_values(environ: Mapping[str, str], file: Path | None) -> dict[str, str]:
    path = settings_file(environ, file)
    if path is None:
        return {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise SettingsError(f"The settings file {path} can't be read: {reason}.") from None
    pairs = (_line(path, number, line) for number, line in enumerate(lines, start=1))
    return dict(pair for pair in pairs if pair)


def _line(path: Path, number: int, line: str) -> tuple[str, str] | None:
    """One KEY=VALUE line; nothing for an empty line or a comment."""
    line = line.strip()
    if not line or line.startswith("#"):
        return None
    name, equals, value = line.partition("=")
    name, value = name.strip(), value.strip()
    if not equals or not name.startswith(PREFIX):
        raise SettingsError(f"{path}, line {number}: expected {PREFIX}<NAME>=<value>.")
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1]
    return name, value


def _refuse_misspelt(given: Mapping[str, str]) -> None:
    """A name in one of our areas that is no setting is a misspelling, and would silently leave a default."""
    known = {setting.name for setting in every_setting()}
    areas = tuple(f"{PREFIX}{area.upper()}_" for area in _areas())
    for name in given.keys() - known - NOT_OURS:
        closest = difflib.get_close_matches(name, known, n=1)
        meant = name.startswith(areas) or difflib.get_close_matches(name, known, n=1, cutoff=0.9)
        if meant:
            hint = f" Did you mean {closest[0]}?" if closest else ""
            raise SettingsError(f"There is no setting {name}.{hint}")


def _parse(name: str, kind: Any, text: str) -> Any:
    parse, expected = PARSERS[kind]
    try:
        return parse(text.strip())
    except (ValueError, KeyError):
        raise SettingsError(f"{name} must be {expected}, not {text!r}.") from None


def _number(text: str) -> float:
    number = float(text)
    if not 0 <= number < 1e9:  # also refuses nan and inf
        raise ValueError
    return number


def _whole_number(text: str) -> int:
    if not text.isascii() or not text.isdecimal():
        raise ValueError
    return int(text)


def _path(text: str) -> Path:
    if not text:
        raise ValueError
    return Path(text)


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


PARSERS: Mapping[Any, tuple[Callable[[str], Any], str]] = {
    str: (str, "text"),
    int: (_whole_number, "a whole number"),
    float: (_number, "a number"),
    bool: (lambda text: WORDS[text.lower()], "true or false"),
    Path: (_path, "a path"),
    tuple[str, ...]: (_list, "a list separated by commas"),
}


def _kind(hint: Any) -> str:
    return PARSERS[hint][1]


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)
