"""What copying a directory looks like, told from what one device asked: pure, in memory, an hour long.

Somebody who types "mar", "mart", "marti" asks three times and means one name: a search that lengthens the one
before takes its place, and one that is a letter shorter is on the way to the next. One that lost more letters
at once is a rest, a name of its own until it is lengthened or shortened again. What remains are the names
that were meant.
"""

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from counterpart.watch.canaries import Canaries, Sighting
from counterpart.watch.settings import WatchSettings
from counterpart.watch.slapd_log import Question

WINDOW = timedelta(hours=1)
SHORT = 3  # letters
NO_CANARIES = Canaries()
# To be read by the owner, and by a thief who is the owner: it says what was noticed and not by which entry.
KNOWN_FROM_A_COPY = "names that are known only from a copy of the directory"


@dataclass(frozen=True, slots=True)
class _Meant:
    question: Question
    sighting: Sighting
    rest: bool = False  # of a longer one, of which several letters were taken away at once


class Tally:
    """What one device asked in the last hour."""

    def __init__(self, limits: WatchSettings) -> None:
        self._limits = limits
        self._meant: deque[_Meant] = deque(maxlen=4 * limits.names_per_hour)
        self._before = ""
        self._known: dict[str, datetime] = {}  # canaries asked for by their whole family name
        self._odd: deque[datetime] = deque(maxlen=2 * limits.oddities_per_hour)
        self._in_order = 0

    @property
    def since(self) -> datetime | None:
        """When the oldest question in the tally was asked."""
        asked = [*self._known.values(), *list(self._odd)[:1]]
        asked += [self._meant[0].question.when] if self._meant else []
        return min(asked, default=None)

    def hear(self, question: Question, canaries: Canaries = NO_CANARIES) -> str:
        """Count a question; return in words what looks like copying, or nothing."""
        self._forget(question.when - WINDOW)
        sighting = canaries.sighting(question.asked) if question.asked else Sighting()
        self._known |= dict.fromkeys(sighting.known, question.when)  # whatever is asked next
        if question.odd:
            self._odd.append(question.when)
        if question.text:
            self._mean(question, sighting)
        if sighting.named:
            return f"asked for {KNOWN_FROM_A_COPY}"
        return self._suspicion()

    def _mean(self, question: Question, sighting: Sighting) -> None:
        before, self._before = self._before, question.text
        last = self._meant[-1] if self._meant else None
        if last and last.question.text.startswith(question.text):
            if len(before) - len(question.text) > 1:
                self._keep(_Meant(question, sighting, rest=True), instead=last.rest)
            return  # going back; what comes after it may be another name
        if last and question.text.startswith(last.question.text):
            self._keep(_Meant(question, sighting), instead=True)
            return
        rising = last is not None and question.text > last.question.text
        short = question.shortest <= SHORT
        self._in_order = (self._in_order + 1 if rising else 1) if short else 0
        self._keep(_Meant(question, sighting), instead=False)

    def _keep(self, meant: _Meant, *, instead: bool) -> None:
        if instead:
            self._meant[-1] = meant
        else:
            self._meant.append(meant)

    def _beginnings(self) -> int:
        """How many different short searches were meant. Two rests count as one: a program that asks now and
        then while the backspace key is held leaves a rest of each name that somebody takes away."""
        short = [each for each in self._meant if each.question.shortest <= SHORT]
        typed = {each.question.text for each in short if not each.rest}
        rests = {each.question.text for each in short if each.rest}
        return len(typed) + len(rests - typed) // 2

    def _suspicion(self) -> str:
        names = {each.question.text for each in self._meant}
        short = self._beginnings()
        # A short beginning finds a canary by chance, and is counted as a beginning.
        longer = [each.sighting.seen for each in self._meant if each.question.shortest > SHORT]
        canaries = frozenset(self._known).union(*longer)
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
        while self._meant and self._meant[0].question.when < before:
            self._meant.popleft()
        while self._odd and self._odd[0] < before:
            self._odd.popleft()
        self._known = {id_: when for id_, when in self._known.items() if when >= before}
