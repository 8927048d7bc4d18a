"""Where the time comes from: the composition root passes this clock to whoever needs one."""

from datetime import UTC, datetime, timedelta

SKEW = timedelta(minutes=5)  # by which clocks may differ before anybody is told


def system_clock() -> datetime:
    """Return the machine's idea of now, in UTC."""
    return datetime.now(UTC)


def numbered_ahead(csn: str, now: datetime) -> bool:
    """Say whether a directory's change number is of a time that has not come yet."""
    return csn[:14] > f"{now + SKEW:%Y%m%d%H%M%S}"
