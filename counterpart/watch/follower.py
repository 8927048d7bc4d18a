"""Reads what a log file gains, across rotation: the rest of the old file first, then the new one."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

LOOK_BACK = 16 << 20  # bytes read of what was written before we started; an hour of a busy directory
AT_ONCE = 4 << 20  # bytes a look may take, so that a backlog does not hold up whoever asks to stop


class Follower:
    """Follows one file, which need not be there yet."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._rest = b""
        self._fresh = True

    def lines(self) -> Iterator[str]:
        """Give the complete lines that are new since the last look; OSError if the file can't be read."""
        file = self._file = self._file or self._open()
        if file is None:
            return
        read = file.read(AT_ONCE)
        if not read and self._replaced(file):
            self.close()
            return
        *whole, self._rest = (self._rest + read).split(b"\n")
        for line in whole:
            yield line.decode("utf-8", "replace")

    def close(self) -> None:
        """Let go of the file; the next look opens what is there under its name then."""
        if self._file is not None:
            self._file.close()
        self._file, self._rest = None, b""

    def _open(self) -> BinaryIO | None:
        fresh, self._fresh = self._fresh, False
        try:
            file = self._path.open("rb")
        except FileNotFoundError:
            return None  # what is written there later is all new
        size = os.fstat(file.fileno()).st_size
        if fresh and size > LOOK_BACK:
            file.seek(size - LOOK_BACK)
            file.readline()  # half a line
        return file

    def _replaced(self, file: BinaryIO) -> bool:
        """Whether another file has the name now, or ours was emptied."""
        ours = os.fstat(file.fileno())
        try:
            named = self._path.stat()
        except FileNotFoundError:
            return False  # between being moved away and being made anew
        return named.st_ino != ours.st_ino or ours.st_size < file.tell()
