"""`counterpart sync undo`, `history` and `drift`: runs that are over, and what became of what they wrote."""

import shutil

import click

from counterpart.commands.common import Tools, as_json, example, pass_tools
from counterpart.commands.sync_context import context_of, heal, reason_option, told
from sync import past


@click.command(
    epilog=example(
        "counterpart sync undo 5f0c2a9d", 'counterpart sync undo 5f0c2a9d --apply --reason "Wrong file"'
    )
)
@click.argument("run")
@click.option("--apply", "apply_it", is_flag=True, help="Do it; without this it is only shown.")
@reason_option
@as_json
@pass_tools
def undo(tools: Tools, run: str, apply_it: bool, reason: str, as_json: bool) -> int:
    """Show what takes a run back, and do it.

    Values go back to what they were before the run unless others changed them since: those are kept and
    listed. Records that the run brought go; people whom others changed since are hidden instead. An undo is
    a run as well, and can be undone. The file is held if it comes again.
    """
    result = past.undo_run(context_of(tools), run, apply_it, reason, shutil.get_terminal_size().columns)
    if apply_it:
        heal(tools)
    return told(result, as_json)


@click.command(epilog=example("counterpart sync history", "counterpart sync history northern-forces"))
@click.argument("feed", required=False, default="")
@click.option(
    "--last", default=50, show_default=True, type=click.IntRange(1, 10_000), help="How many at most."
)
@as_json
@pass_tools
def history(tools: Tools, feed: str, last: int, as_json: bool) -> int:
    """List the runs of a feed, or of all, the latest first.

    Each with its counts, holds, decisions and undos.
    """
    return told(past.history(context_of(tools), feed, last), as_json)


@click.command(epilog=example("counterpart sync drift", "counterpart sync drift northern-forces"))
@click.argument("feed", required=False, default="")
@as_json
@pass_tools
def drift(tools: Tools, feed: str, as_json: bool) -> int:
    """List records that are not as their feed left them.

    It changes nothing.

    Every record is read and judged anew. Leaves with 1 when something differs. The feed's next run puts back
    what it owns.
    """
    return told(past.drift(context_of(tools), feed), as_json)


COMMANDS = (undo, history, drift)
