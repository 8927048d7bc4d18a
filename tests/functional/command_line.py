"""A furnished Counterpart for tests of the command line: real servers, settings in a file, the program."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dev.commands import COUNTERPART
from dev.processes import Process
from dev.provision import furnish_files
from dev.servers import MailCatcher, Redis, Slapd
from dev.settings import of_a_test
from store.database import Store
from store.migration import migrate
from store.settings import StoreSettings
from tests.functional import forked

SECONDS = 60.0  # longest time a command may take here


@dataclass(frozen=True)
class Answer:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """What `--json` printed."""
        return json.loads(self.out)


class Installed:
    """One Counterpart in a folder of its own; `program` is the command as it was installed."""

    def __init__(
        self, folder: Path, slapd: Slapd, redis: Redis, mail: MailCatcher, program: Path = COUNTERPART
    ) -> None:
        self.program = program
        self.house = of_a_test(folder / "var", 20)
        self.folder = folder
        self.var.mkdir(parents=True, exist_ok=True)
        furnish_files(self.house, slapd, redis, mail)
        self.environ = {
            name: value for name, value in os.environ.items() if not name.startswith("COUNTERPART_")
        }

    @property
    def var(self) -> Path:
        """Where everything of it is kept."""
        return self.house.var

    def set(self, name: str, value: object) -> None:
        """Change a setting from the next command on."""
        self.environ[f"COUNTERPART_{name}"] = str(value)

    def run(self, *arguments: str | Path) -> Answer:
        """Run a command in the folder beside `var`, as somebody at a terminal would; a traceback fails the
        test.
        """
        run = forked.run if self.program == COUNTERPART else forked.run_anew
        code, out, err = run(self.program, arguments, self.folder, self.environ, SECONDS)
        assert "Traceback" not in out + err, err
        return Answer(code, out, err)

    def start(self, name: str, *arguments: str | Path, port: int = 0) -> Process:
        """Start a command that runs until it is stopped; use as a context manager."""
        return Process(
            name, [self.program, *arguments], self.var / "log", ports={port: "--port"} if port else None,
            environ=self.environ, working_folder=self.folder,
        )  # fmt: skip

    def store(self) -> Store:
        """The store, migrated."""
        opened = Store.open(StoreSettings(url=f"sqlite:///{self.var / 'counterpart.db'}"))
        migrate(opened)
        return opened
