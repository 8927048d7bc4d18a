"""A plan as a file: exactly what was reviewed is what is applied, or nothing is."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec

from ldap_schema.changes import Add, Change, Remove, Update
from ldap_schema.feeds import FeedPart
from ldap_schema.offices import Office
from ldap_schema.organisations import Organisation
from ldap_schema.people import Person
from ldap_schema.posts import Post, Tenure
from sync.draft import Kept
from sync.errors import PlanRefused
from sync.measures import Measures
from sync.plan import Plan
from sync.rows import RowOutcome
from sync.steps import PlanLine

VERSION = 1
_KINDS: Mapping[str, type[Kept]] = {
    kind.__name__: kind for kind in (Person, Post, Tenure, Organisation, Office, FeedPart)
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedPlan:
    """A plan, where its feed came from, and the guard's reasons against it."""

    run: str  # names the run; a fingerprint of everything else in the file
    plan: Plan
    feed_file: str
    mapping: str
    feed_name: str
    holds: tuple[str, ...] = ()
    raw: bytes = field(default=b"", repr=False, compare=False)  # the file's bytes


class _Written(msgspec.Struct, kw_only=True):
    """The form on disk; changes are tagged with what they do and to what."""

    version: int
    feed: str
    part: str
    as_of: date
    file_digest: str
    mapping_digest: str
    state_digest: str
    rows: int
    feed_file: str
    mapping: str
    feed_name: str
    holds: tuple[str, ...]
    changes: list[dict[str, Any]]
    lines: tuple[PlanLine, ...]
    outcomes: tuple[RowOutcome, ...]
    measures: Measures
    questions: tuple[str, ...] = ()


_PLAIN = (
    "feed",
    "part",
    "as_of",
    "file_digest",
    "mapping_digest",
    "state_digest",
    "rows",
    "lines",
    "outcomes",
    "measures",
    "questions",
)


def name_plan(
    plan: Plan, feed_file: str, mapping: str, feed_name: str, holds: tuple[str, ...] = ()
) -> SavedPlan:
    """Give the plan with its file's bytes and its run's name; the same plan gives the same."""
    written = _Written(
        version=VERSION,
        feed_file=feed_file,
        mapping=mapping,
        feed_name=feed_name,
        holds=holds,
        changes=[_change(each) for each in plan.changes],
        **{name: getattr(plan, name) for name in _PLAIN},
    )
    raw = msgspec.json.format(msgspec.json.encode(written), indent=1)
    return SavedPlan(
        run=_name(raw),
        plan=plan,
        feed_file=feed_file,
        mapping=mapping,
        feed_name=feed_name,
        holds=holds,
        raw=raw,
    )


def _name(raw: bytes) -> str:
    return blake2b(raw, digest_size=5).hexdigest()


def write_private(path: Path, raw: bytes) -> None:
    """Write a file that only the service reads; a reader sees the old or the new one, never half."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def read_plan(path: Path) -> SavedPlan:
    """Read a saved plan; PlanRefused when it is missing, changed by hand or of another version."""
    try:
        raw = path.read_bytes()
        written = msgspec.json.decode(raw, type=_Written)
        changes = tuple(_read_change(each) for each in written.changes)
    except OSError as error:
        raise PlanRefused(f"There is no plan at {path}: {error.strerror}.") from error
    except (msgspec.MsgspecError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise PlanRefused(f"{path} is not a plan this version can read ({error}). Make a new one.") from error
    if written.version != VERSION:
        raise PlanRefused(f"{path} is a plan of another version. Make a new one.")
    plan = Plan(changes=changes, **{name: getattr(written, name) for name in _PLAIN})
    return SavedPlan(
        run=_name(raw),
        plan=plan,
        feed_file=written.feed_file,
        mapping=written.mapping,
        feed_name=written.feed_name,
        holds=written.holds,
        raw=raw,
    )


def _change(change: Change) -> dict[str, Any]:
    if isinstance(change, Update):
        return {
            "op": "update",
            "kind": type(change.after).__name__,
            "before": change.before,
            "after": change.after,
        }
    op = "add" if isinstance(change, Add) else "remove"
    return {"op": op, "kind": type(change.record).__name__, "record": change.record}


def _read_change(written: dict[str, Any]) -> Change:
    kind = _KINDS[written["kind"]]
    if written["op"] == "update":
        return Update(msgspec.convert(written["before"], kind), msgspec.convert(written["after"], kind))
    record = msgspec.convert(written["record"], kind)
    return Add(record) if written["op"] == "add" else Remove(record)
