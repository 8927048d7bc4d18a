"""The product's own command line, as an administrator would call it."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from dev.errors import ServerFailed
from dev.processes import Process
from dev.settings import HouseSettings

COUNTERPART = Path(sys.executable).with_name("counterpart")
COMMAND_SECONDS = 300.0
DONE, ROWS_REJECTED = 0, 5  # exit codes


def product_environment(house: HouseSettings, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment in which the product runs: ours, and where its settings are."""
    return {**environ, "COUNTERPART_SETTINGS": str(house.settings_file)}


class Commands:
    """Runs the command line, each call bounded in time and gone when we are."""

    def __init__(self, house: HouseSettings, environ: Mapping[str, str]) -> None:
        self._folder = house.var / "log"
        self._environ = product_environment(house, environ)

    def run(self, *arguments: str | Path, accept: Sequence[int] = (DONE,)) -> int:
        """Run `counterpart ARGUMENT…`; raises ServerFailed with its words when the exit code won't do."""
        command = Process("commands", [COUNTERPART, *arguments], self._folder, environ=self._environ)
        command.launch()
        status = command.wait_for_end(COMMAND_SECONDS)
        if status not in accept:
            words = " ".join(str(argument) for argument in arguments)
            raise ServerFailed(
                f"`counterpart {words}` ended with exit code {status}:\n{command.last_log_lines()}"
            )
        return status
