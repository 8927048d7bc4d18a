"""The one table from what went wrong to the sentence on stderr and the exit code of a command."""

from dataclasses import dataclass

from redis.exceptions import RedisError

from app.incomplete import PortalIncomplete
from counterpart.exit_codes import OTHER
from counterpart.refused import Refused
from counterpart.settings import SettingsError
from ldap_schema.errors import (
    AccountRefused,
    AlreadyThere,
    BadValue,
    DirectoryError,
    DirectoryNotTrusted,
    DirectoryRefused,
    DirectoryUnavailable,
    Moved,
    NotFound,
)
from saml.errors import ProviderRefused, SAMLError, Unavailable
from search_index.errors import IndexFailed
from store.errors import BadRecord, Conflict, NoSuchRecord, StoreError, StoreNotReady, StoreUnavailable
from sync.errors import SyncError

UNCHANGED = "Nothing more was changed."
DOCTOR = "`counterpart doctor` says what is wrong."


@dataclass(frozen=True, slots=True)
class Failure:
    """What the person at the terminal is told."""

    sentence: str
    code: int = OTHER


# What to say after the error's own sentence; the most exact class that matches decides.
ADVICE: dict[type[BaseException], str] = {
    DirectoryNotTrusted: f"{UNCHANGED} Nothing was sent to it. {DOCTOR}",
    AccountRefused: f"{UNCHANGED} {DOCTOR}",
    DirectoryUnavailable: f"{UNCHANGED} Is the directory running? {DOCTOR}",
    DirectoryRefused: f"{UNCHANGED} The service account may lack a right. {DOCTOR}",
    NotFound: UNCHANGED,
    AlreadyThere: UNCHANGED,
    Moved: f"{UNCHANGED} Somebody else was quicker; run the command again.",
    BadValue: UNCHANGED,
    DirectoryError: UNCHANGED,
    StoreNotReady: UNCHANGED,
    StoreUnavailable: f"{UNCHANGED} {DOCTOR}",
    NoSuchRecord: UNCHANGED,
    Conflict: UNCHANGED,
    BadRecord: UNCHANGED,
    StoreError: f"{UNCHANGED} {DOCTOR}",
    SettingsError: "",
    Refused: "",
    PortalIncomplete: "Nothing was started.",
    SyncError: "",
    IndexFailed: "The index that was in use still is.",
    ProviderRefused: "Nothing was registered or changed.",
    Unavailable: f"{UNCHANGED} {DOCTOR}",
    SAMLError: UNCHANGED,
    RedisError: f"{UNCHANGED} {DOCTOR}",
    OSError: UNCHANGED,
}


def failure_of(error: BaseException, *, advice: bool = True) -> Failure | None:
    """What to say about an error we know; None for one that we do not, which is a mistake of ours.

    Without `advice` it is the error's own sentence alone.
    """
    for kind in type(error).__mro__:
        if kind in ADVICE:
            code = getattr(error, "exit_code", None) or getattr(error, "code", None)
            told = _join(_own_words(error), ADVICE[kind] if advice else "")
            return Failure(told, code if isinstance(code, int) else OTHER)
    return None


def _own_words(error: BaseException) -> str:
    if isinstance(error, RedisError):
        return f"Redis does not answer: {error}"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)


def _join(sentence: str, advice: str) -> str:
    line = " ".join(sentence.split()) or "No reason was given"
    ended = line if line[-1] in ".!?…" else f"{line}."
    return f"{ended} {advice}".strip()
