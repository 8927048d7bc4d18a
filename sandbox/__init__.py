"""Runs one of our own modules in a process of its own, so that a hostile file costs that process alone.

Some inputs make a parser ask for hundreds of gigabytes, run for hours or end its process, none of which
Python can catch. The kernel keeps the limits; what a stranger gave goes in by stdin alone.
"""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO

START = Path(__file__).with_name("start.py")


class SandboxFailed(Exception):
    """The process took more memory or time than it was given, or died."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the process may use; the caller waits for twice its CPU time."""

    memory: int  # bytes of address space
    seconds: int  # of CPU


def run(module: str, given: bytes | IO[bytes], limits: Limits, *arguments: str) -> bytes:
    """Run the module's `main` with `given` as its stdin (an open file is read from where it stands); return
    what it wrote to stdout. Raises SandboxFailed.
    """
    command = [sys.executable, "-I", str(START), str(limits.memory), str(limits.seconds), module, *arguments]
    text, file = (given, None) if isinstance(given, bytes) else (None, given)
    try:
        # Our own interpreter and file.
        done = subprocess.run(  # noqa: S603
            command, input=text, stdin=file, capture_output=True, timeout=2 * limits.seconds, check=True
        )
    except subprocess.SubprocessError as error:
        raise SandboxFailed(f"{module}: {type(error).__name__}") from error
    return done.stdout
