"""A sender's file as a table of texts with line numbers. Whatever is not a whole, readable table is
refused.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from sync.delimited import csv_rows
from sync.errors import FileRefused
from sync.json_file import json_rows
from sync.layout import Line, Rows, table_lines
from sync.mapping import Feed
from sync.scim_snapshot import TYPE, rows_of
from sync.settings import SyncSettings
from sync.wording import closest
from sync.workbook import read_workbook

# What a file begins with when it is not what its name says; the last two are an old or locked workbook.
_BEGINNINGS = {
    b"PK\x03\x04": "an XLSX workbook or a ZIP archive",
    b"\xd0\xcf\x11\xe0": "an old or password-protected workbook",
    b"%PDF": "a PDF",
    b"\x1f\x8b": "a compressed file",
    b"<!DOCTYPE html": "a web page",
    b"<html": "a web page",
}


@dataclass(frozen=True, slots=True)
class Table:
    """The digest of one file's bytes and its rows, which can be gone through once: they are read as they are
    asked for, so that only what is taken from them stays in memory.
    """

    digest: str
    lines: Iterable[Line]
    left_out: Sequence[str] = ()  # names of columns that the mapping does not name, known once a line is read


def read_table(feed: Feed, path: Path, settings: SyncSettings) -> Table:
    """Read one file as the mapping says; FileRefused, here or on the way through the lines, when it is
    absent, empty, cut short or not what was agreed.
    """
    raw = _bytes_of(path, settings.max_file_bytes)
    if not raw.strip(b"\0 \t\r\n\x0b\x0c\x1a"):
        raise FileRefused(f"{path.name} is empty. An empty file never changes anything.")
    if feed.format.type == TYPE:
        pushed = enumerate(rows_of(feed, raw, path.name), start=1)
        return Table(blake2b(raw, digest_size=16).hexdigest(), (Line(number, row) for number, row in pushed))
    _check_beginning(feed, raw, path.name)
    rows = _rows(feed, raw, path.name, settings)
    return Table(
        blake2b(raw, digest_size=16).hexdigest(),
        table_lines(feed, rows, path.name, settings.max_rows),
        rows.left_out,
    )


def _bytes_of(path: Path, largest: int) -> bytes:
    """Read a file that is no larger than agreed, whatever its size becomes meanwhile."""
    try:
        if path.exists() and not path.is_file():
            raise FileRefused(f"{path} is no file.")
        with path.open("rb") as file:
            size = path.stat().st_size
            raw = file.read(largest + 1) if size <= largest else b""
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no file can have that name"
        raise FileRefused(f"{path} can't be read: {reason}.") from error
    if max(size, len(raw)) > largest:
        raise FileRefused(f"{path.name} is larger than {largest} bytes and was not read.")
    return raw


def _check_beginning(feed: Feed, raw: bytes, name: str) -> None:
    """Say what a file is when it is plainly not what the mapping says."""
    start = raw[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
    for beginning, kind in _BEGINNINGS.items():
        right = feed.format.type == "xlsx" and beginning.startswith(b"PK")
        if start.lower().startswith(beginning.lower()) and not right:
            raise FileRefused(
                f"{name} is {kind}, and not {feed.format.type}, as the mapping says ({feed.path}: "
                f"format.type). Save it as {feed.format.type} and send it again."
            )


def _rows(feed: Feed, raw: bytes, name: str, settings: SyncSettings) -> Rows:
    if feed.format.type == "csv":
        return Rows(csv_rows(feed, raw, name))
    if feed.format.type == "json":
        return json_rows(feed, raw, name)
    found = read_workbook(raw, name, feed.format.sheet, settings.max_file_bytes)
    if feed.format.sheet and feed.format.sheet not in found.sheets:
        raise FileRefused(
            f'{name} has no sheet "{feed.format.sheet}" ({feed.path}: format.sheet).'
            f"{closest(feed.format.sheet, found.sheets)}"
        )
    merged = dict.fromkeys(found.merged, "a merged cell was read as standing in each of its rows")
    return Rows(iter(enumerate(found.rows, start=1)), merged)
