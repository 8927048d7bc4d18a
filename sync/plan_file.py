"""A plan as a file: exactly what was reviewed is what is applied, or nothing is.

What it tells of people is sealed (`sealed.py`). The run's name is the digest of the file as it is, so that it
tells nothing of what is sealed, and a file that was changed is another run.
"""

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
from ldap_schema.reading_back import record_of
from sync.chunks import whose
from sync.draft import Kept
from sync.errors import PlanRefused
from sync.measures import Measures
from sync.pieces import (
    open_lines,
    open_outcomes,
    open_questions,
    seal_lines,
    seal_outcomes,
    seal_questions,
)
from sync.plan import Plan
from sync.sealed import Opened, Piece, Sealer

VERSION = 2
READABLE = (1, VERSION)  # what version 1 tells of people is in the clear
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
    erased: tuple[str, ...] = ()  # uids of people whose part can't be read any more
    sealer: Sealer = field(default_factory=Sealer, repr=False, compare=False)  # has the keys that open it


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
    changes: list[Piece]
    lines: list[Piece]
    outcomes: list[Piece]
    measures: Measures
    questions: list[Piece | str] = []


_PLAIN = (
    "feed",
    "part",
    "as_of",
    "file_digest",
    "mapping_digest",
    "state_digest",
    "rows",
    "measures",
)


def name_plan(
    plan: Plan,
    feed_file: str,
    mapping: str,
    feed_name: str,
    holds: tuple[str, ...] = (),
    *,
    sealer: Sealer,
) -> SavedPlan:
    """Give the plan with its file's bytes and its run's name; the same plan and keys give the same.

    Keys that had to be made are kept with the file (`keep_plan`).
    """
    sealer.look_up(whose(record_of(each)) for each in plan.changes)
    written = _Written(
        version=VERSION,
        feed_file=feed_file,
        mapping=mapping,
        feed_name=feed_name,
        holds=holds,
        changes=[sealer.seal(whose(record_of(each)), _change(each)) for each in plan.changes],
        lines=seal_lines(sealer, plan),
        outcomes=seal_outcomes(sealer, plan.feed, plan.part, plan.outcomes),
        questions=list(seal_questions(sealer, plan.feed, plan.part, plan.questions)),
        **{name: getattr(plan, name) for name in _PLAIN},
    )
    raw = msgspec.json.encode(written)  # in one line: laid out, that of a large file is half as long again
    return SavedPlan(
        run=_name(raw),
        plan=plan,
        feed_file=feed_file,
        mapping=mapping,
        feed_name=feed_name,
        holds=holds,
        raw=raw,
        sealer=sealer,
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


def read_plan(path: Path, sealer: Sealer) -> SavedPlan:
    """Read a saved plan; PlanRefused when it is missing, changed by hand or of another version.

    What it told of somebody who was erased is left out, and `erased` says of whom.
    """
    try:
        raw = path.read_bytes()
        written = msgspec.json.decode(raw, type=_Written)
        opened = sealer.open_all(written.changes)
        changes = tuple(_read_change(each) for each in opened if each is not None)
        lines = open_lines(sealer, written.lines)
        outcomes = open_outcomes(sealer, written.outcomes)
    except OSError as error:
        raise PlanRefused(f"There is no plan at {path}: {error.strerror}.") from error
    except (msgspec.MsgspecError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise PlanRefused(f"{path} is not a plan this version can read ({error}). Make a new one.") from error
    if written.version not in READABLE:
        raise PlanRefused(f"{path} is a plan of another version. Make a new one.")
    gone = [each["of"] for each, told in zip(written.changes, opened, strict=True) if told is None]
    plan = Plan(
        changes=changes,
        lines=lines,
        outcomes=outcomes,
        questions=open_questions(sealer, written.questions),
        **{name: getattr(written, name) for name in _PLAIN},
    )
    return SavedPlan(
        erased=sealer.are_erased(gone, str(path)),
        run=_name(raw),
        plan=plan,
        feed_file=written.feed_file,
        mapping=written.mapping,
        feed_name=written.feed_name,
        holds=written.holds,
        raw=raw,
        sealer=sealer,
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


def whole_plan(path: Path, sealer: Sealer) -> SavedPlan:
    """Read a saved plan that is to be carried out; PlanRefused also where somebody in it was erased since."""
    saved = read_plan(path, sealer)
    if saved.erased:
        raise PlanRefused(
            f"Somebody in the plan {saved.run} was erased since. Nothing was changed; plan again."
        )
    return saved


def keep_plan(saved: SavedPlan, path: Path) -> None:
    """Write a plan's file, and before it the keys that open it; RunOvertaken where it is to be made anew."""
    saved.sealer.keep()
    write_private(path, saved.raw)


def _read_change(written: Opened) -> Change:
    kind = _KINDS[written["kind"]]
    if written["op"] == "update":
        return Update(msgspec.convert(written["before"], kind), msgspec.convert(written["after"], kind))
    record = msgspec.convert(written["record"], kind)
    return Add(record) if written["op"] == "add" else Remove(record)
