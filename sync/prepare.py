"""From a mapping and a file to a judged plan; reads the directory, writes nothing anywhere."""

import shlex
import time
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from ldap_schema.clock import london_today
from ldap_schema.feeds import FeedPart
from store import ledger
from sync.canonical import canonical
from sync.closing import UNDONE_EVENT
from sync.context import SyncContext
from sync.errors import FileRefused, PlanRefused
from sync.guard import judge
from sync.mapping import Feed
from sync.mapping_reader import load_feed
from sync.narrow import Sieve
from sync.plan import make_plan
from sync.plan_file import SavedPlan, name_plan, read_plan
from sync.readers import Table, read_table
from sync.rows import Reading
from sync.settling import narrowing
from sync.source import Source, find_sources, source_of
from sync.sources.drop import ensure_marked
from sync.state import State, read_part, read_state
from sync.tombstones import read_stones

UNDATED = "{as_of}"
_EVER = datetime(2000, 1, 1, tzinfo=UTC)  # before any run


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A plan ready to be shown, saved or applied, with the state it was made from."""

    saved: SavedPlan
    state: State
    reading: Reading
    sieve: Sieve
    began: float  # time.monotonic()

    @property
    def nothing_new(self) -> bool:
        """Whether the directory already says all that the file says, and remembers this file."""
        part = self.state.part
        same_file = (part.as_of, part.file_digest) == (self.reading.as_of, self.reading.file_digest)
        return same_file and not self.saved.plan.changes


def newest_source(context: SyncContext, feed: Feed) -> Source:
    """Give the newest file in the inbox; a feed with several bodies needs to be told which."""
    sources = find_sources(feed, context.settings.inbox, london_today(context.clock()))
    if len({each.part for each in sources}) > 1:
        raise FileRefused(
            f"{context.settings.inbox} has files of several bodies for {feed.id}: name one with "
            "--file, or use `sync run`."
        )
    ensure_marked(feed, sources[-1].path)
    return sources[-1]


def prepare(context: SyncContext, feed: Feed, source: Source, *, narrowly: bool = False) -> Prepared:
    """Read one file and work out its plan; FileRefused when it is older than what was applied.

    Narrowly: rows that are as before are left out where that is sure to give the same plan (`narrow.py`).
    """
    began = time.monotonic()
    table = read_table(feed, source.path, context.settings)
    part = read_part(context.directory, feed.id, source.part)
    as_of = source.as_of
    if UNDATED not in feed.file and part.as_of and table.digest == part.file_digest:
        as_of = part.as_of  # the very file we have: it says nothing new about today
    if part.as_of and as_of < part.as_of:
        raise FileRefused(
            f"{source.path.name} is about {as_of}; the directory already has {feed.id}, part "
            f"{source.part}, as of {part.as_of}. "
            "An older file never follows a newer one."
        )
    today = london_today(context.clock())
    settings = context.settings
    sieve = narrowing(context, feed, part, today) if narrowly else Sieve(feed.digest)
    reading = _sifted(context, feed, table, sieve, source.part, as_of)
    if reading is None:
        return prepare(context, feed, source)
    state = read_state(context.directory, reading, sieve.uids(), len(sieve.as_before))
    plan = make_plan(feed, reading, state, context.mint_id, today, settings.joiner_show, settings.notice_days)
    holds = judge(plan.measures, feed.limits).reasons + _undone_before(context, part, reading)
    if sieve.memory and (holds or not sieve.is_sure(plan, reading)):
        return prepare(context, feed, source)
    standing = _standing(context, state, plan.state_digest, reading)
    if standing:
        # Planned before, stopped, and nothing moved since: it stays the same run, so that an approval
        # finds it.
        return Prepared(saved=standing, state=state, reading=reading, sieve=sieve, began=began)
    file, mapping = str(source.path.resolve()), str(Path(feed.path).resolve())
    saved = name_plan(plan, file, mapping, feed.name, holds, sealer=context.sealer())
    return Prepared(saved=saved, state=state, reading=reading, sieve=sieve, began=began)


def _sifted(
    context: SyncContext, feed: Feed, table: Table, sieve: Sieve, part: str, as_of: date
) -> Reading | None:
    """Read the rows that a sieve lets through; None where the whole file is to be read."""
    try:
        some = _read(context, feed, replace(table, lines=sieve.lines(table.lines)), part, as_of)
    except FileRefused:
        if not sieve.as_before:
            raise
        return None  # that none of some rows can be read says nothing of the file
    return None if sieve.memory and not sieve.pays else sieve.completed(some)


def _read(context: SyncContext, feed: Feed, table: Table, part: str, as_of: date) -> Reading:
    """Read a file's rows, but those of people who were erased."""
    return read_stones(context).without_erased(canonical(feed, table, part, as_of))


def _undone_before(context: SyncContext, part: FeedPart, reading: Reading) -> tuple[str, ...]:
    """Hold a file that was applied once and taken back: the same bytes would do the same again."""
    if part.file_digest == reading.file_digest:
        return ()
    with context.store.reading() as tx:
        undone = ledger.holds(
            tx,
            UNDONE_EVENT,
            f"feed:{reading.feed}",
            "file",
            reading.file_digest,
            _EVER,
        )
    return ("this very file was applied before, and the run was undone",) if undone else ()


def _standing(context: SyncContext, state: State, digest: str, reading: Reading) -> SavedPlan | None:
    path = context.plan_path(state.part.hold_run)
    if not state.part.hold_run or not path.exists():
        return None
    held = read_plan(path, context.sealer())
    if held.erased:
        return None
    same = (held.plan.state_digest, held.plan.file_digest, held.plan.mapping_digest, held.plan.as_of)
    return held if same == (digest, reading.file_digest, reading.mapping_digest, reading.as_of) else None


def still_holds(context: SyncContext, saved: SavedPlan) -> State:
    """Check that feed file, mapping and this part of the directory are what the plan was made from;
    PlanRefused if not.
    """
    plan, path = saved.plan, Path(saved.feed_file)
    feed = load_feed(Path(saved.mapping))
    if feed.digest != plan.mapping_digest:
        raise _stale(saved, f"The mapping {saved.mapping} was changed")
    table = read_table(feed, path, context.settings)
    if table.digest != plan.file_digest:
        raise _stale(saved, f"The file {path} was changed")
    state = read_state(context.directory, _read(context, feed, table, plan.part, plan.as_of))
    if state.digest() != plan.state_digest:
        raise _stale(saved, "The directory has moved on")
    return state


def _stale(saved: SavedPlan, what: str) -> PlanRefused:
    """Say what moved, and the command that plans, judges and applies the same file anew."""
    command = shlex.join(["counterpart", "sync", "apply", saved.mapping, "--file", saved.feed_file])
    return PlanRefused(
        f"{what} since the plan {saved.run} was made. Nothing was changed; plan again: `{command}` applies "
        "what passes the guard."
    )


def named_source(context: SyncContext, feed: Feed, file: Path | None) -> Source:
    """Give the file a command names, or the newest in the inbox."""
    if file is None:
        return newest_source(context, feed)
    if not file.is_file():
        raise FileRefused(f"There is no file {file}.")
    return source_of(feed, file, london_today(context.clock()))
