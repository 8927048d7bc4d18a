"""Signs of life of a background process in the store, for `doctor` and the desk."""

from datetime import datetime, timedelta

from ldap_schema.clock import Clock
from store import heartbeats
from store.database import Store

BEAT_EVERY = timedelta(seconds=15)


class Heart:
    """One for each process; it may be asked to beat as often as one likes."""

    def __init__(self, store: Store, name: str, clock: Clock) -> None:
        self._store, self._name, self._clock = store, name, clock
        self._beaten: datetime | None = None

    def beat(self) -> None:
        """Say that the process is alive, if it has not said so lately; raises StoreError."""
        now = self._clock()
        if self._beaten is not None and timedelta(0) <= now - self._beaten < BEAT_EVERY:
            return
        self._beaten = now  # also when it fails: asking again at once would not help
        with self._store.transaction() as tx:
            heartbeats.beat(tx, self._name, now)
