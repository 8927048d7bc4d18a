"""The watch itself: a thread of the worker that reads slapd's log every few seconds."""

import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

from counterpart.watch.alarm import Alarm
from counterpart.watch.canaries import Canaries
from counterpart.watch.follower import Follower
from counterpart.watch.pattern import Tally
from counterpart.watch.settings import WatchSettings
from counterpart.watch.slapd_log import Listener, Question
from ldap_schema.clock import Clock
from ldap_schema.errors import DirectoryError
from ldap_schema.people import Person
from saml.errors import speakable_reference
from store.errors import StoreError

LOOK_EVERY = 2.0  # seconds
PAUSE_AFTER_FAILURE = 10.0
CANARIES_EVERY = timedelta(minutes=1)  # until a new canary is watched
MOST_DEVICES = 20_000  # tallies kept; the one that has been silent longest goes first

log = logging.getLogger(__name__)


class Watch:
    """Tallies of all devices, made anew from the log when it starts."""

    def __init__(
        self,
        settings: WatchSettings,
        alarm: Alarm,
        clock: Clock,
        find_canaries: Callable[[], Sequence[Person]],
    ) -> None:
        self._settings = settings
        self._alarm = alarm
        self._clock = clock
        self._find_canaries = find_canaries
        self._canaries, self._found_at = Canaries(), datetime.min.replace(tzinfo=UTC)
        self._logs = [(Follower(Path(name)), Listener()) for name in settings.log]
        self._tallies: OrderedDict[str, Tally] = OrderedDict()
        self._suspected: dict[str, tuple[str, Tally]] = {}

    def run(self, stop: Event) -> None:
        """Look until `stop` is set. No failure ends it: what is suspected is tried again."""
        while not stop.is_set():
            pause = LOOK_EVERY
            try:
                self.look()
            except (DirectoryError, StoreError, OSError) as error:
                log.error("watch over mail programs: %s", error)
                pause = PAUSE_AFTER_FAILURE
            except Exception:  # a mistake of ours must not end the watch
                log.exception("watch over mail programs failed, reference %s", speakable_reference())
                pause = PAUSE_AFTER_FAILURE
            stop.wait(pause)
        self.close()

    def close(self) -> None:
        """Let go of the logs."""
        for follower, _ in self._logs:
            follower.close()

    def look(self) -> int:
        """Read what is new and act on it; return how many devices were suspended."""
        self._know_canaries()
        for follower, listener in self._logs:
            for line in follower.lines():
                question = listener.hear(line, self._clock())
                if question is not None:
                    self._count(question)
        return self._act()

    def _know_canaries(self) -> None:
        if self._clock() - self._found_at >= CANARIES_EVERY:
            self._canaries, self._found_at = Canaries(self._find_canaries()), self._clock()

    def _count(self, question: Question) -> None:
        tally = self._tallies.pop(question.device, None) or Tally(self._settings)
        self._tallies[question.device] = tally
        reason = tally.hear(question, self._canaries)
        if reason:
            self._suspected[question.device] = (reason, tally)
        if len(self._tallies) > MOST_DEVICES:
            self._tallies.popitem(last=False)

    def _act(self) -> int:
        """Sound the alarm for every suspect, and begin its tally anew."""
        suspended = 0
        while self._suspected:
            device, (reason, tally) = next(iter(self._suspected.items()))
            suspended += self._alarm.sound(device, reason, tally.since or self._clock())
            del self._suspected[device]  # not before: an alarm that failed is sounded again
            self._tallies.pop(device, None)
        return suspended
