"""A sender's JSON file as rows of texts: a list of objects, alone or under a key the mapping names."""

from sync.errors import FileRefused
from sync.json_child import Wanted
from sync.layout import Rows
from sync.mapping import Feed
from sync.opened import open_apart


def json_rows(feed: Feed, raw: bytes, name: str) -> Rows:
    """Give a header of the mapped keys that were found, then the records, numbered from 1; FileRefused for
    what is not whole, plain JSON.
    """
    wanted = Wanted(feed.format.records, sorted(feed.columns()))
    found = open_apart("sync.json_child", wanted, raw, name)
    if found.trouble:
        raise FileRefused(f"{name} can't be read as JSON ({feed.path}: format): {found.trouble}.")
    # The header is no line of a JSON file.
    return Rows(iter(enumerate(found.rows)), left_out=found.sheets)
