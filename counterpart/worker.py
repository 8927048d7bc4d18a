"""The background worker: looks into the outbox, sends what is due, says that it is alive, forgets what was
kept long enough, and stops when asked.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event

from counterpart.heart import Heart
from counterpart.mail import SMTPSender
from counterpart.settings import ServiceSettings
from ldap_schema.clock import Clock
from saml.errors import speakable_reference
from store import kept, outbox, waiting
from store.database import Store
from store.errors import StoreError
from store.outbox import Counts, deliver_due

NAME = "worker"
FORGET_EVERY = timedelta(hours=1)
PAUSE_AFTER_FAILURE = 10.0  # seconds; whatever is away needs a moment, and the log stays readable

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """What a round needs; it keeps nothing between rounds."""

    store: Store
    sender: SMTPSender
    settings: ServiceSettings
    clock: Clock
    stop: Event

    def run(self) -> None:
        """Work until `stop` is set; the mail in flight is finished first. No failure ends the loop."""
        log.info("worker started")
        heart = Heart(self.store, NAME, self.clock)
        forgotten: datetime | None = None
        while not self.stop.is_set():
            pause = self.settings.worker_seconds
            try:
                heart.beat()
                if forgotten is None or self.clock() - forgotten >= FORGET_EVERY:
                    self.forget()
                    forgotten = self.clock()
                _report(self.deliver())
            except StoreError as error:
                log.error("%s", error)
                pause = PAUSE_AFTER_FAILURE
            except Exception:  # a mistake of ours must not stop everybody's mail; the next round tries again
                log.exception("round failed, reference %s", speakable_reference())
                pause = PAUSE_AFTER_FAILURE
            self.stop.wait(pause)
        log.info("worker stopped")

    def forget(self) -> int:
        """Delete what sign-ins left on the desk, mail given up long ago, and lists of views that are too old;
        return how many of the first two."""
        with self.store.transaction() as tx:
            gone = waiting.forget_passing(tx, self.clock())
            dropped = outbox.drop_dead(tx, self.clock())
            kept.forget_old_views(tx, self.clock())
        if gone:
            log.info("%d old matters about sign-ins were forgotten", gone)
        if dropped:
            log.info("%d mails that could not be delivered were forgotten", dropped)
        return gone + dropped

    def deliver(self) -> Counts:
        """One round: send everything that is due."""
        return deliver_due(
            self.store,
            self.sender.send,
            self.clock,
            self.settings.mail_sender,
            lease_seconds=self.settings.mail_lease_seconds,
            stopping=self.stop.is_set,
        )


def _report(counts: Counts) -> None:
    if counts != Counts():
        log.info("mail: %d sent, %d postponed, %d given up", counts.sent, counts.postponed, counts.dead)
