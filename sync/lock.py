"""One run of a feed at a time on this machine; the directory's assertions guard against runs elsewhere."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sync.errors import FeedBusy

_PAUSE = 0.1


@contextmanager
def feed_lock(folder: Path, feed: str, wait: float) -> Iterator[None]:
    """Hold the feed's lock; FeedBusy when another run keeps it longer than `wait` seconds. A crash frees
    it.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(folder / f"{feed}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        deadline = time.monotonic() + wait
        while not _taken(handle):
            if time.monotonic() >= deadline:
                raise FeedBusy(
                    f"Another run of the feed {feed} is under way. Nothing was changed; try again "
                    "when it is done."
                )
            time.sleep(_PAUSE)
        yield
    finally:
        os.close(handle)


def _taken(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
