"""The product's own command line, as an administrator would call it."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from dev.errors import ServerFailed
from dev.processes import Process
from dev.settings import HouseSettings

ROOT = Path(__file__).resolve().parent.parent
COUNTERPART = Path(sys.executable).with_name("counterpart")
COMMAND_SECONDS = 300.0


def product_environment(house: HouseSettings, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment in which the product runs: ours, and where its settings are."""
    return {**environ, "COUNTERPART_SETTINGS": str(house.settings_file)}


class Commands:
    """Runs the command line, bounded in time and gone when we are; its words are in its log."""

    def __init__(self, house: HouseSettings, environ: Mapping[str, str]) -> None:
        self._folder = house.var / "log"
        self._environ = product_environment(house, environ)

    def run(self, *calls: Sequence[str | Path]) -> None:
        """Call `counterpart` so, in order; ServerFailed tells the words of the first that fails."""
        if not calls:
            return
        listed = json.dumps([[str(argument) for argument in call] for call in calls])
        batch = Process(
            "commands",
            [sys.executable, "-m", "dev.batch", listed],
            self._folder,
            environ=self._environ,
            working_folder=ROOT,
        )
        batch.launch()
        status = batch.wait_for_end(COMMAND_SECONDS)
        if status != 0:
            raise ServerFailed(
                f"Furnishing stopped: a command ended with exit code {status}:\n{batch.last_log_lines()}"
            )
