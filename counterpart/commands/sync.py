"""`counterpart sync`: HR feeds into the directory. What happens is decided in the package `sync`; here it is
only asked for.
"""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from counterpart.commands import person_facts, sync_organisations, sync_past
from counterpart.commands.common import (
    InOrder,
    Tools,
    as_json,
    example,
    pass_tools,
)
from counterpart.commands.sync_context import after, context_of, heal, planned_from, reason_needed, told
from sync import runs
from sync.check import check as try_mapping
from sync.due import run_due
from sync.status import status as show_status

A_FILE = click.Path(path_type=Path, dir_okay=False)
A_FOLDER = click.Path(path_type=Path, file_okay=False, exists=True)
FEED = "feeds/northern-forces.toml"

file_option: Callable[[Any], Any] = click.option(
    "--file", type=A_FILE, help="The sender's file, instead of the newest in the inbox."
)
told_option: Callable[[Any], Any] = click.option(
    "--told", "already", is_flag=True, help="Joiners were told otherwise: send them no mail."
)
mappings_option: Callable[[Any], Any] = click.option(
    "--mappings", type=A_FOLDER, help="Folder of the feeds' mappings, instead of the setting's."
)


@click.group(cls=InOrder)
def sync() -> None:
    """Bring HR feeds into the directory: plan, guard, apply, receipt."""


@sync.command(epilog=example(f"counterpart sync check {FEED}", f"counterpart sync check {FEED} sample.csv"))
@click.argument("feed", type=A_FILE)
@click.argument("sample", type=A_FILE, required=False)
@as_json
@pass_tools
def check(tools: Tools, feed: Path, sample: Path | None, as_json: bool) -> int:
    """Check a feed's mapping, and a sample file against it. Needs no server and changes nothing."""
    width = shutil.get_terminal_size().columns
    return told(try_mapping(tools.settings.sync, tools.clock, feed, sample, width), as_json)


@sync.command(
    epilog=example(f"counterpart sync plan {FEED}", f"counterpart sync plan {FEED} --file staff.csv -o PLAN")
)
@click.argument("feed", type=A_FILE)
@file_option
@click.option("-o", "--out", type=A_FILE, help="Save the plan here, for `sync apply`.")
@as_json
@pass_tools
def plan(tools: Tools, feed: Path, file: Path | None, out: Path | None, as_json: bool) -> int:
    """Show what a file would change; changes nothing.

    Leaves with 2 when changes are planned, 3 when the guard would hold them, 5 when rows were rejected.
    """
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    width = shutil.get_terminal_size().columns
    return told(runs.plan_run(context_of(tools), feed, file, out, width=width, colour=colour), as_json)


@sync.command(
    epilog=example("counterpart sync apply PLAN", f"counterpart sync apply {FEED} --file staff.csv")
)
@click.argument("target", metavar="PLAN|RUN|FEED", type=click.Path(path_type=Path))
@file_option
@told_option
@as_json
@pass_tools
def apply(tools: Tools, target: Path, file: Path | None, already: bool, as_json: bool) -> int:
    """Apply a saved plan, an approved run, or a feed's file.

    With a FEED it plans and applies in one. A plan is refused without any change if feed, file or directory
    moved since the plan was made.
    """
    context = context_of(tools, told=already)
    mapping, folder = planned_from(context, target)
    result = runs.apply_run(context, target, file)
    after(context, mapping, file.parent if file else folder, result)
    heal(tools)
    return told(result, as_json)


@sync.command(epilog=example(f"counterpart sync run {FEED} --folder var/feeds", "counterpart sync run --due"))
@click.argument("feed", type=A_FILE, required=False)
@click.option("--file", "files", type=A_FILE, multiple=True, help="A file; may be given several times.")
@click.option(
    "--folder", type=A_FOLDER, help="Take every file of the feed in this folder, instead of the inbox."
)
@click.option("--due", is_flag=True, help="Fetch and take what is new of every feed, for a timer.")
@mappings_option
@as_json
@pass_tools
def run(
    tools: Tools,
    feed: Path | None,
    files: tuple[Path, ...],
    folder: Path | None,
    due: bool,
    mappings: Path | None,
    as_json: bool,
) -> int:
    """Apply all of a feed's files in the order of their dates.

    A file that is refused or held does not stop the others. A file applied before writes nothing. With --due
    it is every mapping of a folder, and only files that are new and whole; one feed's failure does not stop
    the others.
    """
    if due == bool(feed) or (due and (files or folder)) or (mappings and not due):
        raise click.UsageError("Give a FEED, or --due without one.")
    context, progress = context_of(tools), _progress if sys.stderr.isatty() else None
    if feed:
        result = runs.run_feed(context, feed, files, folder, progress=progress)
        after(context, feed, files[0].parent if files else folder, result)
    else:
        result = run_due(context, _mappings(tools, mappings), progress)
    heal(tools)
    return told(result, as_json)


@sync.command(epilog=example('counterpart sync approve 5f0c2a9d --reason "Merger, agreed with HR"'))
@click.argument("run")
@reason_needed
@as_json
@pass_tools
def approve(tools: Tools, run: str, reason: str, as_json: bool) -> int:
    """Let a held run be applied.

    The approval is good for 24 hours unless the settings say otherwise.
    """
    return told(runs.approve(context_of(tools), run, reason), as_json)


@sync.command(epilog=example('counterpart sync reject 5f0c2a9d --reason "Half of the file is missing"'))
@click.argument("run")
@reason_needed
@as_json
@pass_tools
def reject(tools: Tools, run: str, reason: str, as_json: bool) -> int:
    """Drop a held run; nothing of it is applied."""
    return told(runs.reject(context_of(tools), run, reason), as_json)


@sync.command(epilog=example("counterpart sync holds"))
@as_json
@pass_tools
def holds(tools: Tools, as_json: bool) -> int:
    """List the runs that the guard stopped and nobody decided."""
    return told(runs.holds(context_of(tools)), as_json)


@sync.command(epilog=example("counterpart sync status"))
@mappings_option
@as_json
@pass_tools
def status(tools: Tools, mappings: Path | None, as_json: bool) -> int:
    """Show how fresh each feed is, and what waits for somebody."""
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    width = shutil.get_terminal_size().columns
    found = show_status(context_of(tools), _mappings(tools, mappings), colour, width)
    return told(found, as_json)


@sync.command(
    epilog=example(
        "counterpart sync receipt 5f0c2a9d", "counterpart sync receipt 5f0c2a9d --csv > receipt.csv"
    )
)
@click.argument("run")
@click.option("--csv", "as_csv", is_flag=True, help="A table for the sender's spreadsheet.")
@as_json
@pass_tools
def receipt(tools: Tools, run: str, as_csv: bool, as_json: bool) -> int:
    """Show what became of each row of a run."""
    return told(runs.receipt(tools.settings.sync, tools.store, run, as_table=as_csv), as_json, fit=not as_csv)


def _mappings(tools: Tools, given: Path | None) -> Path:
    return given or tools.settings.sync.mappings


def _progress(done: int, total: int, name: str) -> None:
    """One line that is overwritten, on stderr, for whoever watches."""
    click.echo(f"\r\x1b[K{done} of {total}  {name[:60]}", nl=done == total, err=True)


for _command in (*sync_past.COMMANDS, *sync_organisations.COMMANDS, person_facts.explain):
    sync.add_command(_command)
