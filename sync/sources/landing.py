"""Puts a fetched file into the inbox in one step: nobody ever meets half of it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO


@contextmanager
def landing(inbox: Path, name: str) -> Iterator[IO[bytes]]:
    """Give a private file to write into; it appears under its name when all went well, else not at all."""
    inbox.mkdir(parents=True, exist_ok=True, mode=0o700)
    waiting = inbox / f".{name}.{os.getpid()}.part"
    handle = os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        waiting.replace(inbox / name)
        _sync_folder(inbox)
    finally:
        with suppress(FileNotFoundError):
            waiting.unlink()


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
