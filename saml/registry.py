"""The registered providers. The only module that knows where they are kept."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from saml import registration
from saml.errors import ProviderRefused
from saml.history import keep, refresh_pause
from saml.provider import DRAFT, LIVE, STATES, Provider, from_plain, to_plain
from saml.registration import OrganisationFinder, Registration
from store import provider_watch, providers, waiting
from store.database import Store
from store.provider_watch import Watched


class Registry:
    """Reads and changes the registered providers, each change in one transaction.

    A copy of all of them is kept and believed only while the store's version is the one that it was read
    at, so that a provider which another process suspends is out with the next question.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._copy: tuple[str, Mapping[str, Provider]] = ("", {})

    def all(self) -> list[Provider]:
        """Every provider, drafts and suspended ones too, by name."""
        return list(self._known().values())

    def live(self) -> list[Provider]:
        """Those through whom one can sign in, by name."""
        return [provider for provider in self.all() if provider.state == LIVE]

    def get(self, provider_id: str) -> Provider | None:
        """The provider of that id in any state, or None."""
        return self._known().get(provider_id)

    def _known(self) -> Mapping[str, Provider]:
        """All by id, in the order of their names: the copy, or a new one where the version is another."""
        version, known = self._copy
        if providers.version_now(self._store) == version:
            return known
        with self._store.reading() as tx:
            read = sorted(map(from_plain, providers.all(tx)), key=lambda each: each.name)
            self._copy = providers.version(tx), {each.id: each for each in read}
        return self._copy[1]

    def by_entity_id(self, entity_id: str) -> Provider | None:
        """The live provider of that entity ID, to choose whose keys must have signed a logout message."""
        return next((provider for provider in self.live() if provider.entity_id == entity_id), None)

    def add_from_toml(
        self,
        path: Path,
        organisations: OrganisationFinder,
        now: datetime,
        *,
        pasted: bytes | None = None,
        private_hosts: tuple[str, ...] = (),
    ) -> Provider:
        """Register a provider, or renew the registration of the same id, which keeps its state. A new one
        is a draft. `organisations` is the directory's gateway; `pasted` is metadata to read instead of what
        the file names. Raises ProviderRefused."""
        read = registration.read(path, organisations, now, pasted=pasted, private_hosts=private_hosts)
        return self.add(read, now)

    def add(self, wanted: Registration, now: datetime) -> Provider:
        """Keep a registration that was read: its metadata is in force from now on. Raises ProviderRefused."""
        with self._store.transaction() as tx:
            provider, _ = self._fitting(wanted, tx)
            providers.save(tx, to_plain(provider))
            keep(tx, provider.id, wanted.obtained, now, "registered by an operator")
            before = provider_watch.get(tx, provider.id)
            due = now + refresh_pause(wanted.obtained.described, now)
            warned = before.warned if before else {}
            provider_watch.save(
                tx, Watched(provider_id=provider.id, due=due, tried=now, good=now, warned=warned)
            )
            for kind in (waiting.PROVIDER_KEYS, waiting.PROVIDER_METADATA):
                waiting.settle_matter(tx, kind, provider.id, "registration", now)
        return provider

    def fitting(self, wanted: Registration) -> tuple[Provider, Provider | None]:
        """The provider as it would be kept, and as it is today; changes nothing. Raises ProviderRefused."""
        with self._store.reading() as tx:
            return self._fitting(wanted, tx)

    def _fitting(self, wanted: Registration, tx: Session) -> tuple[Provider, Provider | None]:
        known = [from_plain(row) for row in providers.all(tx)]
        before = next((provider for provider in known if provider.id == wanted.provider.id), None)
        provider = replace(wanted.provider, state=DRAFT)
        if before is not None:
            provider = _renewed(provider, before)
        _check_against(provider, before, [each for each in known if each.id != provider.id])
        return provider, before

    def watched(self) -> dict[str, Watched]:
        """When each provider's metadata was read, and what was wrong with it."""
        with self._store.reading() as tx:
            return provider_watch.every(tx)

    def set_state(self, provider_id: str, state: str) -> Provider:
        """Make a provider a draft, live or suspended. Raises ProviderRefused."""
        if state not in STATES:
            raise ProviderRefused(f"A provider is {', '.join(STATES)}; not {state!r}.")
        return self.change(provider_id, state=state)

    def change(self, provider_id: str, **fields: Any) -> Provider:
        """Change fields of a provider that the caller has judged. Raises ProviderRefused if there is none."""
        with self._store.transaction() as tx:
            row = providers.get(tx, provider_id)
            if row is None:
                raise ProviderRefused(f"There is no provider {provider_id!r}.")
            changed = replace(from_plain(row), **fields)
            providers.save(tx, to_plain(changed))
        return changed


def _renewed(wanted: Provider, before: Provider) -> Provider:
    """What commands have set since is kept when the registration is read again."""
    return replace(
        wanted,
        state=before.state,
        next_identity_attribute=before.next_identity_attribute,
        fallback_until=before.fallback_until,
        fallback_off=before.fallback_off,
    )


def _check_against(wanted: Provider, before: Provider | None, others: Iterable[Provider]) -> None:
    """A domain or scope has one owner, and the key that people are linked by never changes by the way."""
    if before and before.state != DRAFT and before.identity_attribute != wanted.identity_attribute:
        raise ProviderRefused(
            "The identity attribute of a provider that has been live can't be changed by its file: its "
            f"people would be strangers. Write {before.identity_attribute!r} into the file, or plan the "
            f"change: `counterpart idp identity {before.id} --to {wanted.identity_attribute}`."
        )
    if before and before.state != DRAFT and before.entity_id != wanted.entity_id:
        raise ProviderRefused("The metadata is of another entity ID. Register it as a new provider.")
    for other in others:
        if other.entity_id == wanted.entity_id:
            raise ProviderRefused(f"The entity ID is registered as provider {other.id!r}.")
        taken = (
            set(wanted.domains) & {*other.domains, *other.shared_domains}
            | wanted.owned_scopes() & other.owned_scopes()
        )
        if taken:
            raise ProviderRefused(
                f"{', '.join(sorted(taken))} is listed for provider {other.id!r} too. "
                "List a mail domain that several share under shared_domains of each."
            )
