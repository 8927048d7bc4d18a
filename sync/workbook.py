"""A sender's XLSX workbook as rows of texts, read by a process that may fail instead of this one."""

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import msgspec

from sync import workbook_child
from sync.errors import FileRefused

UNPACKED_TIMES = 4
WAIT = 120.0  # seconds; the process itself may use half of it


def read_workbook(raw: bytes, name: str, sheet: str, largest: int) -> workbook_child.Opened:
    """Open the workbook and read one sheet. `largest` is what a file may have in bytes; FileRefused for
    what is no workbook, unpacks to too much, or takes more memory or time than any feed needs.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            if sum(each.file_size for each in archive.infolist()) > UNPACKED_TIMES * largest:
                raise FileRefused(f"{name} unpacks to far more than a feed can be and was not opened.")
    except zipfile.BadZipFile as error:
        raise _not_whole(name, str(error)) from error
    found = _opened(raw, name, sheet)
    if found.trouble:
        raise _not_whole(name, found.trouble)
    return found


def _opened(raw: bytes, name: str, sheet: str) -> workbook_child.Opened:
    command = [sys.executable, "-I", str(Path(workbook_child.__file__))]
    given = msgspec.json.encode(sheet) + b"\n" + raw
    try:
        # Our own interpreter and file; what a sender gave goes in by stdin alone.
        done = subprocess.run(command, input=given, capture_output=True, timeout=WAIT, check=True)  # noqa: S603
        return msgspec.json.decode(done.stdout, type=workbook_child.Opened)
    except (subprocess.SubprocessError, msgspec.MsgspecError) as error:
        raise FileRefused(
            f"{name} takes more memory or time to open than a feed's workbook can need, or is damaged. Is a "
            "cell filled in far away from the table? Copy the table into a new workbook, or send CSV."
        ) from error


def _not_whole(name: str, reason: str) -> FileRefused:
    return FileRefused(f"{name} is not a whole XLSX workbook ({reason}). Was it cut short?")
