"""Where the table begins and ends in a file: title rows, header, rows, footer. Only the columns that the
mapping names come out of it.
"""

import re
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from sync.errors import FileRefused
from sync.mapping import Feed
from sync.normalise import clean, fold
from sync.wording import closest, shown

MOST_COLUMNS = 2_000
Row = tuple[int, list[str]]


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a file as they stand, each with its number, and what is to be said of some of them."""

    rows: Iterator[Row]
    notes: Mapping[int, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)  # filled when the header is read


class Line(NamedTuple):
    """One row: its line number in the file, its cells by column name, or why it can't be read."""

    number: int
    cells: dict[str, str]
    trouble: str = ""
    note: str = ""


def table_lines(feed: Feed, rows: Rows, name: str, most: int) -> Iterator[Line]:
    """Find header and footer and give the rows between them; FileRefused when they are not as agreed. A blank
    row is nothing.
    """
    footer: list[Row] = []
    body = _without_footer(_below_title(feed, rows.rows, name), feed, footer)
    header = next((cells for _, cells in body if _filled(cells)), None)
    if header is None:
        raise FileRefused(f"{name} has no header and no rows. It never changes anything.")
    places = _places(feed, header, name)
    rows.left_out.extend(cell for place, cell in enumerate(header) if place not in places.values())
    count, probe = 0, max(places.values())
    for number, cells in body:
        if not _filled(cells):
            continue
        count += 1
        if count > most:
            raise FileRefused(f"{name} has more than {most} rows.")
        if cells[probe : probe + 1] == header[probe : probe + 1]:
            _check_again(number, cells, places, name)
        yield _line(number, cells, len(header), places, rows.notes.get(number, ""))
    _check_footer(feed, footer, count, places, name)
    if not count:
        raise FileRefused(
            f"{name} has a header and no rows. Such a file never changes anything; nobody was marked absent."
        )


def _check_again(number: int, cells: list[str], places: dict[str, int], name: str) -> None:
    """Refuse a file whose header stands there again: what is below it may be a list of other people."""
    if all(_column_name(cells[place]) == _column_name(column) for column, place in places.items()):
        raise FileRefused(
            f"{name} has its header again in line {number}: it was put together from several tables. Nothing "
            "was taken from it; send one table with one header."
        )


def _filled(cells: list[str]) -> bool:
    for cell in cells:  # nearly always the first one says it; `any` would make a generator for each row
        if cell and not cell.isspace():
            return True
    return False


def _below_title(feed: Feed, rows: Iterator[Row], name: str) -> Iterator[Row]:
    """Leave out what stands above the header."""
    for _ in range(feed.format.skip_rows):
        next(rows, None)
    wanted = fold(feed.format.skip_until)
    if not wanted:
        yield from rows
        return
    seen = []
    for row in rows:
        first = next((cell for cell in row[1] if cell and not cell.isspace()), "")
        if fold(first) == wanted:
            yield row
            yield from rows
            return
        seen.append(first)
    raise FileRefused(
        f'{name} has no row that begins with "{shown(feed.format.skip_until)}" ({feed.path}: '
        f"format.skip_until), so its header was not found.{closest(feed.format.skip_until, set(seen))}"
    )


def _without_footer(rows: Iterator[Row], feed: Feed, footer: list[Row]) -> Iterator[Row]:
    """Hold the last rows back, and leave the footer's in `footer`; blank rows below it don't count."""
    size = feed.format.footer_rows or int(bool(feed.format.footer_count))
    if not size:
        yield from rows
        return
    held: deque[Row] = deque()
    filled = 0
    for row in rows:
        held.append(row)
        filled += _filled(row[1])
        while filled > size:
            first = held.popleft()
            filled -= _filled(first[1])
            yield first
    last = list(held)
    while last and not any(_filled(cells) for _, cells in last[-size:]):
        last.pop()
    footer += last[-size:]
    yield from last[:-size]


def _places(feed: Feed, header: list[str], name: str) -> dict[str, int]:
    """Find the mapped columns in the header, whatever their case and spacing."""
    if len(header) > MOST_COLUMNS:
        raise FileRefused(f"{name} has {len(header)} columns. No table of people has as many.")
    names = [_column_name(cell) for cell in header]
    counts = Counter(names)
    for column, key in feed.columns().items():
        found = counts[_column_name(column)]
        if not found:
            raise FileRefused(
                f'{name} has no column "{shown(column)}" ({feed.path}: {key}).'
                f"{_other_mark(feed, header) or closest(column, [cell.strip() for cell in header])}"
            )
        if found > 1:
            raise FileRefused(
                f'{name} has {found} columns named "{shown(column)}" ({feed.path}: {key}); it is '
                "not clear which."
            )
    return {column: names.index(_column_name(column)) for column in feed.columns()}


def _column_name(text: str) -> str:
    return fold(clean(text).text)


def _other_mark(feed: Feed, header: list[str]) -> str:
    """Say so when the header looks as if another separator were used."""
    if feed.format.type != "csv" or len(header) > 2:
        return ""
    found = next(
        (mark for mark in ";,\t|" if mark != feed.format.delimiter and header[0].count(mark) > 1), ""
    )
    said = "a tab" if found == "\t" else f'"{found}"'
    return f" The header is separated by {said}: is format.delimiter right?" if found else ""


def _line(number: int, cells: list[str], width: int, places: dict[str, int], note: str) -> Line:
    """Keep only the columns the mapping names: the rest is dropped here, before anything is stored."""
    if len(cells) == width:
        return Line(number, {column: cells[place] for column, place in places.items()}, "", note)
    # One blank cell too many is enough: an unquoted separator shifts all cells after it.
    trouble = f"{len(cells)} cells where the header has {width}; is a separator inside a cell?"
    short = {column: cells[place] if place < len(cells) else "" for column, place in places.items()}
    return Line(number, short, trouble, note)


def _check_footer(feed: Feed, footer: list[Row], count: int, places: dict[str, int], name: str) -> None:
    """Refuse a file whose footer counts other rows, or is a row like the ones above: it was cut short."""
    for number, cells in footer:
        if all(place < len(cells) and cells[place].strip() for place in _needed(feed, places)):
            raise FileRefused(
                f"Line {number} of {name} should be the footer ({feed.path}: format.footer_rows) and is a "
                "row like those above. Was the file cut short? Nothing was taken from it."
            )
    if not feed.format.footer_count:
        return
    told = [found for _, cells in footer if (found := _told(feed.format.footer_count, cells)) is not None]
    if not told:
        raise FileRefused(
            f'{name} does not end with "{shown(feed.format.footer_count)}" ({feed.path}: '
            "format.footer_count). Was it cut short? Nothing was taken from it."
        )
    if told[-1] != count:
        raise FileRefused(
            f"{name} has {count} rows and says that it has {told[-1]}. It was cut short or put "
            "together wrongly; nothing was taken from it. Send it again."
        )


def _needed(feed: Feed, places: dict[str, int]) -> list[int]:
    names = [feed.person[each].column for each in ("full_name", "family_name") if each in feed.person]
    return [places[column] for column in (*feed.key, *names, feed.post["title"].column) if column]


def _told(form: str, cells: list[str]) -> int | None:
    """Read the number of rows from a footer, whether it is one cell or several."""
    before, after = (r"\s*".join(map(re.escape, fold(part).split())) for part in form.split("{n}"))
    text = fold(" ".join(filter(None, (cell.strip() for cell in cells))))
    found = re.search(rf"{before}\s*(\d[\d,. ]{{0,15}})(?!\d)\s*{after}", text)
    return int(re.sub(r"\D", "", found.group(1))) if found else None
