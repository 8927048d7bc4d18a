"""A sender's XLSX workbook as rows of texts, read by a process that may fail instead of this one."""

import io
import zipfile

import msgspec

import sandbox
from sandbox import Limits, SandboxFailed
from sync import workbook_child
from sync.errors import FileRefused

UNPACKED_TIMES = 4
LIMITS = Limits(memory=2 * 1024**3, seconds=60)  # 200,000 rows of 40 columns need a third of the memory


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
    given = msgspec.json.encode(sheet) + b"\n" + raw
    try:
        written = sandbox.run("sync.workbook_child", given, LIMITS)
        return msgspec.json.decode(written, type=workbook_child.Opened)
    except (SandboxFailed, msgspec.MsgspecError) as error:
        raise FileRefused(
            f"{name} takes more memory or time to open than a feed's workbook can need, or is damaged. Is a "
            "cell filled in far away from the table? Copy the table into a new workbook, or send CSV."
        ) from error


def _not_whole(name: str, reason: str) -> FileRefused:
    return FileRefused(f"{name} is not a whole XLSX workbook ({reason}). Was it cut short?")
