"""Whether a file in a sender's folder is whole: the sender's marker says so, or nobody has written to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath

from sync.sources.origin import Origin

SECOND = 1_000_000_000  # nanoseconds


@dataclass(frozen=True, slots=True)
class Facts:
    """What tells one state of a file from another."""

    size: int  # bytes
    modified: int  # nanoseconds since 1970


def is_ready(origin: Origin, name: str, there: Mapping[str, Facts], now: datetime) -> bool:
    """Tell whether the named one of the files that are there may be taken.

    A file from the future was dated by whoever sent it, after it was written: what writes to it dates it now.
    """
    if origin.ready:
        return is_marked(origin, name, there)
    age = now.timestamp() - there[name].modified / SECOND
    return age < 0 or age >= origin.still_seconds


def is_marked(origin: Origin, name: str, there: Mapping[str, Facts]) -> bool:
    """Tell whether the sender's marker of that file is there.

    It counts when it is not older than the file: yesterday's says nothing of what is being written now.
    """
    markers = {origin.ready.replace("*", each) for each in (name, PurePath(name).stem)}
    return any(marker in there and there[marker].modified >= there[name].modified for marker in markers)
