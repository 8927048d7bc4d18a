"""Files in forms whose parsers a hostile file could make take all memory or end: opened in a process that may
fail instead of this one.
"""

import msgspec

import sandbox
from sandbox import Limits, SandboxFailed
from sync.errors import FileRefused

LIMITS = Limits(memory=2 * 1024**3, seconds=60)  # 200,000 rows of 40 columns need a third of the memory


class Opened(msgspec.Struct):
    """What stands in a file, the header among the rows, or why it can't be read."""

    sheets: list[str] = []  # of a workbook; of JSON: keys that are not mapped
    rows: list[list[str]] = []
    merged: list[int] = []  # numbers of rows into which a merged cell reaches
    trouble: str = ""


def open_apart(module: str, argument: object, raw: bytes, name: str) -> Opened:
    """Let one of our modules open the file in a process with limits; FileRefused when it takes more."""
    try:
        written = sandbox.run(module, msgspec.json.encode(argument) + b"\n" + raw, LIMITS)
        return msgspec.json.decode(written, type=Opened)
    except (SandboxFailed, msgspec.MsgspecError) as error:
        raise FileRefused(
            f"{name} takes more memory or time to open than a feed can need, or is damaged. Is a cell "
            "filled in far away from the table? Copy the table into a new workbook, or send CSV."
        ) from error
