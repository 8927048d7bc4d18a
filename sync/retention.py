"""Deletes what was kept long enough: senders' files, plans, receipts; counted in the log, without names."""

import logging
import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from store import feed_watch
from sync.context import DONE, Result, SyncContext
from sync.mapping import Feed
from sync.plan_file import read_plan
from sync.render import printable
from sync.scim_snapshot import old_snapshots, remove_snapshot
from sync.source import names_file
from sync.sources import drop
from sync.sources.landing import unlanded
from sync.sources.ready import Facts

MOST_NAMED = 20

log = logging.getLogger(__name__)


def clear_away(context: SyncContext, feeds: Sequence[Feed], every: bool = True) -> list[Result]:
    """Delete what is old enough, and name files that belong to no feed: those are left alone.

    Without `every` feed at hand (a mapping can't be read) nobody can say whose a file is.
    """
    kept = _needed(context)
    counts = {
        "senders' files": _raw_files(context),
        "files that were never whole": _never_taken(context, feeds),
        "pushed snapshots": _snapshots(context, kept),
        "plans": _papers(context, "plans", kept),
        "receipts": _papers(context, "receipts", kept),
    }
    deleted = {what: count for what, count in counts.items() if count}
    results = []
    if deleted:
        words = ", ".join(f"{count} {what}" for what, count in deleted.items())
        log.info("deleted after their time: %s", words)
        results.append(
            Result(exit_code=DONE, text=f"Deleted after their time: {words}.", data={"deleted": deleted})
        )
    strangers = strange_files(context, feeds) if every else []
    if strangers:
        named = ", ".join(strangers[:MOST_NAMED])
        more = f" and {len(strangers) - MOST_NAMED} more" if len(strangers) > MOST_NAMED else ""
        text = f"Left alone, because no feed has files of that name: {printable(named)}{more}."
        results.append(Result(exit_code=DONE, text=text, data={"unknown_files": strangers}))
    return results


def strange_files(context: SyncContext, feeds: Sequence[Feed]) -> list[str]:
    """Files of the inbox that are no feed's, and no marker of one."""
    there = drop.look(context.settings.inbox)
    markers = [each.origin.ready for each in feeds if each.origin.ready]
    return sorted(
        name
        for name in there
        if not name.startswith(".")
        and not any(names_file(feed, name) for feed in feeds)
        and not any(Path(name).match(marker) for marker in markers)
    )


def _needed(context: SyncContext) -> set[str]:
    """Runs that somebody still has to decide on, or that are not written to their end."""
    parts = context.directory.feeds.parts()
    return {run for each in parts for run in (each.hold_run, each.pending_run) if run}


def _raw_files(context: SyncContext) -> int:
    """Delete files that were taken so long ago, in the state in which they were taken."""
    now, inbox, count = context.clock(), context.settings.inbox, 0
    held = {each.feed for each in context.directory.feeds.parts() if each.hold_run}
    there = drop.look(inbox)
    with context.store.transaction() as tx:
        for each in feed_watch.files(tx):
            old = each.deleted is None and now - each.taken >= timedelta(days=context.settings.raw_days)
            waits = each.outcome == feed_watch.HELD and each.feed in held
            if not old or waits:
                continue
            if there.get(each.name) == Facts(each.size, each.modified):
                (inbox / each.name).unlink(missing_ok=True)
                count += 1
            feed_watch.save_file(tx, replace(each, deleted=now))
    return count


def _never_taken(context: SyncContext, feeds: Sequence[Feed]) -> int:
    """Delete feeds' files that have lain here as long without being taken: cut off, or without a marker.

    Their age is that of their arrival here: a sender may keep an old date on what it sends today.
    """
    inbox, count = context.settings.inbox, 0
    before = (context.clock() - timedelta(days=context.settings.raw_days)).timestamp()
    with context.store.reading() as tx:
        taken = {(each.name, Facts(each.size, each.modified)) for each in feed_watch.files(tx)}
    for name, facts in drop.look(inbox).items():
        whole = unlanded(name) or name
        if (name, facts) in taken or not any(names_file(feed, whole) for feed in feeds):
            continue
        if _arrived(inbox / name) < before:
            (inbox / name).unlink(missing_ok=True)
            count += 1
    return count


def _snapshots(context: SyncContext, kept: set[str]) -> int:
    """Delete what pushed feeds were judged by, as old as senders' files, but for what a run still needs."""
    before = context.clock() - timedelta(days=context.settings.raw_days)
    old = old_snapshots(context.settings.folder.resolve(), before)
    plans = [path for run in kept if (path := context.plan_path(run)).exists()] if old else []
    needed = {Path(read_plan(path, context.sealer()).feed_file) for path in plans}
    for path in old - needed:
        remove_snapshot(path)
    return len(old - needed)


def _papers(context: SyncContext, kind: str, kept: set[str]) -> int:
    """Delete old plans or receipts; a paper's age is its file's, which is written once a step."""
    folder, count = context.settings.folder / kind, 0
    limit = context.clock() - timedelta(days=context.settings.plan_days)
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.name.split(".")[0] not in kept and _written(path) < limit.timestamp():
            path.unlink(missing_ok=True)
            count += path.suffix == ".json"
    return count


def _arrived(path: Path) -> float:
    try:
        facts = path.lstat()
    except FileNotFoundError:
        return math.inf
    return max(facts.st_mtime, facts.st_ctime)


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return math.inf
