"""Where the time comes from: the composition root passes this clock to whoever needs one."""

from datetime import UTC, datetime


def system_clock() -> datetime:
    """Return the machine's idea of now, in UTC."""
    return datetime.now(UTC)
