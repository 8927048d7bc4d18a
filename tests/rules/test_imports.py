"""Imports point one way; the contracts stand in setup.cfg."""

import subprocess
import sys
from pathlib import Path

from tests.rules.source import ROOT


def test_import_contracts_are_kept() -> None:
    command = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (
        f"mend the import, or change the contract in a commit that says why:\n{done.stdout}"
    )
