"""What the command line calls: every function gives a `Result`, every failure is a `SyncError` with its
exit code.
"""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import msgspec

from ldap_schema.clock import london_today
from ldap_schema.feeds import FeedPart
from store.database import Store
from sync import holds as held
from sync.apply import apply_saved, nothing_to_do
from sync.chunks import in_chunks
from sync.context import DONE, HELD, PARTLY, PLANNED, Result, SyncContext, gravest
from sync.errors import InputRefused, RunOvertaken
from sync.mapping import Feed
from sync.mapping_reader import load_feed
from sync.plan_file import SavedPlan, keep_plan, whole_plan
from sync.prepare import named_source, prepare, still_holds
from sync.receipt import Receipt, as_csv, as_text, receipt_of
from sync.receipt_file import load_receipt
from sync.render import plan_text, receipt_line
from sync.resume import complete
from sync.sealed import Sealer
from sync.settings import SyncSettings
from sync.settling import keep
from sync.source import Source, find_sources, in_order
from sync.sources.drop import ensure_marked, is_unmarked
from sync.state import State, read_part

ATTEMPTS = 3  # plans made for one file before a run leaves to others who write the same entries
Progress = Callable[[int, int, str], None]


def plan_run(
    context: SyncContext,
    mapping: Path,
    file: Path | None = None,
    out: Path | None = None,
    width: int = 80,
    colour: bool = False,
) -> Result:
    """Show what a file would change; writes nothing but the plan file, when one is asked for."""
    feed = load_feed(mapping)
    source = named_source(context, feed, file)
    saved = prepare(context, feed, source).saved
    if out is not None:
        keep_plan(saved, out)
    settings, changes = context.settings, saved.plan.changes
    chunks = in_chunks(changes, settings.chunk_operations, settings.transaction_operations)
    text = plan_text(saved.plan, saved.holds, saved.run, width, colour, len(chunks))
    if is_unmarked(feed, source.path):
        text = f"No marker says that {source.path.name} is whole; it is read as it is.\n\n{text}"
    receipt = receipt_of(saved, "planned", context.clock())
    code = PLANNED if saved.plan.changes else DONE
    code = PARTLY if receipt.rejected() else code
    return Result(exit_code=HELD if saved.holds else code, text=text, data=_data(receipt))


def apply_run(context: SyncContext, target: Path, file: Path | None = None) -> Result:
    """Apply a saved plan (its file, or a held run by name), or plan and apply a mapping's file in one."""
    if target.suffix == ".toml":
        feed = load_feed(target)
        with context.lock(feed.id):
            return _one(context, feed, named_source(context, feed, file))
    saved = whole_plan(context.saved_plan(target), context.sealer())
    with context.lock(saved.plan.feed):
        complete(context, read_part(context.directory, saved.plan.feed, saved.plan.part))
        return _judged(context, saved, still_holds(context, saved))


def run_feed(
    context: SyncContext,
    mapping: Path,
    files: Sequence[Path] = (),
    folder: Path | None = None,
    progress: Progress | None = None,
) -> Result:
    """Take all files of a feed in date order; one refused or held file does not stop the others."""
    feed = load_feed(mapping)
    today = london_today(context.clock())
    if files:
        sources = in_order(named_source(context, feed, each) for each in files)
    else:
        sources = find_sources(feed, folder or context.settings.inbox, today)
    results: list[Result] = []
    with context.lock(feed.id):
        for number, source in enumerate(sources, start=1):
            try:
                if not files:
                    ensure_marked(feed, source.path)
                results.append(_one(context, feed, source))
            except InputRefused as refused:
                text = f"{source.as_of}  {source.part}: refused: {refused}"
                data = {"file": source.path.name, "status": "refused", "reason": str(refused)}
                results.append(Result(exit_code=refused.exit_code, text=text, data=data))
            if progress:
                progress(number, len(sources), source.path.name)
    text = "\n".join(each.text for each in results)
    return Result(
        exit_code=gravest([each.exit_code for each in results]),
        text=text,
        data={"runs": [each.data for each in results]},
    )


