"""What lies in the inbox for a feed, and is whole: dropped there by its sender, or fetched by us."""

import stat
from datetime import datetime
from pathlib import Path

from sync.errors import FileRefused
from sync.mapping import Feed
from sync.source import names_file
from sync.sources.ready import Facts, is_marked, is_ready


def look(inbox: Path) -> dict[str, Facts]:
    """All plain files of the inbox. A link could lead to what its sender may not read, so it is none."""
    found: dict[str, Facts] = {}
    for path in inbox.iterdir() if inbox.is_dir() else ():
        try:
            facts = path.lstat()
        except FileNotFoundError:  # taken away between the listing and the question
            continue
        if stat.S_ISREG(facts.st_mode):
            found[path.name] = Facts(facts.st_size, facts.st_mtime_ns)
    return found


def is_unmarked(feed: Feed, path: Path) -> bool:
    """Whether the marker is missing that its sender writes last; what we fetched was looked at over there."""
    if feed.origin.fetched or not feed.origin.ready:
        return False
    return not is_marked(feed.origin, path.name, look(path.parent))


def ensure_marked(feed: Feed, path: Path) -> None:
    """Refuse a file that nobody named and whose sender has not said that it is whole."""
    if is_unmarked(feed, path):
        raise FileRefused(
            f'{path.name} is not whole yet: its sender writes "{feed.origin.ready}" last, and that is not '
            "there or older than the file. Nothing was changed; --file takes it as it is."
        )


def whole_files(feed: Feed, there: dict[str, Facts], now: datetime) -> list[str]:
    """The names of the feed's files that may be taken; others wait for a later look."""
    return sorted(
        name
        for name in there
        if names_file(feed, name) and (feed.origin.fetched or is_ready(feed.origin, name, there, now))
    )
