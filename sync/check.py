"""Trying a mapping without any server: what it says, and what it would make of a sample file."""

import textwrap
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path

import msgspec

from ldap_schema.clock import london_today
from sync.canonical import canonical
from sync.context import DONE, PARTLY, Result
from sync.mapping import BLANK, DUPLICATE, ELIMINATED, NOT_DISCLOSED, NOT_ELIGIBLE, VACANT, Column, Feed
from sync.mapping_reader import load_feed
from sync.readers import Table, read_table
from sync.render import printable
from sync.rows import REJECTED, Candidate, Reading
from sync.settings import SyncSettings
from sync.source import WHOLE_FEED, Source, names_file, source_of
from sync.wording import shown

TAKEN = "taken"
SHOWN_LINES, SHOWN_ROWS, SHOWN_WORDS = 8, 50, 12  # what does not fit is counted; `--json` has it all
_MEANS = {
    TAKEN: "people the directory would hold",
    VACANT: "a post that nobody holds",
    NOT_ELIGIBLE: "counted and never stored",
    BLANK: "nobody is named",
    NOT_DISCLOSED: "nobody is named",
    ELIMINATED: "a post that is no more",
    DUPLICATE: "the same row twice; one is enough",
    REJECTED: "listed below; the other rows do not wait for them",
}


def check(
    settings: SyncSettings,
    clock: Callable[[], datetime],
    mapping: Path,
    sample: Path | None = None,
    width: int = 80,
) -> Result:
    """Check a mapping, and a sample file against it; InputRefused says what is wrong with either."""
    feed = load_feed(mapping)
    if sample is None:
        return Result(exit_code=DONE, text="\n".join(_of_mapping(feed, width)), data={"feed": feed.id})
    source, named = _source(feed, sample, london_today(clock()))
    table = read_table(feed, sample, settings)
    reading = canonical(feed, table, source.part, source.as_of)
    counts = {TAKEN: len(reading.candidates)}
    for each in reading.set_aside:
        counts[each.outcome] = counts.get(each.outcome, 0) + 1
    lines = [f"{sample.name} for {feed.name}, as of {source.as_of:%-d %B %Y}: {reading.rows} rows", ""]
    lines += [f"{count:>7}  {name:<14} {_MEANS.get(name, '')}".rstrip() for name, count in counts.items()]
    parts = (_first(reading), _left_out(table, width), _rejected(reading, width), _noted(reading, width))
    for part in (_wrapped(named, width, ""), _none_eligible(settings, feed, sample, counts, width), *parts):
        lines += ["", *part] if part else []
    lines += ["", "Nothing was changed, and nothing of the file was kept."]
    data = {
        "feed": feed.id,
        "part": source.part,
        "as_of": source.as_of,
        "rows": reading.rows,
        "counts": counts,
        "left_out": list(table.left_out),
        "set_aside": msgspec.to_builtins(reading.set_aside),
        "name_is_agreed": not named,
        "notes": [{"line": each.line, "note": note} for each in reading.candidates for note in each.notes],
    }
    return Result(exit_code=PARTLY if counts.get(REJECTED) else DONE, text="\n".join(lines), data=data)


def _source(feed: Feed, sample: Path, today: date) -> tuple[Source, str]:
    """Take a sample of any name, and say so where a file of that name would not be the feed's."""
    if names_file(feed, sample.name):
        return source_of(feed, sample, today), ""
    said = f'A file of that name would be left alone: the mapping says "{feed.file}" (source.file).'
    return Source(today, WHOLE_FEED, sample), said


def _none_eligible(
    settings: SyncSettings, feed: Feed, sample: Path, counts: Mapping[str, int], width: int
) -> list[str]:
    """Say what stands in the column that decides, where it let nobody through: a word is misspelt."""
    column = feed.eligible.column
    if counts.get(TAKEN) or not counts.get(NOT_ELIGIBLE) or not column:
        return []
    found = Counter(line.cells[column].strip() for line in read_table(feed, sample, settings).lines)
    words = ", ".join(f'"{shown(word)}" ({count})' for word, count in found.most_common(SHOWN_WORDS))
    said = f'Nobody is eligible. The column "{shown(column)}" has {words}'
    return _wrapped(f"{said}; eligible.any_of names none of them.", width, "")


