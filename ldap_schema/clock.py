"""Time: instants are UTC, days are Europe/London civil dates; the clock is passed in."""

from collections.abc import Callable
from datetime import date, datetime
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]

LONDON = ZoneInfo("Europe/London")


def london_today(now: datetime) -> date:
    """Return the civil date in London at that instant: the day that leave and last days are counted in."""
    return now.astimezone(LONDON).date()
