"""Days as senders write them: in the agreed form, as workbooks do, or as a spreadsheet's day number."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from ldap_schema.clock import london_today
from sync.normalise import REMEMBERED, clean
from sync.wording import shown

# Nobody in post today began before; nobody's last day is known to be after. Systems write them for "always".
EARLIEST, ENDLESS = date(1940, 1, 1), date(2049, 12, 31)
_CLOCK = re.compile(r"[ T]\d{1,2}:\d\d(:\d\d(\.\d{1,9})?)?( ?[AP]M)?\Z", re.IGNORECASE)
_SERIAL = re.compile(r"([2-6]\d{4})(\.\d+)?")
_DAY_ZERO = date(1899, 12, 30)  # day 1 is 1 January 1900, and 1900 had a 29 February, say spreadsheets


@dataclass(frozen=True, slots=True)
class Day:
    """A day, or none; a sentence for the receipt; and whether what was sent could not be read."""

    day: date | None = None
    note: str = ""
    refused: bool = False


@lru_cache(maxsize=REMEMBERED)
def read_day(raw: str, form: str) -> Day:
    """Read a date in the mapping's form, in ISO's (a time with a zone is a day in London), or as the number
    of a day. A day past all planning means that there is none.
    """
    text = clean(raw).text
    found = _in_form(text, form) or _in_form(_CLOCK.sub("", text), form) or _iso(text)
    note = ""
    if found is None and (serial := _SERIAL.fullmatch(text)):
        found, note = _DAY_ZERO + timedelta(days=int(serial.group(1))), "a spreadsheet's day number was read"
    if found is None:
        return Day(None, f'"{shown(text)[:20]}" is not a day{_turned(text, form)}', refused=True)
    if found >= ENDLESS:
        return Day(None, f"{found} was read as no day")
    if found < EARLIEST:
        return Day(None, f"{found} is not a likely day", refused=True)
    return Day(found, note)


def _in_form(text: str, form: str) -> date | None:
    try:
        # A civil day has no zone; only the date is kept.
        return datetime.strptime(text, form).date() if form else None  # noqa: DTZ007
    except ValueError:
        return None


def _iso(text: str) -> date | None:
    if not re.match(r"\d{4}-\d\d-\d\d", text):
        return None
    try:
        found = datetime.fromisoformat(text)
        return london_today(found) if found.tzinfo else found.date()
    except (ValueError, OverflowError):
        return None


def _turned(text: str, form: str) -> str:
    """Say so when it would be one with day and month the other way round."""
    swapped = {"%d": "%m", "%m": "%d"}
    other = re.sub("%[dm]", lambda found: swapped[found.group()], form)
    return f" as {form}; are month and day the other way round?" if _in_form(text, other) else ""
