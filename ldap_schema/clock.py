"""Time: instants are UTC, days are Europe/London civil dates; the clock is passed in."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]

LONDON = ZoneInfo("Europe/London")


def system_clock() -> datetime:
    """Return the machine's idea of now, in UTC; the composition root passes this function in."""
    return datetime.now(UTC)


def london_today(now: datetime) -> date:
    """Return the civil date in London at that instant: the day that leave and last days are counted in."""
    return now.astimezone(LONDON).date()
