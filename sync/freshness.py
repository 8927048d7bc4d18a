"""When a sender's next file is expected, and whether what the directory has is still fresh. London's time."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from ldap_schema.clock import LONDON
from sync.errors import MappingRefused
from sync.sources.origin import Refuse
from sync.wording import closest

FRESH, LATE, STALE, HELD, REFUSED, UNWATCHED = "fresh", "late", "stale", "held", "refused", "unwatched"
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WORDS = ("daily", "weekdays", "weekly")
_EXPECT = re.compile(r"(?P<how>\w+)( +(?P<day>[a-z]+))? +(?P<hour>\d{1,2}):(?P<minute>\d{2})")
_AGE = re.compile(r"(?P<count>[1-9]\d{0,3}) ?(?P<unit>[hd])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """What was agreed with the sender: days and time by which a file is here, and how old data may get."""

    days: frozenset[int] = frozenset()  # 0 = Monday; empty = no time was agreed
    by: time = time()  # London civil time
    stale_after: timedelta | None = None

    def __bool__(self) -> bool:
        return bool(self.days) or self.stale_after is not None

    def due_before(self, now: datetime) -> datetime | None:
        """The latest moment, in UTC and not after `now`, by which a file had to be here."""
        return self._nearest(now, -1)

    def due_after(self, now: datetime) -> datetime | None:
        """The next moment, in UTC and after `now`, by which a file has to be here."""
        return self._nearest(now, 1)

    def _nearest(self, now: datetime, step: int) -> datetime | None:
        today = now.astimezone(LONDON).date()
        for offset in range(-1, 9):
            day = today + timedelta(days=step * offset)
            moment = datetime.combine(day, self.by, tzinfo=LONDON).astimezone(UTC)
            if day.weekday() in self.days and (moment > now if step > 0 else moment <= now):
                return moment
        return None


NO_RHYTHM = Rhythm()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is known of a feed, or of one part of it."""

    since: datetime  # when it was first looked after
    arrived: datetime | None = None  # the newest file, or the server's word that nothing changed
    succeeded: datetime | None = None  # the newest file that was taken
    held: bool = False
    refused: bool = False


def is_silent(rhythm: Rhythm, seen: Seen, now: datetime) -> bool:
    """Whether no file came in time, whatever became of those that did come."""
    last = seen.arrived or seen.since
    too_old = rhythm.stale_after is not None and now - last > rhythm.stale_after
    return too_old or _is_late(rhythm, seen, now)


def state_of(rhythm: Rhythm, seen: Seen, now: datetime) -> str:
    """Give one word for the table: what somebody has to act on comes before what follows from it."""
    if seen.held:
        return HELD
    if seen.refused:
        return REFUSED
    if rhythm.stale_after is not None and now - (seen.succeeded or seen.since) > rhythm.stale_after:
        return STALE
    if _is_late(rhythm, seen, now):
        return LATE
    return FRESH if rhythm else UNWATCHED


def _is_late(rhythm: Rhythm, seen: Seen, now: datetime) -> bool:
    """Tell whether the file of the latest agreed moment is missing.

    A file belongs to the agreed moment that is nearest, so that one which was ten minutes late does not
    stand for the next one too.
    """
    due = rhythm.due_before(now)
    before = rhythm.due_before(due - timedelta(seconds=1)) if due else None
    if due is None or before is None or due < seen.since:
        return False
    return seen.arrived is None or seen.arrived < before + (due - before) / 2


def read_rhythm(head: Mapping[str, Any], refuse: Refuse) -> Rhythm:
    """Read `expect` and `stale_after` of the mapping's `[feed]`. Raises MappingRefused."""
    days, by = _expect(str(head["expect"]), refuse) if "expect" in head else (frozenset(), time())
    stale_after = None
    if "stale_after" in head:
        found = _AGE.fullmatch(str(head["stale_after"]).strip().lower())
        if not found:
            raise refuse("feed.stale_after", 'write hours or days, as "26h" or "8d".')
        unit = timedelta(hours=1) if found["unit"] == "h" else timedelta(days=1)
        stale_after = int(found["count"]) * unit
    return Rhythm(days=days, by=by, stale_after=stale_after)


def _expect(text: str, refuse: Refuse) -> tuple[frozenset[int], time]:
    found = _EXPECT.fullmatch(text.strip().lower())
    if not found:
        raise _not_understood(refuse)
    how, day = found["how"], found["day"]
    if how not in _WORDS:
        raise refuse("feed.expect", f'"{how}" is not understood.{closest(how, _WORDS)}')
    if day and day not in DAYS:
        raise refuse("feed.expect", f'"{day}" is no day of the week.{closest(day, DAYS)}')
    if bool(day) != (how == "weekly"):
        raise _not_understood(refuse)
    try:
        by = time(int(found["hour"]), int(found["minute"]))
    except ValueError:
        raise refuse("feed.expect", f"{found['hour']}:{found['minute']} is no time of day.") from None
    if how == "weekly":
        return frozenset({DAYS.index(day)}), by
    return frozenset(range(7 if how == "daily" else 5)), by


def _not_understood(refuse: Refuse) -> MappingRefused:
    return refuse("feed.expect", 'write "daily 06:00", "weekdays 06:00" or "weekly monday 07:00".')
