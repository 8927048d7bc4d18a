"""Ends grants of contact details after their last day; the access rules know who, and not until when."""

import logging

from ldap_schema.clock import Clock, london_today
from ldap_schema.directory import Directory
from store import ledger
from store.database import Store

ACTOR = "worker"

log = logging.getLogger(__name__)


def end_grants(directory: Directory, store: Store, clock: Clock) -> int:
    """End every grant whose last day is over, in London; return how many there were.

    The directory is asked as the account of the jobs. Raises DirectoryError, StoreError: what was not ended
    is ended by the next look.
    """
    now = clock()
    ended = directory.grants.ended(london_today(now))
    for owner, grant in ended:
        with store.transaction() as tx:
            details = {"viewer": grant.viewer, "attribute": grant.detail, "last day": str(grant.last_day)}
            ledger.append(tx, "grant ended", ACTOR, owner, details, now)
            directory.grants.take(owner, grant)
        log.info("a grant of %s ended", owner)
    return len(ended)
