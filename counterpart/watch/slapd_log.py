"""slapd's log at level `stats`, line by line: which device asked for whom, and when.

Three kinds of line heads are understood: slapd's own (`-d stats`), ISO 8601 and traditional syslog. What a
person searched for goes no further than the tally in memory: nothing here writes it anywhere.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from counterpart.watch.filters import Filter, UnreadableFilter, items, parts, read_filter

OWN = re.compile(r"([0-9a-f]{8})\.([0-9a-f]{8}) ")
ISO = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S*) ")
SYSLOG = re.compile(r"([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) ")
ORIGIN = re.compile(r"(\S+ slapd\[\d+\]): ")
SAID = re.compile(r"conn=(\d+) (?:op|fd)=\d+ (.*)")
BOUND = re.compile(r'BIND (?:dn="([^"]*)" mech=|anonymous)', re.IGNORECASE)
DEVICE = re.compile(r"uid=([A-Za-z0-9._-]+),ou=credentials,", re.IGNORECASE)
# Every scope but 0 (one entry): 1, 2, 3 (children, which slapd takes too), and what it may take one day.
ASKED = re.compile(r'SRCH base="[^"]*" scope=(?!0 )\S+ .*?filter="(.*?)"?$')
MOST_WORDS = 8  # in one filter; nobody types more into a mail program's search box


@dataclass(frozen=True, slots=True)
class Question:
    """One search of one device: the words in its filter, and whether any mail program would ask so."""

    device: str
    when: datetime
    text: str  # empty: it names nobody
    shortest: int  # letters of the shortest word in the filter
    odd: bool  # it leaves somebody out, goes by an order, has a dozen names in it, or is no filter
    asked: Filter | None = None


class Listener:
    """Follows the connections of one log; keeps nothing but who is bound on which."""

    def __init__(self) -> None:
        self._bound: dict[tuple[str, str], str] = {}

    def hear(self, line: str, now: datetime) -> Question | None:
        """Take one line; return the question if it is one of a mail program."""
        said = SAID.search(line)
        if said is None:
            return None
        origin = ORIGIN.search(line[: said.start()])
        connection = (origin.group(1) if origin else "", said.group(1))
        words = said.group(2)
        if words.startswith("BIND"):
            self._bind(connection, words)
        elif words.startswith(("closed", "ACCEPT")):
            self._bound.pop(connection, None)
        elif words.startswith("SRCH base") and (device := self._bound.get(connection)):
            return _question(device, words, moment(line, now))
        return None

    def _bind(self, connection: tuple[str, str], words: str) -> None:
        bound = BOUND.match(words)
        if bound is None:
            return  # only tried so far; slapd writes the mechanism when it was right
        device = DEVICE.match(bound.group(1) or "")
        if device:
            self._bound[connection] = device.group(1).lower()
        else:
            self._bound.pop(connection, None)


def _question(device: str, words: str, when: datetime) -> Question | None:
    found = ASKED.match(words)
    if found is None:
        return None  # it read one entry, such as the schema
    try:
        asked = read_filter(found.group(1))
    except UnreadableFilter:
        return Question(device, when, "", 0, odd=True)
    values = list(dict.fromkeys(item.words for item in items(asked) if item.names_somebody))
    # A name of two words is asked for as a whole and in parts; the whole is what was typed.
    whole = [value for value in values if not any(value in other for other in values if other != value)]
    odd = len(whole) > MOST_WORDS or any(part.unusual for part in parts(asked))
    if not values and not odd:
        return None
    return Question(device, when, " ".join(whole), min(map(len, values), default=0), odd, asked)


def moment(line: str, now: datetime) -> datetime:
    """Return when the line was written; now, if its head does not say so."""
    if found := OWN.match(line):
        nanoseconds = min(int(found.group(2), 16), 999_999_999)
        return datetime.fromtimestamp(int(found.group(1), 16), UTC).replace(microsecond=nanoseconds // 1000)
    if found := ISO.match(line):
        try:
            return datetime.fromisoformat(found.group(1)).astimezone(UTC)
        except ValueError:
            return now
    if found := SYSLOG.match(line):
        return _without_year(found.group(1), now)
    return now


def _without_year(head: str, now: datetime) -> datetime:
    """Read traditional syslog's time, local and without a year: the latest that is not in the future."""
    for year in (now.year, now.year - 1):
        try:
            written = datetime.strptime(f"{year} {head}", "%Y %b %d %H:%M:%S").astimezone(UTC)
        except ValueError:
            continue
        if written <= now + timedelta(days=1):
            return written
    return now
