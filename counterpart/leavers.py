"""First and last days, leavers' mail programs, ended grants: a thread of the worker that looks now and then.

A leaver's passwords stop working with the leaver (the access rules see to that); this removes what remains
of them. Somebody who is suspended keeps theirs: they don't work meanwhile, and do again afterwards.
"""

import logging
from dataclasses import dataclass
from threading import Event

from counterpart.attempts import attempt
from counterpart.ended_grants import end_grants
from ldap_schema.clock import Clock
from ldap_schema.directory import Directory
from ldap_schema.errors import NotFound
from ldap_schema.people import HELD, PENDING, VISIBLE
from store import ledger, waiting
from store.database import Store
from sync.turning import turn_days

LOOK_EVERY = 300.0  # seconds
ACTOR = "worker"
STAYING = (*VISIBLE, PENDING, HELD)
GONE = "gone"  # instead of a status, of an owner who has no entry any more

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leavers:
    """What a look needs; it keeps nothing between looks, and doing one twice does no harm."""

    directory: Directory  # as the account of the jobs, which sees people of every status
    store: Store
    clock: Clock
    notice_days: int = 0  # before a joiner is listed

    def turn_days(self) -> int:
        """List whose first day has come, hide whose last day has passed; return how many there were."""
        return turn_days(self.directory, self.store, self.clock, ACTOR, self.notice_days)

    def purge(self) -> int:
        """Remove the credentials of everybody who left, died or was erased; return how many there were.

        Raises DirectoryError, StoreError: what was not removed is removed by the next look.
        """
        owners = self.directory.credentials.owners()
        known = self.directory.people.by_uids(owners)
        if owners and not known:
            log.error("not one owner of %d mail programs was found, so none was removed", len(owners))
            return 0
        leaving = {uid: self._status(uid) for uid in owners if uid not in known}
        leaving |= {uid: person.status for uid, person in known.items()}
        return sum(
            self._remove(uid, status, owners[uid]) for uid, status in leaving.items() if status not in STAYING
        )

    def _status(self, uid: str) -> str:
        """Ask once more for somebody who was not among those found: nothing is removed on a guess."""
        try:
            return self.directory.people.get(uid).status
        except NotFound:
            return GONE

    def _remove(self, uid: str, status: str, devices: list[str]) -> int:
        now = self.clock()
        with self.store.transaction() as tx:
            for device in devices:
                ledger.append(tx, "device purged", ACTOR, device, {"owner": uid, "because": status}, now)
                waiting.settle_matter(tx, waiting.SUSPENDED_DEVICE, device, ACTOR, now)
            self.directory.credentials.purge(uid)
        log.info("%d mail programs of %s were removed (%s)", len(devices), uid, status)
        return len(devices)


def keep_purged(leavers: Leavers, stop: Event) -> None:
    """Look until `stop` is set. No failure ends it: the next look finds what this one could not do."""
    while not stop.is_set():
        attempt("first and last days", leavers.turn_days)
        attempt("leavers' mail programs", leavers.purge)
        attempt("ended grants", lambda: end_grants(leavers.directory, leavers.store, leavers.clock))
        stop.wait(LOOK_EVERY)
