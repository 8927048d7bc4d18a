"""How fresh each feed is: one row per part, with one word for what somebody has to act on."""

import textwrap
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
from sync.source import WHOLE_FEED

HEADINGS = ("feed", "part", "rows", "as of", "last file", "last success", "next expected", "state")
_LEAST_TELLING = ("last file", "part", "as of", "rows")
_GAP = "  "
_RED = (LATE, STALE, HELD, REFUSED)


def status(context: SyncContext, folder: Path | None, colour: bool = False, width: int = 80) -> Result:
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
    table = [_table(rows, width, colour)] if rows else []
    text = "\n".join([*table, *broken]) or "No feed was applied yet."
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


def _table(rows: Sequence[Mapping[str, object]], width: int, colour: bool) -> str:
    headings = _that_fit(rows, width)
    widths = _widths(rows, headings)
    widths["feed"] = max(len("feed"), widths["feed"] - max(0, _breadth(widths) - width))
    lines = [_line({heading: heading for heading in headings}, widths)]
    for row in rows:
        text = _line({heading: _cell(row, heading) for heading in headings}, widths)
        wants = row["state"] in _RED
        lines.append(f"\x1b[31m{text}\x1b[0m" if colour and wants else text)
        if row["reason"] and wants:
            reason = printable(str(row["reason"]))
            lines += textwrap.wrap(reason, width, initial_indent="    ", subsequent_indent="    ")
    return "\n".join(lines)


def _that_fit(rows: Sequence[Mapping[str, object]], width: int) -> list[str]:
    """Leave columns out, the least telling first, until the rest fits; `--json` has them all."""
    headings = list(HEADINGS)
    for heading in _LEAST_TELLING:
        several = heading == "part" and any(row["part"] != WHOLE_FEED for row in rows)
        if _breadth(_widths(rows, headings)) > width and not several:
            headings.remove(heading)
    return headings


def _widths(rows: Sequence[Mapping[str, object]], headings: Sequence[str]) -> dict[str, int]:
    return {each: max(len(each), *(len(_cell(row, each)) for row in rows)) for each in headings}


def _breadth(widths: Mapping[str, int]) -> int:
    return sum(widths.values()) + len(_GAP) * (len(widths) - 1)


def _cell(row: Mapping[str, object], heading: str) -> str:
    value = row[heading.replace(" ", "_")]
    if heading in ("last success", "next expected"):
        return moment(value) or "-"  # type: ignore[arg-type]
    return printable(str(value)) if value not in (None, "") else "-"


def _line(cells: Mapping[str, str], widths: Mapping[str, int]) -> str:
    shown = (
        (text if len(text) <= widths[name] else f"{text[: widths[name] - 1]}…").ljust(widths[name])
        for name, text in cells.items()
    )
    return _GAP.join(shown).rstrip()
