"""What every page may need, is the same for every leader, and changes seldom: read once a minute."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from ldap_schema.clock import Clock

T = TypeVar("T")
FRESH_FOR = timedelta(seconds=60)


class Minutely(Generic[T]):
    """One thing for all requests of a process; whoever finds it old reads it, and nobody waits for them."""

    def __init__(self, read: Callable[[], T], clock: Clock) -> None:
        self._read, self._clock = read, clock
        self._lock = threading.Lock()
        self._latest: tuple[T, datetime] | None = None

    def get(self) -> T:
        """Return it as it was within the last minute, or a little longer while somebody else reads it.

        Raises what reading it raises.
        """
        latest = self._latest
        if latest is not None and (self._is_fresh(latest[1]) or not self._lock.acquire(blocking=False)):
            return latest[0]
        if latest is None:
            self._lock.acquire()
        try:
            if self._latest is None or not self._is_fresh(self._latest[1]):
                now = self._clock()
                self._latest = (self._read(), now)
            return self._latest[0]
        finally:
            self._lock.release()

    def _is_fresh(self, read_at: datetime) -> bool:
        return timedelta(0) <= self._clock() - read_at < FRESH_FOR
