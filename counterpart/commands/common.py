"""What all commands share: the tools they are given, `--json`, examples in their help.

Every command loads this module, so it loads no library beside click: a tool's own are loaded with the tool.
"""

import getpass
import json
import os
import signal
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from threading import Event
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from counterpart.clock import system_clock
from counterpart.secret_files import read_secret
from counterpart.settings import Settings, load
from ldap_schema.clock import Clock

if TYPE_CHECKING:
    from ldap_schema.directory import Directory
    from search_index.reader import SearchIndex
    from store.database import Store


class Tools:
    """What a command works with, made when first asked for: `--help` needs no settings, `ledger` no
    directory.
    """

    def __init__(self, settings_file: Path | None = None) -> None:
        self._file = settings_file
        self._closing = ExitStack()

    @cached_property
    def settings(self) -> Settings:
        """All settings; SettingsError names the first that is wrong."""
        return load(os.environ, self._file)

    @cached_property
    def store(self) -> "Store":
        """The store, with the tables of this version."""
        from store.database import Store

        store = Store.open(self.settings.store)
        self._closing.callback(store.close)
        store.check()
        return store

    @cached_property
    def directory(self) -> "Directory":
        """The directory as the account of the jobs, which sees feeds and people of every status."""
        return self._open("sync")

    @cached_property
    def portal_directory(self) -> "Directory":
        """The directory as the portal's account, which manages credentials and acts for people."""
        return self._open("portal")

    @cached_property
    def index_directory(self) -> "Directory":
        """The directory as the account that fills the search index, which sees what every leader may see."""
        return self._open("index")

    @cached_property
    def index(self) -> "SearchIndex":
        """This machine's search index, as far as somebody keeps it fresh."""
        from search_index.reader import SearchIndex

        return SearchIndex(self.settings.index, self.clock)

    @property
    def clock(self) -> Clock:
        """The machine's clock."""
        return system_clock

    def close(self) -> None:
        """Give every connection back."""
        self._closing.close()

    def _open(self, account: str) -> "Directory":
        from ldap_schema.directory import Directory, Service, password_file

        settings, service = self.settings.directory, Service(account)
        read_secret(password_file(settings, service))
        directory = Directory.open(settings, service)
        self._closing.callback(directory.close)
        return directory


pass_tools = click.make_pass_decorator(Tools)
as_json: Callable[[Any], Any] = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON instead of text."
)


class InOrder(click.Group):
    """A group whose help lists its commands in the order in which one needs them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """As they were added, not by the alphabet."""
        return list(self.commands)


class Day(click.ParamType[date]):
    """A day as ISO 8601 writes it; slapd and the ledger keep it so too."""

    name = "YYYY-MM-DD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Return the day, or refuse in words."""
        try:
            return value if isinstance(value, date) else date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no day. Write it as YYYY-MM-DD, e.g. 2027-03-31.", param, ctx)


DAY = Day()


def operator() -> str:
    """Whose act it is, for the ledger: the account at the terminal, also behind sudo."""
    try:
        return f"operator:{os.environ.get('SUDO_USER') or getpass.getuser()}"[:200]
    except (KeyError, OSError):  # an account without a name, as in some containers
        return f"operator:{os.getuid()}"


def stop_on_signals() -> Event:
    """Return what is set when the process is asked to stop: by SIGTERM or Ctrl-C."""
    stop = Event()

    def ask_to_stop(number: int, frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGINT, ask_to_stop)
    return stop


def example(*lines: str) -> str:
    """The end of a command's help: what one would type, kept line by line."""
    return "\b\nExample:\n" + "\n".join(f"  {line}" for line in lines)


def show(data: object, text: str, as_json: bool) -> None:
    """Print the result: for people, or for programs as one JSON value."""
    if as_json:
        click.echo(json.dumps(data, default=_plain, ensure_ascii=False, indent=2))
    elif text:
        click.echo(text)


def table(rows: Sequence[Sequence[str]], headings: Sequence[str]) -> str:
    """Columns wide enough for their longest cell; the last one is not padded."""
    lines = [list(headings), *([_printable(cell) for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its word: "1 person", "3 people"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _printable(cell: str) -> str:
    """Values come from strangers: what could steer a terminal is shown as a question mark."""
    return "".join(letter if letter.isprintable() else "?" for letter in cell)


def _plain(value: object) -> object:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} can't be shown as JSON")
