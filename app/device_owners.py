"""Whose mail programs the signed-in person looks after: their own, and those of leaders who delegated it."""

from dataclasses import dataclass

from flask import abort

from app.viewer import services, viewer
from ldap_schema.clock import london_today
from ldap_schema.credentials import Credential
from ldap_schema.delegations import DEVICES
from ldap_schema.errors import BadValue, NotDelegated, NotFound
from ldap_schema.people import Person
from store import ledger

OPERATOR = "operator:"  # how the ledger names whoever used the command line


@dataclass(frozen=True, slots=True)
class Owner:
    """Somebody whose mail programs the viewer may add, remove and restore."""

    person: Person
    mine: bool  # the viewer is it

    @property
    def uid(self) -> str:
        """The owner's id."""
        return self.person.uid

    @property
    def name(self) -> str:
        """The owner's name as people use it."""
        return self.person.display_name or self.person.full_name


def owners() -> list[Owner]:
    """Return the viewer first, then the leaders who delegated their devices to them and are still here."""
    who, directory = viewer(), services().directory
    leaders = {
        each.leader
        for each in directory.delegations.live_for(who.uid, london_today(services().clock()))
        if DEVICES in each.scopes
    }
    others = [found for uid in leaders - {who.uid} if (found := _delegated(uid))]
    return [Owner(who.directory.people.get(who.uid), mine=True), *sorted(others, key=lambda each: each.name)]


def device_of(id_: str) -> tuple[Owner, Credential]:
    """Return a device that the viewer looks after, with its owner; anybody else's is not there."""
    try:
        credential = services().directory.credentials.get(id_)
    except (NotFound, BadValue):
        abort(404)
    who = viewer()
    if credential.owner == who.uid:
        return Owner(who.directory.people.get(who.uid), mine=True), credential
    owner = _delegated(credential.owner)
    if owner is None:
        abort(404)
    return owner, credential


def makers(devices: list[Credential]) -> dict[str, str]:
    """Return the id of each device that somebody else made than its owner -> who that was."""
    with services().store.reading() as tx:
        made = ledger.actors(tx, "device added", [device.id for device in devices])
    others = {
        device.id: made[device.id] for device in devices if made.get(device.id, device.owner) != device.owner
    }
    people = viewer().directory.people.by_uids(uid for uid in others.values() if not uid.startswith(OPERATOR))
    return {id_: _name(uid, people) for id_, uid in others.items()}


def _name(uid: str, people: dict[str, Person]) -> str:
    if uid.startswith(OPERATOR):
        return "the help desk"
    found = people.get(uid)
    return found.display_name or found.full_name if found else "somebody who acted for you"


def _delegated(leader: str) -> Owner | None:
    """Return the leader if the viewer may look after their devices today, and they are still here."""
    who, directory = viewer(), services().directory
    today = london_today(services().clock())
    try:
        seen = directory.acting_for(leader, who.uid, DEVICES, today).people.get(leader)
    except (NotDelegated, NotFound):
        return None
    return Owner(seen, mine=False)
