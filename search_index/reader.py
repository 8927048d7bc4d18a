"""The index as whoever searches has it: always the one in use, as it was committed last."""

import threading
from datetime import datetime, timedelta
from pathlib import Path

import tantivy

from ldap_schema.clock import Clock
from search_index import schema
from search_index.contents import Contents, failures
from search_index.errors import IndexDamaged, IndexFailed
from search_index.folder import IndexFolder
from search_index.settings import IndexSettings


class SearchIndex:
    """Threads may share it. It opens nothing before it is asked, and follows a change of the index in use."""

    def __init__(self, settings: IndexSettings, clock: Clock) -> None:
        self._folder = IndexFolder(settings.folder)
        self._usable_for = timedelta(seconds=settings.usable_seconds)
        self._clock = clock
        self._lock = threading.Lock()
        self._open: tuple[Path, tantivy.Index] | None = None
        self._seen = (0, 0)  # of the file that names the parts: inode and time of its last change
        self._contents: Contents | None = None

    def in_step(self) -> datetime | None:
        """Return when the index was last in step with the directory."""
        return self._folder.step().at

    def behind(self) -> float:
        """Return for how many seconds the index has not been in step; infinite if it never was."""
        noted = self.in_step()
        return (self._clock() - noted).total_seconds() if noted else float("inf")

    def mended(self) -> int:
        """Return how many entries were ever mended that no event had told of."""
        return self._folder.step().mended

    @property
    def usable(self) -> bool:
        """Whether somebody keeps the index fresh."""
        return self.behind() <= self._usable_for.total_seconds()

    def contents(self) -> Contents:
        """Return what was committed last; raises IndexFailed and IndexDamaged."""
        current = self._folder.current()
        while True:
            if current is None:
                raise IndexFailed("There is no search index.")
            try:
                return self._contents_of(current)
            except IndexDamaged:
                before, current = current, self._folder.current()
                if before == current:  # else it was only put away, a moment ago
                    raise

    def _contents_of(self, current: Path) -> Contents:
        with self._lock, failures(IndexDamaged):
            if self._open is None or self._open[0] != current:
                self._open = (current, schema.prepared(tantivy.Index.open(str(current))))
                self._contents = None
            seen = _named(current)
            if self._contents is None or seen != self._seen:
                self._open[1].reload()
                self._contents = Contents(self._open[1].searcher())
                self._seen = seen
            return self._contents


def _named(current: Path) -> tuple[int, int]:
    found = (current / "meta.json").stat()
    return found.st_ino, found.st_mtime_ns
