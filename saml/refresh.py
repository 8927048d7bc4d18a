"""Reading providers' metadata again: what is good is taken over, else the last good stays in force."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from saml import ends
from saml.errors import ProviderRefused
from saml.history import keep, refresh_pause
from saml.notices import Correspondence, Notice, tell
from saml.provider import Provider, from_plain, to_plain
from saml.renewal import Change, compare, in_words
from saml.source import Obtained, obtain
from store import provider_watch, providers, waiting
from store.database import Store
from store.errors import NoSuchRecord
from store.provider_watch import Watched
from store.providers import HELD

UNCHANGED, RENEWED, HELD_BACK, FAILED, NOT_READ = OUTCOMES = (
    "unchanged",
    "renewed",
    "held",
    "failed",
    "not read",
)
LEASE = timedelta(minutes=10)  # longer than any reading takes
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=15), timedelta(hours=6)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a reading came to; `words` say it to a person."""

    result: str
    words: str


class Refresher:
    """Reads what is due and warns of what ends. Safe to run in several processes: each reading is leased."""

    def __init__(
        self,
        store: Store,
        clock: Callable[[], datetime],
        correspondence: Correspondence,
        private_hosts: tuple[str, ...] = (),
    ) -> None:
        self._store = store
        self._clock = clock
        self._correspondence = correspondence
        self._private_hosts = private_hosts

    def run_due(self, stopping: Callable[[], bool] = lambda: False) -> dict[str, Outcome]:
        """Look after every provider that is due. Raises StoreError; no provider's failure stops another's."""
        with self._store.transaction() as tx:
            _watch_all(tx, self._clock())
            due = provider_watch.claim(tx, self._clock(), LEASE)
        outcomes: dict[str, Outcome] = {}
        for provider_id in due:
            if stopping():
                break
            outcomes[provider_id] = self.refresh(provider_id)
        return outcomes

    def refresh(self, provider_id: str, *, accept: bool = False) -> Outcome:
        """Read one provider's metadata now, and warn of what ends. With `accept` a change of keys is taken
        over that would otherwise wait for a person. Raises NoSuchRecord, StoreError.
        """
        with self._store.reading() as tx:
            provider = _provider(tx, provider_id)
        if not provider.source.refreshed:
            outcome = Outcome(NOT_READ, "Its metadata is a file; `counterpart idp add` renews it.")
            self._done(provider_id, self._clock() + timedelta(hours=24))
        else:
            outcome = self._read(provider, accept=accept)
        with self._store.transaction() as tx:
            self._warn(tx, provider_id)
        log.log(
            logging.WARNING if outcome.result in (FAILED, HELD_BACK) else logging.INFO,
            "metadata of %s %s: %s", provider_id, outcome.result, outcome.words,
        )  # fmt: skip
        return outcome

    def _read(self, provider: Provider, *, accept: bool) -> Outcome:
        try:
            obtained = obtain(provider.source, self._clock(), self._private_hosts)
            change = compare(provider, obtained.described, self._clock())
        except ProviderRefused as error:
            return self._failed(provider.id, str(error))
        now = self._clock()
        with self._store.transaction() as tx:
            today = _provider(tx, provider.id)
            if today.source != provider.source:
                return Outcome(UNCHANGED, "It was registered anew meanwhile.")
            change = compare(today, obtained.described, now)
            self._good(tx, today.id, obtained, now)
            if change.decides_trust and not accept and not today.source.accepts_new_keys:
                return self._hold(tx, today, change, obtained, now)
            return self._take_over(tx, change, obtained, now)

    def _take_over(self, tx: Session, change: Change, obtained: Obtained, now: datetime) -> Outcome:
        provider, words = change.provider, in_words(change)
        providers.save(tx, to_plain(provider))
        new = keep(tx, provider.id, obtained, now, words or "nothing that decides trust")
        waiting.settle_matter(tx, waiting.PROVIDER_KEYS, provider.id, "metadata refresh", now)
        if words:
            notice = Notice(
                kind=waiting.PROVIDER_KEYS,
                key=f"keys changed {now:%Y-%m-%dT%H:%M}",
                subject="signing keys changed",
                facts=f"Its metadata changed, and is believed: {words}.",
                advice="If its administrators did not do this, run “counterpart idp suspend "
                f"{provider.id}” at once.",
            )
            tell(tx, provider, notice, self._correspondence, now)
        return (
            Outcome(RENEWED, words or "Something else than keys changed.")
            if new
            else Outcome(UNCHANGED, "It says what it said before.")
        )

    def _hold(
        self, tx: Session, today: Provider, change: Change, obtained: Obtained, now: datetime
    ) -> Outcome:
        """Leave the keys of before in force; they stay believed as long as the source still names them."""
        words = in_words(change)
        if not change.removed:
            providers.save(tx, to_plain(replace(today, believed_until=change.provider.believed_until)))
        if keep(tx, today.id, obtained, now, words, HELD):
            notice = Notice(
                kind=waiting.PROVIDER_KEYS,
                key=f"keys held {now:%Y-%m-%dT%H:%M}",
                subject="new signing keys wait for you",
                facts=f"Its metadata changed, and is not believed yet: {words}.",
                advice="Nothing but its web server vouches for that: compare the fingerprint with its "
                f"administrators by telephone, then run “counterpart idp refresh {today.id} --accept”.",
            )
            tell(tx, today, notice, self._correspondence, now)
        return Outcome(HELD_BACK, words)

    def _good(self, tx: Session, provider_id: str, obtained: Obtained, now: datetime) -> None:
        before = provider_watch.get(tx, provider_id)
        watched = Watched(
            provider_id=provider_id,
            due=now + refresh_pause(obtained.described, now),
            tried=now,
            good=now,
            warned=before.warned if before else {},
        )
        provider_watch.save(tx, watched)
        if before and before.failures:
            waiting.settle_matter(tx, waiting.PROVIDER_METADATA, provider_id, "metadata refresh", now)

    def _failed(self, provider_id: str, problem: str) -> Outcome:
        now = self._clock()
        with self._store.transaction() as tx:
            provider = _provider(tx, provider_id)
            before = provider_watch.get(tx, provider_id) or Watched(provider_id=provider_id, due=now)
            pause = min(FIRST_PAUSE * 2 ** min(before.failures, 10), LONGEST_PAUSE)
            watched = replace(
                before, due=now + pause, tried=now, failures=before.failures + 1, problem=problem
            )
            provider_watch.save(tx, watched)
            if not before.failures:
                until = provider.believed_until
                notice = Notice(
                    kind=waiting.PROVIDER_METADATA,
                    key=f"not read {now:%Y-%m-%dT%H:%M}",
                    subject="metadata can't be read",
                    facts=f"Its metadata can't be read: {problem}",
                    advice="The last good one stays in force"
                    + (f" until {until:%d %B %Y %H:%M} UTC; then nobody can sign in." if until else "."),
                )
                tell(tx, provider, notice, self._correspondence, now)
        return Outcome(FAILED, f"{problem} The last good one stays in force.")

    def _done(self, provider_id: str, due: datetime) -> None:
        with self._store.transaction() as tx:
            before = provider_watch.get(tx, provider_id)
            provider_watch.save(tx, replace(before or Watched(provider_id=provider_id, due=due), due=due))

    def _warn(self, tx: Session, provider_id: str) -> None:
        now, provider = self._clock(), _provider(tx, provider_id)
        watched = provider_watch.get(tx, provider_id)
        if watched is None:
            return
        told = dict(watched.warned)
        for warning in ends.warnings(provider, watched.good, told, now):
            tell(tx, provider, _ending(warning, now), self._correspondence, now)
            told |= dict.fromkeys(warning.marks, now.isoformat())
        if told != watched.warned:
            provider_watch.save(tx, replace(watched, warned=told))


def _ending(warning: ends.Warning, now: datetime) -> Notice:
    end = warning.end
    days = max(int(end.days_left(now)), 0)
    return Notice(
        kind=waiting.PROVIDER_ENDING,
        matter=end.key,
        key=f"{end.key} {warning.days} days",
        subject=f"{end.what.split()[0]} ends in {days} days" if days else f"{end.what.split()[0]} ends now",
        facts=f"Its {end.what} ends on {end.ends:%d %B %Y %H:%M} UTC. What is signed with it after that, or "
        "without valid metadata, is not believed.",
        advice="Publish the next certificate beside it in good time." if "certificate" in end.what else
        "Ask its publisher for metadata with a later validUntil.",
    )  # fmt: skip


def _watch_all(tx: Session, now: datetime) -> None:
    """Providers that were registered before metadata was looked after are from now on."""
    known = provider_watch.every(tx)
    for row in providers.all(tx):
        if row["id"] not in known:
            provider_watch.save(tx, Watched(provider_id=row["id"], due=now, good=now))


def _provider(tx: Session, provider_id: str) -> Provider:
    row = providers.get(tx, provider_id)
    if row is None:
        raise NoSuchRecord(f"There is no provider {provider_id!r}.")
    return from_plain(row)
