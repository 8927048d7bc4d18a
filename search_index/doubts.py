"""Entries that an event told of, until the directory as it is committed agrees with what was told.

An event comes before the change is committed, or for a change that is rolled back and never comes. So each
entry is looked at again after longer and longer pauses, until its change number is that of the event or a
later one, or it is gone as the event said, or nothing came of it for a minute.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

FIRST_PAUSE, LONGEST_PAUSE = 0.005, 5.0  # seconds
GIVE_UP = 60.0  # seconds; what is committed later still is found by the next comparison
MOST = 100_000


@dataclass(slots=True)
class _Doubt:
    csn: str  # the change that was told of; empty: that the entry is gone
    since: float
    look_at: float
    pause: float = FIRST_PAUSE


class Doubts:
    """Times are seconds of one steady clock, which whoever calls reads."""

    def __init__(self) -> None:
        self._open: dict[UUID, _Doubt] = {}

    def __len__(self) -> int:
        return len(self._open)

    @property
    def entries(self) -> set[UUID]:
        """The entries in doubt."""
        return set(self._open)

    @property
    def too_many(self) -> bool:
        """Whether a comparison of everything is the better way, and takes less memory."""
        return len(self._open) > MOST

    def clear(self) -> None:
        """Forget all of them."""
        self._open.clear()

    def hear(self, uuids: Iterable[UUID], csn: str, now: float) -> None:
        """Note what an event says: the entries have this change number, or are gone if it is empty."""
        for uuid in uuids:
            self._open[uuid] = _Doubt(csn, since=now, look_at=now)

    def due(self, now: float) -> set[UUID]:
        """Return the entries to look at now."""
        return {uuid for uuid, doubt in self._open.items() if doubt.look_at <= now}

    def judge(self, uuid: UUID, found: str, now: float) -> None:
        """Take note of an entry's change number as it is committed; empty: it is not there for us."""
        doubt = self._open[uuid]
        agrees = found >= doubt.csn if doubt.csn else not found
        if agrees or now - doubt.since > GIVE_UP:
            del self._open[uuid]
        else:
            doubt.look_at = now + doubt.pause
            doubt.pause = min(doubt.pause * 2, LONGEST_PAUSE)

    def next_look(self, now: float) -> float:
        """Return the seconds until the next entry is due."""
        soonest = min((doubt.look_at for doubt in self._open.values()), default=now + LONGEST_PAUSE)
        return max(soonest - now, 0.0)
