"""The LDAP Content Synchronization Operation (RFC 4533): its control written, its answers read as events.

A search with the control gives what has changed since a cookie, and then goes on giving what changes. What an
event says about an entry is a hint and not a fact: slapd sends a change before it is committed, and never
takes it back when its transaction is rolled back (decision 0015). So an event carries no values but the
number of the change (entryCSN), by which the reader recognises it once it is committed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from uuid import UUID

from ldap_schema import wire
from ldap_schema.ber import (
    ENUMERATED,
    OCTETS,
    SEQUENCE,
    SET,
    BrokenBER,
    element,
    elements,
    integer,
    number,
    tagged,
)

SYNC_REQUEST = "1.3.6.1.4.1.4203.1.9.1.1"
SYNC_STATE, SYNC_DONE, SYNC_INFO = (f"1.3.6.1.4.1.4203.1.9.1.{last}".encode() for last in (2, 3, 4))
REFRESH_ONLY, REFRESH_AND_PERSIST = 1, 3
REFRESH_REQUIRED = 4096  # e-syncRefreshRequired
INTERMEDIATE = 0x79  # application 25: IntermediateResponse
LONGEST_COOKIE = 4096  # bytes; slapd's have about sixty for each server that writes
CHANGE_NUMBER = "entryCSN"
_NAME, _VALUE = 0x80, 0x81  # of an IntermediateResponse
_NEW_COOKIE, _REFRESH_DELETE, _REFRESH_PRESENT, _ID_SET = 0x80, 0xA1, 0xA2, 0xA3
_BOOLEAN = 0x01
_UUID_BYTES = 16


class State(IntEnum):
    """What an event says of its entry (syncStateValue)."""

    PRESENT, ADD, MODIFY, DELETE = range(4)


@dataclass(frozen=True, slots=True)
class EntryEvent:
    """One entry is there as before, was added or modified (with that change number), or is gone."""

    state: State
    uuid: UUID
    csn: str = ""
    cookie: bytes = b""


@dataclass(frozen=True, slots=True)
class IdSet:
    """Entries that are there as before, or gone (`deleted`); the server names many at once."""

    uuids: frozenset[UUID]
    deleted: bool
    cookie: bytes = b""


@dataclass(frozen=True, slots=True)
class RefreshDone:
    """A phase of the refresh has ended; if it was a `present` one, entries not named in it are gone.

    Unless `more` is still to come, the server now sends changes as they happen.
    """

    present: bool
    more: bool
    cookie: bytes = b""


@dataclass(frozen=True, slots=True)
class NewCookie:
    """Nothing that concerns us has changed up to this cookie."""

    cookie: bytes


Event = EntryEvent | IdSet | RefreshDone | NewCookie


def request_control(mode: int, cookie: bytes) -> wire.Control:
    """Return the critical control that makes a search one of this kind; no cookie asks for everything."""
    after = tagged(OCTETS, cookie) if cookie else b""
    return SYNC_REQUEST, True, tagged(SEQUENCE, integer(mode, ENUMERATED) + after)


def read_event(message: wire.Message) -> Event:
    """Return what a message other than the last says; raise BrokenBER for what does not belong there."""
    if message.tag == wire.FOUND:
        return _entry_event(message)
    if message.tag == INTERMEDIATE:
        return _info(message)
    raise BrokenBER("The server answers a content synchronization with something else.")


def read_done(message: wire.Message) -> RefreshDone:
    """Return the end of a refresh without persisting (Sync Done control); raise BrokenBER."""
    value = _control(message, SYNC_DONE)
    cookie, deletes, _ = _cookie_and_flag(value, *element(value, 0, len(value), SEQUENCE)[1:], False)
    return RefreshDone(present=not deletes, more=False, cookie=cookie)


def _entry_event(message: wire.Message) -> EntryEvent:
    value = _control(message, SYNC_STATE)
    _, at, end = element(value, 0, len(value), SEQUENCE)
    _, start, at = element(value, at, end, ENUMERATED)
    state = number(value[start:at])
    if state > State.DELETE:
        raise BrokenBER("The server gives an entry a state that there is not.")
    _, start, at = element(value, at, end, OCTETS)
    cookie = b""
    if at < end:
        _, inside, stop = element(value, at, end, OCTETS)
        cookie = _checked(value[inside:stop])
    csn = wire.read_entry(message).text(CHANGE_NUMBER)
    return EntryEvent(State(state), _uuid(value[start:at]), csn, cookie)


def _info(message: wire.Message) -> Event:
    """Read a Sync Info message; raise BrokenBER for any other intermediate response."""
    parts = dict(elements(message.data[message.start : message.end]))
    if parts.get(_NAME) != SYNC_INFO:
        raise BrokenBER("The server sends an intermediate response of another kind.")
    value = parts.get(_VALUE, b"")
    tag, at, end = element(value, 0, len(value))
    if tag == _NEW_COOKIE:
        return NewCookie(_checked(value[at:end]))
    if tag in (_REFRESH_DELETE, _REFRESH_PRESENT):
        cookie, done, _ = _cookie_and_flag(value, at, end, True)
        return RefreshDone(present=tag == _REFRESH_PRESENT, more=not done, cookie=cookie)
    if tag != _ID_SET:
        raise BrokenBER("The server sends a Sync Info message of a kind that there is not.")
    cookie, deleted, at = _cookie_and_flag(value, at, end, False)
    _, start, _ = element(value, at, end, SET)
    return IdSet(frozenset(_uuids(value[start:end])), deleted, cookie)


def _cookie_and_flag(value: bytes, at: int, end: int, default: bool) -> tuple[bytes, bool, int]:
    """Return a cookie (empty if left out), a flag (its default likewise), and where the value goes on."""
    cookie, flag = b"", default
    if at < end and value[at] == OCTETS:
        _, start, at = element(value, at, end, OCTETS)
        cookie = _checked(value[start:at])
    if at < end and value[at] == _BOOLEAN:
        _, start, at = element(value, at, end, _BOOLEAN)
        flag = any(value[start:at])
    return cookie, flag, at


def _uuids(content: bytes) -> Iterator[UUID]:
    for tag, inside in elements(content):
        if tag != OCTETS:
            raise BrokenBER("A set of entries holds something else.")
        yield _uuid(inside)


def _uuid(content: bytes) -> UUID:
    if len(content) != _UUID_BYTES:
        raise BrokenBER("An entryUUID has another length than a UUID.")
    return UUID(bytes=content)


def _checked(cookie: bytes) -> bytes:
    if len(cookie) > LONGEST_COOKIE:
        raise BrokenBER("The server sends a cookie that is too long.")
    return cookie


def _control(message: wire.Message, wanted: bytes) -> bytes:
    """Return the value of the message's control of that kind; raise BrokenBER if it has none."""
    for tag, controls in elements(message.data[message.end :]):
        for _, control in elements(controls) if tag == wire.CONTROLS else ():
            parts = list(elements(control))
            if len(parts) > 1 and parts[0] == (OCTETS, wanted) and parts[-1][0] == OCTETS:
                return parts[-1][1]
    raise BrokenBER("The server leaves out the state of an entry, or the cookie at the end.")
