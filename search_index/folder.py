"""The index's folder: which index is in use, who may work on it, and how far it was in step.

    current          a link to the index in use
    index-<version>-…  that index, and for a moment the next one
    *.lock           held by whoever follows, or makes one anew
    step.json        when it was last in step with the directory

A new index becomes the one in use by renaming one link, so whoever searches has the old or the new one.
"""

import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from search_index.errors import IndexInUse
from search_index.schema import VERSION

_CURRENT, _STEP = "current", "step.json"
_PREFIX = "index-"
_OF_THIS_VERSION = f"{_PREFIX}{VERSION}-"


@dataclass(frozen=True, slots=True)
class Step:
    """When the index was last in step with the directory, and how many entries were ever mended unasked."""

    at: datetime | None
    mended: int


class IndexFolder:
    """Everything about the files that is not tantivy's; raises OSError where the system does."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._step_file = str(path / _STEP)  # every search asks for it, and paths are slow to put together
        self._noted: tuple[tuple[int, int], Step] | None = None  # the file's inode and time, what it said

    def current(self) -> Path | None:
        """Return the index in use; None if there is none, or one of another version."""
        before = None
        while (name := self._linked()) and name != before:
            if (self.path / name).is_dir():
                return self.path / name
            before = name  # put away between reading the link and looking there; what does it hold now?
        return None

    def _linked(self) -> str | None:
        """The name that the link holds, if it is one of ours."""
        try:
            name = os.readlink(self.path / _CURRENT)
        except OSError:
            return None
        return name if name.startswith(_OF_THIS_VERSION) and "/" not in name else None

    @contextmanager
    def new(self) -> Iterator[Path]:
        """Make an empty folder for the next index; it is removed again if what is done with it fails."""
        made = self.path / f"{_OF_THIS_VERSION}{secrets.token_hex(6)}"
        made.mkdir(mode=0o700)
        try:
            yield made
        except BaseException:
            if self.current() != made:
                shutil.rmtree(made, ignore_errors=True)
            raise

    def publish(self, index: Path) -> None:
        """Put the index in use and remove all others; held by whoever holds `making`."""
        link = self.path / f"{_CURRENT}.new"
        link.unlink(missing_ok=True)
        link.symlink_to(index.name)
        current = self.path / _CURRENT
        if current.is_dir() and not current.is_symlink():
            shutil.rmtree(current)  # a copy or a backup of the folder that followed the link
        link.replace(current)
        self._sync()
        for other in self.path.glob(f"{_PREFIX}*"):
            if other != index:
                shutil.rmtree(other, ignore_errors=True)

    def step(self) -> Step:
        """Return how far the index is in step with the directory, as far as anybody has noted."""
        try:
            found = os.stat(self._step_file)
            version, known = (found.st_ino, found.st_mtime_ns), self._noted
            if known is None or known[0] != version:
                noted = json.loads(Path(self._step_file).read_text(encoding="utf-8"))
                known = version, Step(datetime.fromisoformat(noted["in_step"]), int(noted["mended"]))
                self._noted = known
            return known[1]
        except (OSError, ValueError, KeyError, TypeError):
            return Step(None, 0)

    def note_in_step(self, now: datetime, mended: int = 0) -> None:
        """Note that the index is in step, and that so many entries had to be mended without an event."""
        part = self.path / f"{_STEP}.new"
        noted = {"in_step": now.isoformat(), "mended": self.step().mended + mended}
        part.write_text(json.dumps(noted), encoding="utf-8")
        part.replace(self.path / _STEP)

    @contextmanager
    def following(self) -> Iterator[None]:
        """Be the only one who follows the directory into this folder; raises IndexInUse."""
        with self._lock("follow.lock", f"Another follower keeps {self.path} fresh already; one is enough."):
            yield

    @contextmanager
    def making(self) -> Iterator[None]:
        """Be the only one who makes an index anew; raises IndexInUse."""
        with self._lock("rebuild.lock", f"The index in {self.path} is being made anew already."):
            yield

    @contextmanager
    def _lock(self, name: str, otherwise: str) -> Iterator[None]:
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.path / name).open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise IndexInUse(otherwise) from None
            yield

    def _sync(self) -> None:
        opened = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
