"""A sender's XLSX workbook as rows of texts."""

import io
import zipfile

from sync.errors import FileRefused
from sync.opened import Opened, open_apart

UNPACKED_TIMES = 4


def read_workbook(raw: bytes, name: str, sheet: str, largest: int) -> Opened:
    """Open the workbook and read one sheet. `largest` is what a file may have in bytes; FileRefused for
    what is no workbook, unpacks to too much, or takes more memory or time than any feed needs.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            if sum(each.file_size for each in archive.infolist()) > UNPACKED_TIMES * largest:
                raise FileRefused(f"{name} unpacks to far more than a feed can be and was not opened.")
    # What stands in a broken archive's table of contents can be anything.
    except (zipfile.BadZipFile, ValueError, OSError, RuntimeError) as error:
        raise _not_whole(name, str(error)) from error
    found = open_apart("sync.workbook_child", sheet, raw, name)
    if found.trouble:
        raise _not_whole(name, found.trouble)
    return found


def _not_whole(name: str, reason: str) -> FileRefused:
    return FileRefused(f"{name} is not a whole XLSX workbook ({reason}). Was it cut short?")
