"""Which body and which day a file is about: its name says so, by the pattern in the mapping."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sync.errors import FileRefused
from sync.mapping import Feed

WHOLE_FEED = "all"
_PATTERNS = {"{part}": r"(?P<part>[a-z0-9_-]+)", "{as_of}": r"(?P<as_of>\d{4}-\d{2}-\d{2})"}


@dataclass(frozen=True, slots=True, order=True)
class Source:
    """One file with what its name says; sorts by day, then body."""

    as_of: date
    part: str
    path: Path


def names_file(feed: Feed, name: str) -> bool:
    """Whether a file of that name is one of the feed's."""
    return bool(_pattern(feed).fullmatch(name))


def source_of(feed: Feed, path: Path, today: date) -> Source:
    """Read part and day from a file's name; a feed whose pattern has no day is about today."""
    match = _pattern(feed).fullmatch(path.name)
    if not match and "{" not in feed.file:
        return Source(today, WHOLE_FEED, path)
    found = match.groupdict() if match else {}
    try:
        as_of = date.fromisoformat(found["as_of"]) if "as_of" in found else today
    except ValueError as error:
        raise FileRefused(f'The name of {path.name} has no real date: "{found["as_of"]}".') from error
    if not match:
        raise FileRefused(
            f'{path.name} is not named as the mapping says: "{feed.file}" ({feed.path}: source.file).'
        )
    return Source(as_of, found.get("part", WHOLE_FEED), path)


def find_sources(feed: Feed, folder: Path, today: date) -> list[Source]:
    """List the feed's files in a folder in date order; other files are left alone."""
    if not folder.is_dir():
        raise FileRefused(f"There is no folder {folder} to look for {feed.file} in.")
    pattern = _pattern(feed)
    # A link could lead to what its sender may not read.
    names = sorted(
        each
        for each in folder.iterdir()
        if each.is_file() and not each.is_symlink() and pattern.fullmatch(each.name)
    )
    if not names:
        raise FileRefused(
            f'No file in {folder} is named as the mapping says: "{feed.file}" ({feed.path}: source.file).'
        )
    return in_order(source_of(feed, each, today) for each in names)


def in_order(sources: Iterable[Source]) -> list[Source]:
    """Sort by day first, because an older file after a newer one is refused."""
    return sorted(sources)


def _pattern(feed: Feed) -> re.Pattern[str]:
    pieces = re.split(r"({part}|{as_of})", feed.file)
    return re.compile("".join(_PATTERNS.get(piece) or re.escape(piece) for piece in pieces))
