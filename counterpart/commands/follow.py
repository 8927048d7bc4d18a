"""`counterpart follow`: keeps this machine's search index fresh."""

import logging
import socket

import click

from counterpart.commands.common import Tools, as_json, example, pass_tools, stop_on_signals
from counterpart.heart import Heart
from counterpart.logs import to_stderr
from search_index.following import Follower
from store.errors import StoreError

LONGEST_NAME = 40  # of a process in the store

log = logging.getLogger(__name__)


@click.command(epilog=example("counterpart follow"))
@as_json
@pass_tools
def follow(tools: Tools, as_json: bool) -> None:
    """Keep this machine's search index fresh, until stopped.

    It listens to the directory, so that a change is findable within a second, whoever made it; run one on
    each machine with a portal. It makes the index where there is none, and anew where it is damaged. The
    directory may come and go. It stops cleanly on SIGTERM and Ctrl-C, and may be killed at any time.
    """
    stop = stop_on_signals()
    to_stderr()
    name = f"follower {socket.gethostname()}"[:LONGEST_NAME]
    heart = Heart(tools.store, name, tools.clock)

    def beat() -> None:
        try:
            heart.beat()
        except StoreError as error:  # the index is kept fresh all the same
            log.error("%s", error)

    Follower(tools.index_directory.snapshots, tools.settings.index, tools.clock, beat).run(stop)
