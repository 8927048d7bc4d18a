"""The command `counterpart`: finds the command, and makes one sentence and an exit code of every failure."""

import gc
import importlib
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import click

from counterpart import __version__
from counterpart.exit_codes import DONE, OTHER
from counterpart.logs import to_file

# Name -> module under counterpart.commands, and the first sentence of its help. A module is loaded when its
# command is asked for: `counterpart doctor` must run where a package that another command needs is broken,
# and nobody should wait for packages that are not used.
COMMANDS = {
    "serve": ("serve", "Run the portal until it is stopped."),
    "worker": (
        "worker",
        "Send the mail that waits, keep providers' metadata fresh, watch what mail programs ask.",
    ),
    "follow": ("follow", "Keep this machine's search index fresh, until stopped."),
    "migrate": ("store", "Make the store's tables, or bring them to this version."),
    "sync": ("sync", "Bring HR feeds into the directory: plan, guard, apply, receipt."),
    "scim": ("scim", "Let a department's identity system push its people (SCIM 2.0)."),
    "idp": ("idp", "Register, check and switch departments' identity providers."),
    "search": ("search", "Find people by name, post or organisation; all WORDS must fit."),
    "person": (
        "person",
        "Show, add and change people; grant roles, suspend somebody, conceal somebody in danger.",
    ),
    "cohort": ("cohort", "Keep cohorts: leaders find the others of theirs, and narrow results to one."),
    "areas": ("areas", "Say who serves which areas, so that leaders find their counterparts."),
    "delegate": ("delegate", "Let somebody look after a leader's mail programs, for a time."),
    "index": ("index", "Make this machine's search index anew."),
    "device": ("device", "Give people's mail programs their own way into the directory."),
    "canary": ("canary", "Keep invented people whom only mail programs find, to notice a copy."),
    "ledger": ("ledger", "Verify, read and shorten the ledger, the list of what was done."),
    "backup": ("backup", "Put directory and store into one new FILE, while everything runs."),
    "restore": ("backup", "Bring directory and store back from FILE."),
    "settings": ("settings", "Show every setting, its value now and what it means."),
    "doctor": ("doctor", "Say what is wrong with this installation, and how to mend it."),
}

EXIT_CODES = """\b
Exit codes:
  0  done, or nothing to do     3  held by the guard
  1  anything else              4  input refused
  2  changes planned            5  some rows rejected"""

REINSTALL = "Install what requirements/base.txt names again: its versions belong together."

log = logging.getLogger(__name__)


class _Commands(click.Group):
    """The top of the tree; its commands are loaded one by one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the table: what runs, then what people use, then what looks after it."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load the command's module."""
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = getattr(_load(f"counterpart.commands.{COMMANDS[cmd_name][0]}"), cmd_name)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without loading any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


def _load(module: str) -> ModuleType:
    """Load a module and all it needs; nothing of that can be thrown away, so Python need not look for it."""
    gc.disable()
    try:
        return importlib.import_module(module)
    finally:
        gc.enable()


@click.command(cls=_Commands, epilog=EXIT_CODES)
@click.option(
    "--settings",
    "file",
    type=click.Path(path_type=Path),
    help="File of settings, instead of var/counterpart.env.",
)
@click.version_option(__version__, prog_name="counterpart")
@click.pass_context
def root(ctx: click.Context, file: Path | None) -> None:
    """The directory in which the public sector's leaders find each other.

    Settings are read from the environment (COUNTERPART_…) and from a file. `counterpart COMMAND --help` shows
    an example of each command.
    """
    tools = importlib.import_module("counterpart.commands.common").Tools(file)
    ctx.obj = tools
    ctx.call_on_close(tools.close)


def main() -> None:
    """Run the command that was typed and leave with its exit code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command; never a traceback, always an exit code of the documented list."""
    # Without a handler Python prints what libraries log, tracebacks included, where a person reads our words.
    logging.getLogger().addHandler(logging.NullHandler())
    try:
        result: Any = root.main(list(arguments), prog_name="counterpart", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()  # to stderr, with the usage line where that helps
        return OTHER  # click's own 2 would mean "changes planned"
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped. What was reported as done is done; nothing else was changed.", err=True)
        return OTHER
    except BrokenPipeError:
        # Whoever read our output went away (`| head`): not a failure worth words, and Python must not add
        # any.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OTHER
    except ImportError as error:
        click.echo(f"A package that Counterpart needs can't be loaded: {error}. {REINSTALL}", err=True)
        return OTHER
    except Exception as error:
        return _explain(error)
    return result if isinstance(result, int) else DONE


def _explain(error: Exception) -> int:
    failure = importlib.import_module("counterpart.failures").failure_of(error)
    if failure is None:
        click.echo(_unknown(error), err=True)
        return OTHER
    click.echo(failure.sentence, err=True)
    return int(failure.code)


def _unknown(error: Exception) -> str:
    """Write a failure that nobody foresaw into the log, and say under which words it is found there."""
    reference = importlib.import_module("saml.errors").speakable_reference()
    path = _log_file()
    if not to_file(path):
        return f"Something went wrong inside ({type(error).__name__}), and the log {path} can't be written."
    log.error("%s %s", reference, " ".join(sys.argv[:3]), exc_info=error)
    return (
        f"Something went wrong inside. The log {path} has the details under {reference}; please report them."
    )


def _log_file() -> Path:
    settings = importlib.import_module("counterpart.settings")
    try:
        return Path(settings.load(os.environ).service.log_file)
    except settings.SettingsError:
        return Path(settings.ServiceSettings().log_file)
