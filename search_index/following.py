"""The follower: keeps the index what the directory says, whoever changes it, for as long as it runs."""

import logging
from collections.abc import Callable
from contextlib import closing
from threading import Event as Signal

from ldap_schema.clock import Clock
from ldap_schema.errors import CookieRefused, DirectoryError
from ldap_schema.snapshots import Snapshots
from search_index.errors import IndexDamaged, IndexFailed, IndexReplaced
from search_index.folder import IndexFolder
from search_index.keeping import build
from search_index.projection import Projection
from search_index.session import Session
from search_index.settings import IndexSettings

PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)  # seconds after one failure after the other

log = logging.getLogger(__name__)


class Follower:
    """One for each folder; `beat` is called every round, to say that this process is alive."""

    def __init__(
        self, snapshots: Snapshots, settings: IndexSettings, clock: Clock, beat: Callable[[], None]
    ) -> None:
        self._snapshots, self._settings = snapshots, settings
        self._clock, self._beat = clock, beat
        self._folder = IndexFolder(settings.folder)
        self._failed = 0  # times in a row
        self._said = ""
        self._anew = False

    def run(self, stop: Signal) -> None:
        """Follow until `stop` is set; no failure ends it. Raises IndexInUse where somebody else follows."""
        log.info("follower started")
        while not stop.is_set():
            # Held anew each time: the folder, and the lock with it, may have been removed meanwhile.
            with self._folder.following():
                self._once(stop)
        log.info("follower stopped")

    def _once(self, stop: Signal) -> None:
        """Follow until something goes wrong, say what, and do about it what can be done."""
        try:
            with closing(self._opened()) as projection:
                self._follow(projection, stop)
        except IndexReplaced as error:
            log.info("%s", error)
        except IndexDamaged as error:
            log.warning("%s It is made anew.", error)
            self._anew = True
            self._wait(stop)
        except (DirectoryError, IndexFailed, OSError) as error:
            self._say(str(error))
            self._beat()
            self._wait(stop)

    def _opened(self) -> Projection:
        current = self._folder.current()
        if current is None or self._anew:
            build_began = self._clock()
            current = build(self._snapshots, self._folder, self._clock)
            self._anew = False
            seconds = (self._clock() - build_began).total_seconds()
            log.info("the index was made from the whole directory in %.1f seconds", seconds)
        return Projection.open(current)

    def _follow(self, projection: Projection, stop: Signal) -> None:
        try:
            cookie = projection.cookie or self._snapshots.position()
            with self._snapshots.listen(cookie) as listener:
                session = Session(
                    self._snapshots, projection, self._folder, self._settings.compare_seconds, self._clock
                )
                session.run(listener, stop, self._went_well)
        except CookieRefused as error:
            log.warning("%s Everything is compared instead.", error)
            projection.cookie = b""
            projection.commit()

    def _went_well(self) -> None:
        if self._said:
            log.info("following again")
        self._failed, self._said = 0, ""
        self._beat()

    def _say(self, what: str) -> None:
        """Log what went wrong, once for as long as it stays the same."""
        if what != self._said:
            log.error("%s The follower goes on trying.", what)
        self._said = what

    def _wait(self, stop: Signal) -> None:
        stop.wait(PAUSES[min(self._failed, len(PAUSES) - 1)])
        self._failed += 1
