"""What lies in the inbox for a feed, and is whole: dropped there by its sender, or fetched by us."""

import stat
from datetime import datetime
from pathlib import Path

from sync.mapping import Feed
from sync.source import names_file
from sync.sources.ready import Facts, is_ready


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


def whole_files(feed: Feed, there: dict[str, Facts], now: datetime) -> list[str]:
    """The names of the feed's files that may be taken; others wait for a later look."""
    return sorted(
        name
        for name in there
        if names_file(feed, name) and (feed.origin.fetched or is_ready(feed.origin, name, there, now))
    )