def _of_mapping(feed: Feed, width: int) -> list[str]:
    """Say what a good mapping does, so that its writer sees whether it is meant so."""
    form = feed.format
    written = {"csv": f'CSV in {form.encoding}, separated by "{form.delimiter}"', "xlsx": "an XLSX workbook"}
    lines = [
        f"{feed.path}: the mapping of {feed.name} is good.",
        "",
        f"  Files         {feed.file}, {written.get(form.type, 'JSON')}",
        f"  A person      is told by {' and '.join(feed.key)}",
    ]
    if feed.eligible.column:
        words = ", ".join(sorted(feed.eligible.any_of))
        text = f"rows whose {feed.eligible.column} is one of: {words}"
    else:
        text = "every row that names somebody: add [eligible] if only some posts are for the directory"
    lines += _wrapped(text, width, "  Taken         ")
    for name in ("person", "post", "organisation", "office"):
        table: dict[str, Column] = getattr(feed, name)
        said = (f"{key.replace('_', ' ')} from {_origin(column)}" for key, column in table.items())
        lines += _wrapped("; ".join(said), width, f"  {name.capitalize():<14}") if table else []
    return [*lines, "", "Try it on a file: counterpart sync check FEED.toml FILE"]


def _origin(column: Column) -> str:
    return f'"{shown(column.column)}"' if column.value is None else "the mapping"


def _wrapped(text: str, width: int, label: str) -> list[str]:
    return textwrap.wrap(
        printable(text),
        width,
        initial_indent=label,
        subsequent_indent=" " * len(label),
        break_on_hyphens=False,
    )


def _first(reading: Reading) -> list[str]:
    """Show one person, so that a shifted or swapped column is seen at once."""
    if not reading.candidates:
        return []
    one = reading.candidates[0]
    bodies = len({each.post.organisation for each in reading.candidates})
    lines = [f"The first of them (line {one.line}) would be held as follows"]
    lines[0] += f"; there are {bodies} organisations in the file." if bodies > 1 else "."
    lines += [f"  {name:<16} {printable(value)}" for name, value in _facts(one) if value]
    return lines


def _facts(one: Candidate) -> Iterator[tuple[str, str]]:
    yield "name", one.name.display
    yield "family name", one.name.family
    yield "post", one.post.title
    yield "organisation", one.post.organisation.name or one.post.organisation.code
    yield "first day", str(one.first_day or "")
    yield "last day", str(one.last_day or "")
    for name in ("mail", "telephone", "mobile"):
        yield name, ", ".join(getattr(one, name))
    yield "signs in as", one.sign_in_address
    yield "key", one.key


def _left_out(table: Table, width: int) -> list[str]:
    names = [f'"{shown(each)}"' for each in table.left_out if each.strip()]
    if not names:
        return []
    more = f" and {len(names) - SHOWN_ROWS} more" if len(names) > SHOWN_ROWS else ""
    return [
        "Columns the mapping does not name are dropped unread:",
        *_wrapped(", ".join(names[:SHOWN_ROWS]) + more, width, "  "),
    ]


def _rejected(reading: Reading, width: int) -> list[str]:
    rows = [each for each in reading.set_aside if each.outcome == REJECTED]
    lines = ["Rows that can't be taken as they are:"] if rows else []
    for each in rows[:SHOWN_ROWS]:
        key = f" (key {printable(each.key)})" if each.key.strip("|") else ""
        lines += _wrapped(f"line {each.line}{key}: {each.reason}. {each.mend}", width, "  ")
    return lines + ([f"  and {len(rows) - SHOWN_ROWS} more"] if len(rows) > SHOWN_ROWS else [])


def _noted(reading: Reading, width: int) -> list[str]:
    """Say each thing that was mended or left out once, with the lines it happened on."""
    found: dict[str, list[int]] = {}
    for each in reading.candidates:
        for note in each.notes:
            found.setdefault(note, []).append(each.line)
    lines = ["Values that would be mended or left out:"] if found else []
    for note, places in list(found.items())[:SHOWN_ROWS]:
        lines += _wrapped(f"{_lines(places)}: {note}", width, "  ")
    return lines + ([f"  and {len(found) - SHOWN_ROWS} more"] if len(found) > SHOWN_ROWS else [])


def _lines(places: list[int]) -> str:
    if len(places) == 1:
        return f"line {places[0]}"
    some = ", ".join(map(str, places[:SHOWN_LINES]))
    return f"lines {some}" + (f" and {len(places) - SHOWN_LINES} more" if len(places) > SHOWN_LINES else "")
