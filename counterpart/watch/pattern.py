"""What copying a directory looks like, told from what one device asked: pure, in memory, an hour long.

Somebody who types "mar", "mart", "marti" asks three times and means one name: a search that lengthens the one
before takes its place, and one that shortens it is on the way to the next. What remains are the names that
were meant.
"""

from collections import deque
from datetime import datetime, timedelta

from counterpart.watch.canaries import Canaries, Sighting
from counterpart.watch.settings import WatchSettings
from counterpart.watch.slapd_log import Question

WINDOW = timedelta(hours=1)
SHORT = 3  # letters
NO_CANARIES = Canaries()
# To be read by the owner, and by a thief who is the owner: it says what was noticed and not by which entry.
KNOWN_FROM_A_COPY = "names that are known only from a copy of the directory"


class Tally:
    """What one device asked in the last hour."""

    def __init__(self, limits: WatchSettings) -> None:
        self._limits = limits
        self._meant: deque[tuple[Question, Sighting]] = deque(maxlen=4 * limits.names_per_hour)
        self._odd: deque[datetime] = deque(maxlen=2 * limits.oddities_per_hour)
        self._in_order = 0

    @property
    def since(self) -> datetime | None:
        """When the oldest question in the tally was asked."""
        asked = [self._meant[0][0].when] if self._meant else []
        asked += [self._odd[0]] if self._odd else []
        return min(asked, default=None)

    def hear(self, question: Question, canaries: Canaries = NO_CANARIES) -> str:
        """Count a question; return in words what looks like copying, or nothing."""
        self._forget(question.when - WINDOW)
        sighting = canaries.sighting(question.asked) if question.asked else Sighting()
        if question.odd:
            self._odd.append(question.when)
        if question.text:
            self._mean(question, sighting)
        if sighting.named:
            return f"asked for {KNOWN_FROM_A_COPY}"
        return self._suspicion()

    def _mean(self, question: Question, sighting: Sighting) -> None:
        last = self._meant[-1][0] if self._meant else None
        if last and last.text.startswith(question.text):
            return  # going back; what comes after it may be another name
        if last and question.text.startswith(last.text):
            self._meant[-1] = question, sighting
            return
        rising = last is not None and question.text > last.text
        short = question.shortest <= SHORT
        self._in_order = (self._in_order + 1 if rising else 1) if short else 0
        self._meant.append((question, sighting))

    def _suspicion(self) -> str:
        names = {each.text: each.shortest for each, _ in self._meant}
        short = sum(shortest <= SHORT for shortest in names.values())
        # A short beginning finds a canary by chance, and is counted as a beginning.
        canaries = {id_ for each, sighting in self._meant if each.shortest > SHORT for id_ in sighting.seen}
        if self._in_order >= self._limits.in_order:
            return f"went through the alphabet, {self._in_order} short searches in order"
        if short >= self._limits.beginnings_per_hour:
            return f"asked for {short} different beginnings of names within an hour"
        if len(names) >= self._limits.names_per_hour:
            return f"looked up {len(names)} different names within an hour"
        if len(self._odd) >= self._limits.oddities_per_hour:
            return "asked again and again in a way that no mail program does"
        if len(canaries) >= self._limits.canaries_per_hour:
            return f"asked for several of {KNOWN_FROM_A_COPY}"
        return ""

    def _forget(self, before: datetime) -> None:
        while self._meant and self._meant[0][0].when < before:
            self._meant.popleft()
        while self._odd and self._odd[0] < before:
            self._odd.popleft()
