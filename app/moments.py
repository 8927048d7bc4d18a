"""Dates and times as people in the UK say them."""

from datetime import date, datetime

from ldap_schema.clock import LONDON


def moment(instant: datetime) -> str:
    """Write an instant as people in the UK say it: 3 March 2026, 2:05pm."""
    local = instant.astimezone(LONDON)
    return f"{local.day} {local:%B %Y}, {clock_time(instant)}"


def day(one: date) -> str:
    """Write a day as GOV.UK does: 3 March 2026."""
    return f"{one.day} {one:%B %Y}"


def clock_time(instant: datetime) -> str:
    """Write a time of day: 2:05pm."""
    local = instant.astimezone(LONDON)
    return f"{local.hour % 12 or 12}:{local:%M}{'am' if local.hour < 12 else 'pm'}"
