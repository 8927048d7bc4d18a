"""How fresh each feed is: one row per part, with one word for what somebody has to act on."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from ldap_schema.feeds import FeedPart
from store import feed_watch
from store.feed_watch import TakenFile, Watched
from sync.coming import moment, seen_parts
from sync.context import DONE, OTHER, Result, SyncContext
from sync.freshness import HELD, LATE, NO_RHYTHM, REFUSED, STALE, Rhythm, Seen, state_of
from sync.mapping_reader import load_feeds
from sync.render import printable

HEADINGS = ("feed", "part", "rows", "as of", "last file", "last success", "next expected", "state")
_RED = (LATE, STALE, HELD, REFUSED)


def status(context: SyncContext, folder: Path | None, colour: bool = False) -> Result:
    """Give the table; with a folder of mappings also what was agreed, and feeds of which nothing came yet."""
    feeds, refused = load_feeds(folder) if folder else ([], [])
    rhythms, broken = {each.id: each.rhythm for each in feeds}, [str(each) for each in refused]
    with context.store.reading() as tx:
        watched, files = feed_watch.every(tx), feed_watch.files(tx)
    parts: dict[str, dict[str, FeedPart]] = {}
    for each in context.directory.feeds.parts():
        parts.setdefault(each.feed, {})[each.part] = each
    rows = []
    for feed in sorted({*rhythms, *watched, *parts}):
        known = watched.get(feed, Watched(feed=feed, since=context.clock()))
        ours = [each for each in files if each.feed == feed]
        rows += _rows(context, known, ours, parts.get(feed, {}), rhythms.get(feed, NO_RHYTHM))
    text = "\n".join([_table(rows, colour), *broken]) if rows or broken else "No feed was applied yet."
    return Result(exit_code=OTHER if broken else DONE, text=text, data={"parts": rows, "problems": broken})


def _rows(
    context: SyncContext,
    watched: Watched,
    files: list[TakenFile],
    parts: Mapping[str, FeedPart],
    rhythm: Rhythm,
) -> list[dict[str, object]]:
    now = context.clock()
    due = rhythm.due_after(now)
    rows: list[dict[str, object]] = []
    for name, seen in seen_parts(watched, files, parts).items():
        part = parts.get(name, FeedPart(feed=watched.feed, part=name))
        seen = _with_applied(seen, part)
        last = max((each for each in files if each.part == name), key=_when, default=None)
        rows.append({
            "feed": watched.feed, "part": name, "rows": part.rows, "as_of": part.as_of,
            "last_file": last.name if last else "", "last_file_at": last.taken if last else None,
            "last_success": seen.succeeded, "next_expected": due, "state": state_of(rhythm, seen, now),
            "reason": part.hold_reason or watched.problem or (last.reason if last else ""),
            "hold_run": part.hold_run,
        })  # fmt: skip
    return rows


def _when(file: TakenFile) -> tuple[datetime, str]:
    return file.taken, file.name


def _with_applied(seen: Seen, part: FeedPart) -> Seen:
    """What was applied before files were remembered one by one counts too."""
    if seen.succeeded or not part.applied_at:
        return seen
    return Seen(
        since=min(seen.since, part.applied_at), arrived=seen.arrived or part.applied_at,
        succeeded=part.applied_at, held=seen.held, refused=seen.refused,
    )  # fmt: skip


def _table(rows: Sequence[Mapping[str, object]], colour: bool) -> str:
    cells = [[_cell(row, heading) for heading in HEADINGS] for row in rows]
    widths = [max(len(line[column]) for line in [HEADINGS, *cells]) for column in range(len(HEADINGS))]
    lines = [_line(HEADINGS, widths)]
    for row, line in zip(rows, cells, strict=True):
        text = _line(line, widths)
        if colour and row["state"] in _RED:
            text = f"\x1b[31m{text}\x1b[0m"
        lines.append(text)
        if row["reason"] and row["state"] in _RED:
            lines.append(f"    {printable(str(row['reason']))}")
    return "\n".join(lines)


def _cell(row: Mapping[str, object], heading: str) -> str:
    value = row[heading.replace(" ", "_")]
    if heading in ("last success", "next expected"):
        return moment(value) or "-"  # type: ignore[arg-type]
    return printable(str(value)) if value not in (None, "") else "-"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
