"""`sync run --due`: for every mapping of a folder fetch what is new, take it, and see what is missing.

Doing it twice does nothing the second time; one feed's failure does not stop the others.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from ldap_schema.clock import london_today
from ldap_schema.errors import DirectoryError
from store import feed_watch
from store.errors import StoreError
from sync import coming, runs
from sync.context import OTHER, Result, SyncContext, gravest
from sync.errors import FileRefused, MappingRefused, SourceFailed, SyncError
from sync.letters import tell_runs
from sync.mapping import Feed
from sync.mapping_reader import load_feed
from sync.retention import clear_away
from sync.source import WHOLE_FEED, Source, in_order, source_of
from sync.sources import drop, https
from sync.sources.origin import HTTPS
from sync.sources.ready import Facts

NOTHING_NEW = "Nothing new has come."

log = logging.getLogger(__name__)
Progress = Callable[[int, int, str], None]


def run_due(context: SyncContext, folder: Path, progress: Progress | None = None) -> Result:
    """Look after every feed of the folder; the exit code is the gravest of all."""
    if not folder.is_dir():
        raise MappingRefused(f"There is no folder {folder} of mappings (COUNTERPART_SYNC_MAPPINGS).")
    paths = sorted(folder.glob("*.toml"))
    results: list[Result] = []
    feeds: list[Feed] = []
    for number, path in enumerate(paths, start=1):
        feed, result = _look_after(context, path, {each.id: each.path for each in feeds})
        feeds += [feed] if feed else []
        results += result
        if progress:
            progress(number, len(paths), path.name)
    results += clear_away(context, feeds, every=len(feeds) == len(paths))
    text = "\n".join(each.text for each in results) or NOTHING_NEW
    return Result(
        exit_code=gravest([each.exit_code for each in results]), text=text,
        data={"runs": [each.data for each in results]},
    )  # fmt: skip


def _look_after(
    context: SyncContext, path: Path, known: Mapping[str, str]
) -> tuple[Feed | None, list[Result]]:
    """One feed from its mapping to its alarm; whatever goes wrong is told and stays with this feed."""
    feed = None
    try:
        feed = load_feed(path)
        if feed.id in known:
            raise MappingRefused(f'{path}: feed.id: "{feed.id}" is the id of {known[feed.id]} as well.')
        found: list[Result] = []
        if not feed.origin.pushed:  # what SCIM clients push has a look of its own in the worker
            found = [*_fetch(context, feed), *_take_new(context, feed)]
        tell_runs(context, feed)
        coming.watch_silence(context, feed)
        return feed, found
    except SyncError as error:
        return feed, [_failed(path, str(error), error.exit_code)]
    except (DirectoryError, StoreError, OSError) as error:
        return feed, [_failed(path, str(error), OTHER)]
    except Exception as error:  # a mistake of ours with one feed must not leave the others untouched
        log.exception("the feed of %s failed", path.name)
        return feed, [_failed(path, f"Something went wrong inside ({type(error).__name__}).", OTHER)]


def _failed(path: Path, sentence: str, code: int) -> Result:
    data = {"mapping": path.name, "status": "failed", "reason": sentence}
    return Result(exit_code=code, text=f"{path.name}: {sentence}", data=data)


def _fetch(context: SyncContext, feed: Feed) -> Iterator[Result]:
    """Get what is new from the sender's server; what is in the inbox already is taken whatever it says."""
    if not feed.origin.fetched:
        coming.looked(context, feed)
        return
    with context.store.reading() as tx:
        known = feed_watch.watched(tx, feed.id, context.clock()).fetched
    # asyncssh is loaded when a feed asks for it: that takes as long as an ordinary file.
    server = https if feed.origin.type == HTTPS else import_module("sync.sources.sftp")
    try:
        fetched: https.Fetched = server.pull(feed, context.settings, known, context.clock())
    except SourceFailed as error:
        coming.looked(context, feed, str(error))
        yield _failed(Path(feed.path), str(error), error.exit_code)
        return
    changed: dict[str, Any] = {"fetched": fetched.known}
    changed |= {"confirmed": context.clock()} if fetched.confirmed else {}
    coming.looked(context, feed, fetched.problem, **changed)
    if fetched.problem:
        yield _failed(Path(feed.path), fetched.problem, OTHER)


def _take_new(context: SyncContext, feed: Feed) -> Iterator[Result]:
    there = drop.look(context.settings.inbox)
    new = dict(coming.new_files(context, feed, drop.whole_files(feed, there, context.clock()), there))
    sources = []
    for name in new:
        try:
            path = context.settings.inbox / name
            sources.append(source_of(feed, path, london_today(context.clock())))
        except FileRefused as refused:
            yield _refused(context, feed, name, new[name], refused)
    for source in in_order(sources):
        yield _take(context, feed, source, new[source.path.name])


def _refused(context: SyncContext, feed: Feed, name: str, facts: Facts, refused: FileRefused) -> Result:
    run = {"file": name, "part": WHOLE_FEED, "status": feed_watch.REFUSED, "reason": str(refused)}
    coming.note(context, feed, name, facts, run, 0.0)
    return Result(exit_code=refused.exit_code, text=f"{feed.id}: refused: {refused}", data=run)


def _take(context: SyncContext, feed: Feed, source: Source, facts: Facts) -> Result:
    began = time.perf_counter()
    result = runs.run_feed(context, Path(feed.path), [source.path])
    found = result.data["runs"]
    run = {"part": source.part, "feed": feed.id} | (found[0] if isinstance(found, list) and found else {})
    coming.note(context, feed, source.path.name, facts, run, time.perf_counter() - began)
    tell_runs(context, feed)
    return Result(exit_code=result.exit_code, text=f"{feed.id}: {result.text}", data=run)
