"""Puts a fetched file into the inbox in one step: nobody ever meets half of it."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

_WAITING = re.compile(r"\.(.+)\.\d+\.part")


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


def unlanded(name: str) -> str:
    """Give the name under which a file would have appeared that a killed fetch left behind; else nothing."""
    found = _WAITING.fullmatch(name)
    return found[1] if found else ""


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
