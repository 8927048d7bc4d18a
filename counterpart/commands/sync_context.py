"""What every command of `counterpart sync` needs: the tools of a run, and how its result is told."""

import shutil
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from counterpart.commands.common import Tools, counted, operator, show
from counterpart.healing import heal_all
from counterpart.joiner_mail import joiner_mail
from counterpart.letterhead import letterhead
from ldap_schema.errors import DirectoryError
from store.errors import StoreError
from sync import coming
from sync.context import Result, SyncContext
from sync.errors import SyncError
from sync.mapping_reader import load_feed
from sync.plan_file import read_plan

_WHY = "Why; it is kept in the ledger with your account."
reason_needed: Callable[[Any], Any] = click.option("--reason", required=True, help=_WHY)
# For a command that may also only show what it would do.
reason_option: Callable[[Any], Any] = click.option("--reason", default="", help=_WHY)


def context_of(tools: Tools, *, told: bool = False, actor: str = "") -> SyncContext:
    """Give the tools of a run; without an actor, whoever is at the terminal is responsible for it.

    Joiners are told by mail, unless they were `told` otherwise.
    """
    settings = tools.settings
    write = joiner_mail(settings.portal, settings.saml.base_url, tools.clock)
    return SyncContext(
        settings=settings.sync,
        directory=tools.directory,
        store=tools.store,
        clock=tools.clock,
        actor=actor or operator(),
        write_notice=None if told else write,
        letterhead=letterhead(settings),
    )


def after(context: SyncContext, mapping: Path | None, folder: Path | None, result: Result) -> None:
    """Remember what a command took and mail its receipt; a failure here changes nothing of what was done."""
    if mapping is None:
        return
    try:
        coming.note_by_hand(context, load_feed(mapping), folder or context.settings.inbox, result)
    except (SyncError, StoreError, DirectoryError) as error:
        click.echo(f"The receipt was not mailed yet: {error} The next `sync run --due` mails it.", err=True)


def planned_from(context: SyncContext, target: Path) -> tuple[Path | None, Path | None]:
    """The mapping and the file's folder behind a mapping, a saved plan or a run; None where nobody knows."""
    if target.suffix == ".toml":
        return target, None
    try:
        saved = read_plan(context.saved_plan(target), context.sealer())
    except SyncError:
        return None, None  # the command itself says what is wrong with it
    return Path(saved.mapping), Path(saved.feed_file).parent


def heal(tools: Tools) -> None:
    """Compare replicas after a run: a run is one transaction, and those are what slapd 2.5 lets them miss."""
    for healed in heal_all(tools.settings.directory, tools.clock()):
        if healed.sent:
            sent = counted(len(healed.sent), "entry", "entries")
            click.echo(f"{sent} that {healed.uri} had missed were sent to it again.", err=True)


def told(result: Result, as_json: bool, *, fit: bool = True) -> int:
    """Print a result, fitted to the terminal where somebody watches; give its exit code."""
    text = result.text.rstrip("\n")
    if fit and sys.stdout.isatty():
        text = fitted(text, shutil.get_terminal_size().columns)
    show(result.data, text, as_json)
    return result.exit_code


def fitted(text: str, width: int) -> str:
    """Break long lines between words and set the rest in; what is to be copied stays on its line."""
    lines = []
    for line in text.splitlines():
        words = line.lstrip()
        indent = " " * (len(line) - len(words) + 4)
        if words.startswith("counterpart ") or "\x1b" in line:
            lines.append(line)
            continue
        broken = textwrap.wrap(
            line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
        )
        lines += broken or [""]
    return "\n".join(lines)
