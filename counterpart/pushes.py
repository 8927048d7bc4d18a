"""When what SCIM clients pushed is looked at: a thread of the worker that takes it as it takes a file."""

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event

from counterpart.attempts import attempt
from counterpart.scim import Mappings
from ldap_schema.clock import london_today
from ldap_schema.errors import DirectoryError, Moved
from ldap_schema.scim_records import SnapshotHead
from store import waiting
from store.errors import StoreError
from sync.context import REFUSED, Result, SyncContext
from sync.errors import InputRefused, SyncError
from sync.mapping import Feed
from sync.runs import run_feed
from sync.scim_snapshot import write_snapshot
from sync.source import WHOLE_FEED

LOOK_EVERY = 5.0  # seconds between two looks of the worker

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Pushes:
    """Looks at snapshots once their clients are quiet, or have gone on for too long, and once a day."""

    context: SyncContext
    _mappings: Mappings = field(init=False)
    _looked_on: dict[str, str] = field(default_factory=dict)  # feed -> day

    def __post_init__(self) -> None:
        self._mappings = Mappings(self.context.settings.mappings)

    def look(self) -> list[Result]:
        """Run every feed whose turn it is; a feed that fails stops no other."""
        heads = {each.feed: each for each in self.context.directory.scim_snapshots.heads()}
        due = [each for each in self._mappings.feeds() if self._is_due(each, heads)]
        return [result for feed in due if (result := self._try(feed, heads[feed.id]))]

    def run(self, feed: Feed, head: SnapshotHead) -> Result:
        """Plan and apply what stands in a feed's snapshot, as if it had come as a file of today.

        Raises SyncError, DirectoryError, StoreError: it is looked at again.
        """
        context, today = self.context, london_today(self.context.clock())
        records = context.directory.scim_snapshots.records(feed.id)
        path = write_snapshot(context.settings.folder, feed.id, records, today)
        result = run_feed(context, Path(feed.path), [path])
        self._tell(feed, result)
        self._looked_on[feed.id] = str(today)
        try:
            context.directory.scim_snapshots.looked_at(head)
        except Moved:
            log.info("%s was written to while it was looked at, and will be looked at again", feed.id)
        return result

    def _is_due(self, feed: Feed, heads: dict[str, SnapshotHead]) -> bool:
        head = heads.get(feed.id)
        if head is None or not head.version:
            return False  # nothing was ever pushed
        now, settings = self.context.clock(), self.context.settings
        if head.waiting_since is None:
            return self._looked_on.get(feed.id) != str(london_today(now)) and not self._is_held(feed)
        return _over(head.changed_at, settings.push_quiet_seconds, now) or _over(
            head.waiting_since, settings.push_longest_seconds, now
        )

    def _tell(self, feed: Feed, result: Result) -> None:
        """Put a snapshot that can't be used on the desk until one can: nobody is at a terminal to read it."""
        matter, now = f"{feed.id}/{WHOLE_FEED}", self.context.clock()
        words = f"What {feed.name} ({feed.id}) pushed was refused, and nothing was changed: {result.text}"
        with self.context.store.transaction() as tx:
            if result.exit_code == REFUSED:
                waiting.raise_item(tx, waiting.REFUSED_FEED, matter, words, now)
            else:
                waiting.settle_matter(tx, waiting.REFUSED_FEED, matter, self.context.actor, now)

    def _is_held(self, feed: Feed) -> bool:
        """Whether somebody still has to decide: planned afresh each day, no approval would find its run."""
        part = self.context.directory.feeds.part(feed.id, WHOLE_FEED)
        return part is not None and bool(part.hold_run)

    def _try(self, feed: Feed, head: SnapshotHead) -> Result | None:
        try:
            result = self.run(feed, head)
        except InputRefused as error:
            log.error("%s was pushed and refused: %s", feed.id, error)
        except (SyncError, DirectoryError, StoreError) as error:
            log.error("%s was not looked at: %s", feed.id, error)
        else:
            log.info("%s was pushed: %s", feed.id, result.text)
            return result
        return None


def _over(since: datetime | None, seconds: float, now: datetime) -> bool:
    return since is not None and now - since >= timedelta(seconds=seconds)


def keep_looking(pushes: Pushes, stop: Event) -> None:
    """Look until `stop` is set. No failure ends it: what waits goes on waiting, in the directory."""
    while not stop.is_set():
        attempt("looking at what SCIM clients pushed", pushes.look)
        stop.wait(LOOK_EVERY)
