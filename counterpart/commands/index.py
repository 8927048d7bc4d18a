"""`counterpart index`: this machine's search index."""

import time

import click

from counterpart.commands.common import InOrder, Tools, as_json, counted, example, pass_tools, show
from search_index.folder import IndexFolder
from search_index.keeping import build
from search_index.projection import Projection


@click.group(cls=InOrder)
def index() -> None:
    """Make this machine's search index anew."""


@index.command(epilog=example("counterpart index rebuild"))
@as_json
@pass_tools
def rebuild(tools: Tools, as_json: bool) -> None:
    """Make the index anew from the directory.

    It takes the place of the old one when it is whole: searches go on meanwhile, and a follower that runs
    goes on with the new one. It is never needed, as the follower mends what differs.
    """
    began = time.monotonic()
    made = build(tools.index_directory.snapshots, IndexFolder(tools.settings.index.folder), tools.clock)
    opened = Projection.open(made)
    entries = opened.contents.count()
    opened.close()
    seconds = round(time.monotonic() - began, 2)
    show(
        {"entries": entries, "seconds": seconds},
        f"The index was made of {counted(entries, 'entry', 'entries')} in {seconds} seconds.",
        as_json,
    )
