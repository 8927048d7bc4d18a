"""What copying a directory looks like, told from what one device asked: pure, in memory, an hour long.

Somebody who types "mar", "mart", "marti" asks three times and means one name: a search that lengthens or
shortens the one before belongs to it. What remains are the names that were meant.
"""

from collections import deque
from datetime import datetime, timedelta

from counterpart.watch.settings import WatchSettings
from counterpart.watch.slapd_log import Question

WINDOW = timedelta(hours=1)
SHORT = 3  # letters


class Tally:
    """What one device asked in the last hour."""

    def __init__(self, limits: WatchSettings) -> None:
        self._limits = limits
        self._meant: deque[Question] = deque(maxlen=4 * limits.names_per_hour)
        self._exclusions: deque[datetime] = deque(maxlen=2 * limits.exclusions_per_hour)
        self._in_order = 0

    @property
    def since(self) -> datetime | None:
        """When the oldest question in the tally was asked."""
        asked = [self._meant[0].when] if self._meant else []
        asked += [self._exclusions[0]] if self._exclusions else []
        return min(asked, default=None)

    def hear(self, question: Question) -> str:
        """Count a question; return in words what looks like copying, or nothing."""
        self._forget(question.when - WINDOW)
        if question.excludes:
            self._exclusions.append(question.when)
        if question.text:
            self._mean(question)
        return self._suspicion()

    def _mean(self, question: Question) -> None:
        last = self._meant[-1] if self._meant else None
        if last and (question.text.startswith(last.text) or last.text.startswith(question.text)):
            self._meant[-1] = question
            return
        rising = last is not None and question.text > last.text
        short = question.shortest <= SHORT
        self._in_order = (self._in_order + 1 if rising else 1) if short else 0
        self._meant.append(question)

    def _suspicion(self) -> str:
        names = {each.text: each.shortest for each in self._meant}
        short = sum(shortest <= SHORT for shortest in names.values())
        if self._in_order >= self._limits.in_order:
            return f"went through the alphabet, {self._in_order} short searches in order"
        if short >= self._limits.beginnings_per_hour:
            return f"asked for {short} different beginnings of names within an hour"
        if len(names) >= self._limits.names_per_hour:
            return f"looked up {len(names)} different names within an hour"
        if len(self._exclusions) >= self._limits.exclusions_per_hour:
            return "asked for everybody but those it had already seen"
        return ""

    def _forget(self, before: datetime) -> None:
        while self._meant and self._meant[0].when < before:
            self._meant.popleft()
        while self._exclusions and self._exclusions[0] < before:
            self._exclusions.popleft()
