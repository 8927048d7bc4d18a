"""What came of each feed: which files are new, what became of those that were taken, who hears of silence."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from ldap_schema.clock import LONDON
from ldap_schema.feeds import FeedPart
from store import feed_watch, waiting
from store.feed_watch import TakenFile, Watched
from sync.context import Result, SyncContext
from sync.freshness import DAYS, Rhythm, Seen, is_silent
from sync.holds import is_approved
from sync.letters import tell_refused, tell_runs, tell_silence
from sync.mapping import Feed
from sync.source import WHOLE_FEED
from sync.sources.ready import Facts

ACTOR = "feeds"  # who settles matters on the desk that end by themselves


def new_files(
    context: SyncContext, feed: Feed, names: list[str], there: Mapping[str, Facts]
) -> list[tuple[str, Facts]]:
    """Those of the files that were not taken in this state, or that can go on where they were stopped."""
    with context.store.reading() as tx:
        known = {each.name: each for each in feed_watch.files(tx, feed.id)}
    parts = {each.part: each for each in context.directory.feeds.parts(feed.id)}
    found = ((name, there[name]) for name in names)
    return [
        (name, facts)
        for name, facts in found
        if _is_new(feed, known.get(name), facts, parts, context.clock())
    ]


def _is_new(
    feed: Feed, known: TakenFile | None, facts: Facts, parts: Mapping[str, FeedPart], now: datetime
) -> bool:
    if known is None or (known.size, known.modified) != (facts.size, facts.modified):
        return True
    if known.outcome in feed_watch.SUCCESSES:
        return False
    if known.mapping != feed.digest:
        return True  # the mapping was mended: what it refused or held may be right now
    part = parts.get(known.part)
    return known.outcome == feed_watch.HELD and part is not None and is_approved(part, known.run, now)


def note(
    context: SyncContext, feed: Feed, name: str, facts: Facts, run: Mapping[str, object], seconds: float
) -> None:
    """Remember what became of a file; `run` is what the run says of itself. A refusal is told its sender."""
    now, counts = context.clock(), run.get("counts")
    taken = TakenFile(
        feed=feed.id, name=name, part=str(run.get("part", WHOLE_FEED)), size=facts.size,
        modified=facts.modified, mapping=feed.digest, taken=now, outcome=str(run.get("status", "")),
        reason=str(run.get("reason", "")), run=str(run.get("run", "")),
        rows=dict(counts) if isinstance(counts, Mapping) else {}, seconds=round(seconds, 3),
    )  # fmt: skip
    with context.store.transaction() as tx:
        before = feed_watch.file(tx, feed.id, name)
        feed_watch.save_file(tx, taken)
        if taken.outcome == feed_watch.HELD and (before is None or before.run != taken.run):
            watched = feed_watch.watched(tx, feed.id, now)
            feed_watch.save(tx, replace(watched, trips=watched.trips + 1))
        matter = f"{feed.id}/{taken.part}"
        if taken.outcome == feed_watch.REFUSED:
            tell_refused(context, tx, feed, name, f"{facts.size} {facts.modified}", taken.reason)
            words = f"{feed.name} ({feed.id}): {name} was refused, and nothing was changed: {taken.reason}"
            waiting.raise_item(tx, waiting.REFUSED_FEED, matter, words, now)
        else:
            waiting.settle_matter(tx, waiting.REFUSED_FEED, matter, ACTOR, now)


def note_by_hand(context: SyncContext, feed: Feed, folder: Path, result: Result) -> None:
    """Remember what a command took, and mail its receipts. What it refused its operator has read already."""
    runs = result.data.get("runs", [result.data])
    for run in runs if isinstance(runs, list) else []:
        path = folder / str(run.get("file", ""))
        if run.get("status") in (*feed_watch.SUCCESSES, feed_watch.HELD) and path.is_file():
            facts = path.stat()
            note(context, feed, path.name, Facts(facts.st_size, facts.st_mtime_ns), run, 0.0)
    tell_runs(context, feed)


def looked(context: SyncContext, feed: Feed, problem: str = "", **known: object) -> None:
    """Remember a look for new files, and put what hindered it on the desk until it works again."""
    now = context.clock()
    with context.store.transaction() as tx:
        watched = feed_watch.watched(tx, feed.id, now)
        feed_watch.save(tx, replace(watched, looked=now, problem=problem, **known))  # type: ignore[arg-type]
        if problem:
            summary = f"{feed.name} could not be fetched: {problem}"
            waiting.raise_item(tx, waiting.UNREACHED_FEED, feed.id, summary, now)
        elif watched.problem:
            waiting.settle_matter(tx, waiting.UNREACHED_FEED, feed.id, ACTOR, now)


def watch_silence(context: SyncContext, feed: Feed) -> bool:
    """Sound the alarm once when no file came in time, and end it when one did; True while it is silent."""
    now = context.clock()
    if feed.origin.pushed:
        return False  # whoever pushes changes has nothing to push while nothing changes
    with context.store.transaction() as tx:
        watched = feed_watch.watched(tx, feed.id, now)
        silent = [
            part
            for part, seen in seen_parts(watched, feed_watch.files(tx, feed.id), {}).items()
            if is_silent(feed.rhythm, seen, now)
        ]
        if silent and watched.alarmed is None:
            _sound(context, tx, feed, watched, silent)
        elif not silent and watched.alarmed is not None:
            waiting.settle_matter(tx, waiting.SILENT_FEED, feed.id, ACTOR, now)
            feed_watch.save(tx, replace(watched, alarmed=None))
        return bool(silent)


def _sound(context: SyncContext, tx: Session, feed: Feed, watched: Watched, silent: list[str]) -> None:
    now = context.clock()
    words = f"No file of {feed.name} ({feed.id}) has come in time"
    words += f": {', '.join(silent)}." if silent != [WHOLE_FEED] else "."
    if watched.problem:
        words += f" It could not be fetched: {watched.problem}"
    expected = f"Agreed was: {agreed(feed.rhythm)}."
    waiting.raise_item(tx, waiting.SILENT_FEED, feed.id, f"{words} {expected}", now)
    tell_silence(context, tx, feed, words, expected, now)
    feed_watch.save(tx, replace(watched, alarmed=now))


def seen_parts(watched: Watched, files: list[TakenFile], held: Mapping[str, FeedPart]) -> dict[str, Seen]:
    """What is known of each part of one feed; of the whole of it where no file came yet."""
    newest: dict[str, TakenFile] = {}
    succeeded: dict[str, datetime] = {}
    for each in sorted(files, key=lambda file: file.taken):
        newest[each.part] = each
        if each.succeeded:
            succeeded[each.part] = max(each.succeeded, succeeded.get(each.part, each.succeeded))
    found = {}
    for part in sorted({*newest, *held} or {WHOLE_FEED}):
        last = newest.get(part)
        moments = [each for each in (last.taken if last else None, watched.confirmed) if each]
        good = [each for each in (succeeded.get(part), watched.confirmed) if each and part in succeeded]
        found[part] = Seen(
            since=watched.since, arrived=max(moments, default=None), succeeded=max(good, default=None),
            held=bool(part in held and held[part].hold_run),
            refused=last is not None and last.outcome == feed_watch.REFUSED,
        )  # fmt: skip
    return found


def agreed(rhythm: Rhythm) -> str:
    """Say the agreement in words, for a mail."""
    parts = []
    if rhythm.days:
        every = {7: "every day", 5: "Monday to Friday"}.get(len(rhythm.days))
        day = every or DAYS[min(rhythm.days)].capitalize()
        parts.append(f"{day} by {rhythm.by:%H:%M}, London time")
    if rhythm.stale_after:
        hours = int(rhythm.stale_after.total_seconds() // 3600)
        parts.append(f"a file at least every {hours} hours")
    return " and ".join(parts) or "nothing"


def moment(at: datetime | None) -> str:
    """A moment as a person in London reads it."""
    return f"{at.astimezone(LONDON):%Y-%m-%d %H:%M}" if at else ""
