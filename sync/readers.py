"""A sender's file as a table of texts with line numbers. Whatever is not a whole, readable table is
refused.
"""

import csv
import io
from collections import Counter
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from sync.errors import FileRefused
from sync.mapping import Feed
from sync.mapping_reader import closest
from sync.settings import SyncSettings
from sync.workbook import read_workbook


@dataclass(frozen=True, slots=True)
class Line:
    """One row: its line number in the file, its cells by column name, or why it can't be read."""

    number: int
    cells: dict[str, str]
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of one file and the digest of its bytes."""

    lines: tuple[Line, ...]
    digest: str


Row = tuple[int, list[str]]


def read_table(feed: Feed, path: Path, settings: SyncSettings) -> Table:
    """Read one file as the mapping says; FileRefused when it is absent, empty, cut short or not what was
    agreed.
    """
    try:
        if path.stat().st_size > settings.max_file_bytes:
            raise FileRefused(f"{path.name} is larger than {settings.max_file_bytes} bytes and was not read.")
        raw = path.read_bytes()
    except OSError as error:
        raise FileRefused(f"{path} can't be read: {error.strerror}.") from error
    if not raw.strip():
        raise FileRefused(f"{path.name} is empty. An empty file never changes anything.")
    if feed.format.type == "xlsx":
        rows = _xlsx(feed, raw, path.name, settings)
    else:
        rows = _csv(feed, raw, path.name)
    return Table(_lines(feed, rows, path.name, settings), blake2b(raw, digest_size=16).hexdigest())


def _csv(feed: Feed, raw: bytes, name: str) -> list[Row]:
    try:
        encoding = "utf-8-sig" if feed.format.encoding.lower() in ("utf-8", "utf8") else feed.format.encoding
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise FileRefused(
            f"{name} is not {feed.format.encoding}, as the mapping says ({feed.path}: format.encoding): "
            f"byte {error.start} can't be read."
        ) from error
    if "\0" in text:
        raise FileRefused(
            f"{name} has zero bytes: it is not text in {feed.format.encoding} ({feed.path}: format.encoding)."
        )
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=feed.format.delimiter,
        quotechar=feed.format.quote,
        strict=True,
    )
    rows: list[Row] = []
    try:
        start = 1
        for cells in reader:
            rows.append((start, cells))
            start = reader.line_num + 1
    except csv.Error as error:
        raise FileRefused(
            f"{name} can't be read from line {start} on ({error}). Was it cut short, or is a "
            "quotation mark not doubled?"
        ) from error
    if len(rows) > 1 and not text.endswith(("\n", "\r")) and len(rows[-1][1]) < len(rows[-2][1]):
        raise FileRefused(
            f"{name} ends in the middle of line {rows[-1][0]}: it was cut short. Nothing was taken "
            "from it; send it again."
        )
    return rows


def _xlsx(feed: Feed, raw: bytes, name: str, settings: SyncSettings) -> list[Row]:
    found = read_workbook(raw, name, feed.format.sheet, settings.max_file_bytes)
    if feed.format.sheet and feed.format.sheet not in found.sheets:
        raise FileRefused(
            f'{name} has no sheet "{feed.format.sheet}" ({feed.path}: format.sheet).'
            f"{closest(feed.format.sheet, found.sheets)}"
        )
    return list(enumerate(found.rows, start=1))


def _lines(feed: Feed, rows: list[Row], name: str, settings: SyncSettings) -> tuple[Line, ...]:
    rows = rows[feed.format.skip_rows :]
    if feed.format.footer_rows:
        rows = rows[: -feed.format.footer_rows]
    rows = [row for row in rows if any(cell.strip() for cell in row[1])]
    if not rows:
        raise FileRefused(f"{name} has no header and no rows. It never changes anything.")
    header = [" ".join(cell.split()) for cell in rows[0][1]]
    _check_header(feed, header, name)
    if len(rows) == 1:
        raise FileRefused(
            f"{name} has a header and no rows. Such a file never changes anything; nobody was marked absent."
        )
    if len(rows) - 1 > settings.max_rows:
        raise FileRefused(f"{name} has more than {settings.max_rows} rows.")
    wanted = set(feed.columns())
    return tuple(_line(number, cells, header, wanted) for number, cells in rows[1:])


def _check_header(feed: Feed, header: list[str], name: str) -> None:
    counts = Counter(header)
    for column, key in feed.columns().items():
        if counts[column] == 0:
            raise FileRefused(
                f'{name} has no column "{column}" ({feed.path}: {key}).{closest(column, counts)}'
            )
        if counts[column] > 1:
            raise FileRefused(
                f'{name} has {counts[column]} columns named "{column}" ({feed.path}: {key}); it is '
                "not clear which."
            )


def _line(number: int, cells: list[str], header: list[str], wanted: set[str]) -> Line:
    """Keep only the columns the mapping names: the rest is dropped here, before anything is stored."""
    trouble = ""
    # One blank cell too many is enough: an unquoted separator shifts all cells after it.
    if len(cells) != len(header):
        trouble = f"{len(cells)} cells where the header has {len(header)}; is a separator inside a cell?"
    named = dict(zip(header, cells, strict=False))
    return Line(number, {column: named.get(column, "") for column in wanted}, trouble)
