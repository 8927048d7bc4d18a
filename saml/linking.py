"""Which record a stable key opens: found at sign-in, recorded at the first one, added by hand or by proof of
both sides.

Every write holds only while the record's keys are what they were when it was judged, so of two sign-ins at
once, or of a sign-in and a change by the manager, one wins and the other is judged anew or refused.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Protocol

from ldap_schema.changes import Change, Update
from ldap_schema.errors import AlreadyThere, Moved, NotFound
from ldap_schema.people import Person
from saml import identity
from saml.errors import LinkRefused, NotOwned
from saml.held_keys import keys_of, with_keys
from saml.identity import Claim
from saml.provider import Provider

MOST_KEYS = 10  # of one person; more is a mistake


class PeopleFinder(Protocol):
    """What this package needs of the directory's people."""

    def get(self, uid: str) -> Person:
        """The person of that uid. Raises NotFound."""

    def by_federated_id(self, federated_id: str) -> Person | None:
        """Whom the stable key is linked to."""

    def by_sign_in_address(self, address: str) -> Person | None:
        """Whose unique sign-in address this is."""


class DirectoryOfPeople(Protocol):
    """The directory, as far as signing in needs it."""

    @property
    def people(self) -> PeopleFinder:
        """Those whom a provider may vouch for."""

    def write(self, changes: Sequence[Change]) -> None:
        """All changes or none, each only while the record is what it was."""


def whom(claimed: Claim, provider: Provider, people: PeopleFinder) -> tuple[Person, bool]:
    """Whose the key is, and whether it is linked already; else mail would introduce the person. Raises
    SignInRefused."""
    linked = people.by_federated_id(claimed.federated_id)
    if linked is not None:
        return identity.admit(linked, provider), True
    named = people.by_sign_in_address(identity.hint(claimed, provider))
    if named is not None and claimed.federated_id in named.federated_ids:
        return identity.admit(named, provider), True  # between the two questions, by another window
    return identity.admit_first(named, claimed, provider), False


class Linking:
    """Finds and changes whom keys are linked to. Holds nothing about any person."""

    def __init__(self, directory: DirectoryOfPeople) -> None:
        self._directory = directory

    def person(self, claimed: Claim, provider: Provider) -> tuple[Person, bool]:
        """Whose the key is, and whether it was linked just now, at the very first sign-in, because the mail
        said who it is. Raises SignInRefused."""
        people = self._directory.people
        found, linked = whom(claimed, provider, people)
        if linked:
            return self._also_by_next(found, claimed, provider), False
        keys = tuple(key for key in (claimed.federated_id, claimed.next_id) if key)
        try:
            self._directory.write([Update(found, with_keys(found, keys))])
        except (AlreadyThere, Moved):
            pass  # somebody was quicker: another window of the same person, another person, or the manager
        now = people.by_federated_id(claimed.federated_id)
        if now is None:
            reason = f"{found.uid} was linked by another sign-in, or cut off, meanwhile"
            raise identity.unknown(provider, reason, claimed=claimed, candidate=found.uid)
        return identity.admit(now, provider), True

    def _also_by_next(self, person: Person, claimed: Claim, provider: Provider) -> Person:
        """During a planned change, record the second key beside the first. Raises NotOwned where the two
        mean different people."""
        if not claimed.next_id or claimed.next_id in person.federated_ids:
            return person
        both = with_keys(person, (*keys_of(person), claimed.next_id))
        try:
            self._directory.write([Update(person, both)])
        except (AlreadyThere, Moved) as error:
            other = self._directory.people.by_federated_id(claimed.next_id)
            if other is None or other.uid != person.uid:
                raise NotOwned(
                    f"the second key of {person.uid} belongs to somebody else, or was changed meanwhile",
                    provider.id,
                ) from error
        return both

    def add(self, uid: str, federated_id: str) -> Person:
        """Link a key to the record of somebody who is signed in and has just proved that it is theirs too. It
        opens nothing before the record belongs to an organisation of its provider; linked already is no
        change. Raises LinkRefused."""
        person = self._free(uid, federated_id)
        if federated_id in person.federated_ids:
            return person
        if len(keys_of(person)) >= MOST_KEYS:
            raise LinkRefused(f"The record has {MOST_KEYS} links already. Remove one first.")
        return self._rewrite(person, (*keys_of(person), federated_id))

    def replace(self, uid: str, federated_id: str, providers: Mapping[str, Provider]) -> Person:
        """Make a key the one that opens the record: keys of the same provider, and of providers that don't
        speak for the person's organisation, are cut off. Raises LinkRefused."""
        person = self._free(uid, federated_id)
        speaker = providers.get(provider_of(federated_id))
        if speaker is None or person.organisation_id not in speaker.organisations:
            raise LinkRefused(
                "That provider does not speak for the person's organisation. Move the record first, by the "
                "organisation's feed; then link it."
            )
        if person.status not in identity.MAY_SIGN_IN:
            raise LinkRefused(f"The record is {person.status}, so nobody may sign in to it.")
        kept = [
            key for key in keys_of(person) if key != federated_id and _stays(key, person, speaker, providers)
        ]
        return self._rewrite(person, (*kept, federated_id))

    def remove(self, uid: str, federated_id: str) -> Person:
        """Take a key from a record. From then on nothing but the manager's link opens one whose last key it
        was. Raises LinkRefused if the record has no such key."""
        person = self.record(uid)
        if federated_id not in keys_of(person):
            raise LinkRefused("The record is not linked to that.")
        return self._rewrite(person, tuple(key for key in keys_of(person) if key != federated_id))

    def _free(self, uid: str, federated_id: str) -> Person:
        owner = self._directory.people.by_federated_id(federated_id)
        if owner is not None and owner.uid != uid:
            raise LinkRefused(f"That sign-in is linked to another record already ({owner.uid}).")
        return owner or self.record(uid)

    def record(self, uid: str) -> Person:
        """The record of that uid. Raises LinkRefused."""
        try:
            return self._directory.people.get(uid)
        except NotFound:
            raise LinkRefused("There is no such record.") from None

    def _rewrite(self, person: Person, keys: tuple[str, ...]) -> Person:
        after = with_keys(person, keys)
        try:
            self._directory.write([Update(person, after)])
        except (AlreadyThere, Moved) as error:
            raise LinkRefused("Somebody else changed the record's links meanwhile. Look again.") from error
        return after


def provider_of(federated_id: str) -> str:
    """The id of the provider that gave the key."""
    return federated_id.partition("|")[0]


def fingerprint(federated_id: str) -> str:
    """What a session keeps of the key it was opened with, so that it ends when the key is cut off."""
    return hashlib.sha256(federated_id.encode()).hexdigest() if federated_id else ""


def _stays(key: str, person: Person, speaker: Provider, providers: Mapping[str, Provider]) -> bool:
    other = providers.get(provider_of(key))
    return other is not None and other.id != speaker.id and person.organisation_id in other.organisations