def _one(context: SyncContext, feed: Feed, source: Source) -> Result:
    """Plan and apply one file; planned afresh where somebody changed an entry between reading and writing."""
    with _collected_later():
        return _attempted(context, feed, source)


@contextmanager
def _collected_later() -> Iterator[None]:
    """Look for garbage in circles after a run: it makes a million records, and hardly a circle of them."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _attempted(context: SyncContext, feed: Feed, source: Source) -> Result:
    complete(context, read_part(context.directory, feed.id, source.part))
    for attempts_left in reversed(range(ATTEMPTS)):
        try:
            return _once(context, feed, source, narrowly=attempts_left == ATTEMPTS - 1)
        except RunOvertaken:
            if not attempts_left:
                raise
            complete(context, read_part(context.directory, feed.id, source.part))
    raise AssertionError  # pragma: no cover - the last attempt returns or raises


def _once(context: SyncContext, feed: Feed, source: Source, narrowly: bool) -> Result:
    prepared = prepare(context, feed, source, narrowly=narrowly)
    saved = prepared.saved
    if prepared.nothing_new:
        return _applied(nothing_to_do(context, saved))
    result = _judged(context, saved, prepared.state)
    if result.exit_code != HELD:
        keep(context, saved, prepared.state, prepared.sieve, prepared.began)
    return result


def _judged(context: SyncContext, saved: SavedPlan, state: State) -> Result:
    """Write a plan, or hold it where the guard says so and nobody approved it."""
    if saved.holds and not held.is_approved(state.part, saved.run, context.clock()):
        receipt = held.hold(context, saved, state.part)
        return Result(exit_code=HELD, text=held.alert(saved), data=_data(receipt))
    return _applied(apply_saved(context, saved, state))


def _applied(receipt: Receipt) -> Result:
    return Result(
        exit_code=PARTLY if receipt.rejected() else DONE, text=receipt_line(receipt), data=_data(receipt)
    )


def approve(context: SyncContext, run: str, reason: str) -> Result:
    """Approve a held run; it is applied by `apply_run`, or by the feed's next run."""
    part = held.approve(context, run, reason)
    text = f"Approved until {part.approved_until:%d %B %Y %H:%M} UTC. Apply it: counterpart sync apply {run}"
    return Result(exit_code=DONE, text=text, data=_part(part))


def reject(context: SyncContext, run: str, reason: str) -> Result:
    """Drop a held run."""
    part = held.reject(context, run, reason)
    return Result(
        exit_code=DONE, text=f"The run {run} is dropped. Nothing of it was applied.", data=_part(part)
    )


def holds(context: SyncContext) -> Result:
    """List what the guard stopped and nobody decided."""
    parts = sorted(context.directory.feeds.held(), key=lambda each: (each.feed, each.part))
    lines = []
    for each in parts:
        approved = held.is_approved(each, each.hold_run, context.clock())
        by = f" (approved by {each.approved_by}: counterpart sync apply {each.hold_run})" if approved else ""
        lines.append(f"{each.hold_run}  {each.feed} / {each.part}{by}: {each.hold_reason}")
    if lines:
        lines += [
            "",
            "Nothing of these was applied.",
            *held.decision(parts[0].hold_run if len(parts) == 1 else "RUN"),
        ]
    return Result(
        exit_code=DONE,
        text="\n".join(lines) or "No feed is held.",
        data={"holds": [_part(each) for each in parts]},
    )


def receipt(settings: SyncSettings, store: Store, run: str, as_table: bool = False) -> Result:
    """Give the receipt of a run as text, or as CSV for the sender."""
    found = load_receipt(settings.folder, run, Sealer(store))
    return Result(
        exit_code=DONE, text=as_csv(found) if as_table else as_text(found), data=_data(found, rows=True)
    )


def _data(receipt: Receipt, rows: bool = False) -> dict[str, object]:
    found: dict[str, object] = msgspec.to_builtins(receipt if rows else replace(receipt, outcomes=()))
    for bookkeeping in ("before", "after", "chunk_size", *(() if rows else ("outcomes",))):
        del found[bookkeeping]
    return found | {"counts": receipt.counts()}


def _part(part: FeedPart) -> dict[str, object]:
    found: dict[str, object] = msgspec.to_builtins(part)
    return found
