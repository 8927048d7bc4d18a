"""One connection's worth of following: events heard, entries looked at, comparisons, commits."""

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from threading import Event as Signal
from uuid import UUID

from ldap_schema.clock import Clock
from ldap_schema.content_sync import EntryEvent, Event, IdSet, RefreshDone, State
from ldap_schema.listening import Listener
from ldap_schema.snapshots import Snapshots
from search_index.doubts import Doubts
from search_index.errors import IndexReplaced
from search_index.folder import IndexFolder
from search_index.keeping import Keeper
from search_index.projection import Projection

WAIT = 0.25  # seconds without an event until the other duties are looked at
ON_ITS_WAY = 0.05  # seconds for an event to come that tells of what a comparison found
FULL_COMPARE = timedelta(days=1)
FIRST_PAUSE = 2.0  # seconds between the first two comparisons; then twice as long, up to the setting
NOTE_EVERY = 1.0  # seconds
COOKIE_EVERY = 5.0  # seconds between two commits for nothing but the cookie
MOST_EVENTS = 2000  # heard before they are acted on

log = logging.getLogger(__name__)


class Session:
    """What one connection keeps in mind; a new connection begins with a new one."""

    def __init__(
        self,
        snapshots: Snapshots,
        projection: Projection,
        folder: IndexFolder,
        compare_seconds: float,
        clock: Clock,
    ) -> None:
        self._snapshots, self._projection, self._folder = snapshots, projection, folder
        self._keeper = Keeper(snapshots, projection)
        self._longest_pause, self._clock = compare_seconds, clock
        self._doubts = Doubts()
        self._cookie = b""
        self._suspects: set[UUID] | None = None  # found by a comparison; None: there was none lately
        self._compared = 0  # times
        self._compare_at = float("inf")  # time.monotonic(); not before the refresh is over
        self._pause = FIRST_PAUSE
        self._noted = self._committed = 0.0

    def run(self, listener: Listener, stop: Signal, each_round: Callable[[], None]) -> None:
        """Follow until `stop` is set. Raises DirectoryError, IndexFailed, OSError."""
        while not stop.is_set():
            if self._folder.current() != self._projection.folder:
                raise IndexReplaced("Another index was put in the place of the one in use.")
            self._hear(listener)
            self._look()
            self._mend_suspects()
            if time.monotonic() >= self._compare_at:
                self._compare()
            self._save()
            each_round()

    def _hear(self, listener: Listener) -> None:
        """Wait for events until something else is due, and note what they say."""
        wait = WAIT if self._suspects is None else ON_ITS_WAY
        wait = min(wait, self._doubts.next_look(time.monotonic()))
        events = listener.events(wait)
        while events and len(events) < MOST_EVENTS and (more := listener.events(0)):
            events += more
        for event in events:
            self._note(event)
        if self._doubts.too_many:
            self._doubts.clear()
            self._compare_soon()

    def _note(self, event: Event) -> None:
        now = time.monotonic()
        if isinstance(event, EntryEvent) and event.state is not State.PRESENT:
            self._told({event.uuid}, event.csn, now)
        elif isinstance(event, IdSet) and event.deleted:
            self._told(event.uuids, "", now)
        elif isinstance(event, RefreshDone) and not event.more:
            # Compared in any case: of entries removed meanwhile a server without a log of its own says
            # nothing but that it did not name them, and that would be a list of all others to keep in memory.
            self._compare_soon()
        self._cookie = event.cookie or self._cookie

    def _told(self, uuids: set[UUID] | frozenset[UUID], csn: str, now: float) -> None:
        self._doubts.hear(uuids, csn, now)
        if self._suspects:
            self._suspects -= uuids  # it was only on its way

    def _look(self) -> None:
        """Bring the index up to what is committed of the entries that events told of."""
        now = time.monotonic()
        due = self._doubts.due(now)
        if not due:
            return
        found = self._snapshots.states(due)
        self._keeper.mend(self._keeper.changed(found, due))
        for uuid in due:
            self._doubts.judge(uuid, found.get(uuid, ""), now)

    def _compare_soon(self) -> None:
        self._compare_at, self._pause = time.monotonic(), FIRST_PAUSE

    def _compare(self) -> None:
        """Find what differs without an event that told of it: it is mended in the next round."""
        now, last = self._clock(), self._projection.compared
        self._suspects = self._keeper.differences()
        if last is None or not timedelta(0) <= now - last < FULL_COMPARE:
            self._suspects |= self._keeper.stale()
            self._projection.compared = now
            log.info("the whole index was compared with the directory")
        self._suspects -= self._doubts.entries
        self._compare_at = time.monotonic() + self._pause
        self._pause = min(self._pause * 2, self._longest_pause)

    def _mend_suspects(self) -> None:
        suspects, self._suspects = self._suspects, None
        if suspects is None:
            return
        mended = self._keeper.mend(suspects)
        if mended and self._compared:
            log.warning("%d entries differed from the directory, which had not told of it; mended", mended)
            self._folder.note_in_step(self._clock(), mended)
        elif mended:
            log.info("%d entries have changed while nobody followed", mended)
        self._compared += 1

    def _save(self) -> None:
        """Commit what is new, and the cookie only when nothing before it is in doubt."""
        now = time.monotonic()
        if not self._doubts and self._suspects is None:
            self._projection.cookie = self._cookie or self._projection.cookie
        if self._projection.changed or now - self._committed > COOKIE_EVERY:
            self._projection.commit()
            self._committed = now
        if self._compared and now - self._noted > NOTE_EVERY:
            self._folder.note_in_step(self._clock())
            self._noted = now
