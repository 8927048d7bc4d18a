"""Telling people 60, 30, 7 and 1 days before one of our own certificates ends; each is told once."""

import logging
from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from saml.ends import THRESHOLDS, End, certificate_end
from saml.keys import KeyUnusable, load_keys
from saml.notices import ACTOR, Correspondence
from saml.settings import SAMLSettings
from store import ledger, outbox, waiting
from store.database import Store
from store.mail import Mail

ADVICE = (
    "Change our keys in good time: `counterpart idp rollover` takes three steps with a day between them, and "
    "nobody's sign-in fails. Providers that hold a copy of our metadata refuse it from that moment on."
)
TEXT = "{facts}\n\n{advice}\n\n{service}, {address}\n"

log = logging.getLogger(__name__)


class OwnEnds:
    """Looks at the key files anew each time, as portals do."""

    def __init__(
        self,
        settings: SAMLSettings,
        store: Store,
        clock: Callable[[], datetime],
        correspondence: Correspondence,
    ) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._correspondence = correspondence

    def run_due(self) -> int:
        """Tell what has come closer; how many ends were told. Raises StoreError."""
        try:
            keys = load_keys(self._settings)
        except KeyUnusable as error:
            log.error("our own keys can't be looked at: %s", error)
            return 0
        now, ends = self._clock(), [certificate_end(each) for each in keys.certificates]
        with self._store.transaction() as tx:
            self._settle_others(tx, ends, now)
            return sum(
                self._look(tx, name, end, now) for name, end in zip(("current", "next"), ends, strict=False)
            )

    def _settle_others(self, tx: Session, ends: list[End], now: datetime) -> None:
        """A certificate that is published no longer may end without anybody."""
        published = tuple(f"our {end.key} " for end in ends)
        for item in waiting.open_items(tx, waiting.PROVIDER_ENDING):
            if item.key.startswith("our ") and not item.key.startswith(published):
                waiting.settle_matter(tx, item.kind, item.key, ACTOR, now)

    def _look(self, tx: Session, name: str, end: End, now: datetime) -> bool:
        """Tell the smallest threshold that was passed, if it was not told before."""
        passed = [days for days in THRESHOLDS if end.days_left(now) <= days]
        key = f"our {end.key} {passed[-1]}" if passed else ""
        if not passed or waiting.was_raised(tx, waiting.PROVIDER_ENDING, key):
            return False
        facts = f"Our own {name} {end.what} ends on {end.ends:%d %B %Y %H:%M} UTC."
        for days in THRESHOLDS:
            waiting.settle_matter(tx, waiting.PROVIDER_ENDING, f"our {end.key} {days}", ACTOR, now)
        waiting.raise_item(tx, waiting.PROVIDER_ENDING, key, f"{facts} {ADVICE}", now)
        ledger.append(
            tx, f"{waiting.PROVIDER_ENDING}: {key}"[:80], ACTOR, "sign-in keys", {"facts": facts}, now
        )
        told = self._correspondence
        if told.manager_mail:
            text = TEXT.format(facts=facts, advice=ADVICE, service=told.service_name, address=told.address)
            subject = f"{told.service_name}: our own certificate ends on {end.ends:%d %B %Y}"
            outbox.enqueue(tx, Mail(to=told.manager_mail, subject=subject, text=text), key[:200], now)
        return True
