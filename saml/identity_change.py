"""A planned change of the attribute by which a provider's people are known.

While it is under way, people are still found by the first key, and the second is recorded beside it at each
sign-in (`linking.py`). Finishing makes the second the one that decides and drops the first. Whoever has no
second key by then would be a stranger whom mail does not introduce again, so finishing says how many they
are and wants the number repeated.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ldap_schema.changes import Change, Update
from ldap_schema.errors import Moved
from ldap_schema.people import Person
from saml.errors import ProviderRefused
from saml.held_keys import keys_of, of_kind, with_keys
from saml.provider import DRAFT, IDENTITY_ATTRIBUTES, Provider
from saml.registry import Registry


class PeopleOfOrganisations(Protocol):
    """What this needs of the directory's people, as the account of the jobs."""

    def search(self, words: Sequence[str], filters: Mapping[str, str], limit: int) -> list[Person]:
        """The people of an organisation, by the filter `organisation_id`."""


class WritableDirectory(Protocol):
    """The directory, as far as a change needs it."""

    @property
    def people(self) -> PeopleOfOrganisations:
        """Whose keys change."""

    def write(self, changes: Sequence[Change]) -> None:
        """All changes or none."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How many people of the provider's organisations have which key; `waiting` are the uids of those who
    have the first and not the second."""

    first: int
    both: int
    waiting: tuple[str, ...]


class IdentityChange:
    """Begins, counts, finishes and cancels planned changes."""

    def __init__(self, registry: Registry, directory: WritableDirectory) -> None:
        self._registry = registry
        self._directory = directory

    def begin(self, provider_id: str, kind: str) -> Provider:
        """Record a second key from now on. Raises ProviderRefused."""
        provider = self._get(provider_id)
        if kind not in IDENTITY_ATTRIBUTES:
            raise ProviderRefused(
                f"People can be known by {', '.join(IDENTITY_ATTRIBUTES)}; mail is never one."
            )
        if provider.state == DRAFT:
            raise ProviderRefused(
                "The provider is a draft: change identity_attribute in its file, and add it again."
            )
        if kind == provider.identity_attribute:
            raise ProviderRefused(f"Its people are known by {kind} already.")
        if provider.next_identity_attribute not in ("", kind):
            raise ProviderRefused(
                f"A change to {provider.next_identity_attribute} is under way. Finish or cancel it first."
            )
        return self._registry.change(provider_id, next_identity_attribute=kind)

    def progress(self, provider_id: str) -> Progress:
        """Count who has which key. Raises ProviderRefused when no change is under way."""
        provider = self._changing(provider_id)
        old, new = provider.identity_attribute, provider.next_identity_attribute
        first = [person for person in self._people(provider) if _has(person, provider, old)]
        waiting = [person.uid for person in first if not _has(person, provider, new)]
        return Progress(len(first), len(first) - len(waiting), tuple(sorted(waiting)))

    def finish(self, provider_id: str, strangers: int) -> Provider:
        """Let the second key decide and drop the first. Raises ProviderRefused unless `strangers` is the
        number of people who have no second key and will have to be linked by hand."""
        provider, waiting = self._changing(provider_id), self.progress(provider_id).waiting
        if len(waiting) != strangers:
            named = ", ".join(waiting[:20]) + (", …" if len(waiting) > 20 else "")
            raise ProviderRefused(
                f"{len(waiting)} people have no second key, so they could not sign in afterwards: {named}. "
                f"Wait until they have signed in, or give --strangers {len(waiting)} and link them by hand "
                "when they come."
            )
        done = self._registry.change(
            provider_id, identity_attribute=provider.next_identity_attribute, next_identity_attribute=""
        )
        self._drop(provider, provider.identity_attribute)
        return done

    def cancel(self, provider_id: str) -> Provider:
        """Go back to the first key alone. Raises ProviderRefused when no change is under way."""
        provider = self._changing(provider_id)
        done = self._registry.change(provider_id, next_identity_attribute="")
        self._drop(provider, provider.next_identity_attribute)
        return done

    def _get(self, provider_id: str) -> Provider:
        provider = self._registry.get(provider_id)
        if provider is None:
            raise ProviderRefused(f"There is no provider {provider_id!r}.")
        return provider

    def _changing(self, provider_id: str) -> Provider:
        provider = self._get(provider_id)
        if not provider.next_identity_attribute:
            raise ProviderRefused(
                f"The people of {provider_id} are known by {provider.identity_attribute}, and no change is "
                "under way."
            )
        return provider

    def _people(self, provider: Provider) -> Iterable[Person]:
        for organisation in provider.organisations:
            yield from self._directory.people.search([], {"organisation_id": organisation}, 0)

    def _drop(self, provider: Provider, kind: str) -> None:
        """Take a kind of key from everybody; a key whose kind nobody asks for opens nothing meanwhile."""
        for person in self._people(provider):
            if dropped := of_kind(person, provider.id, kind):
                kept = (key for key in keys_of(person) if key not in dropped)
                try:
                    self._directory.write([Update(person, with_keys(person, kept))])
                except Moved:  # a feed wrote beside us; what is left opens nothing
                    continue


def _has(person: Person, provider: Provider, kind: str) -> bool:
    return bool(of_kind(person, provider.id, kind))
