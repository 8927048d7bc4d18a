"""Events of a content synchronization (RFC 4533): read as they are meant, or refused, whatever is sent."""

import socket
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldap_schema.ber import ENUMERATED, INTEGER, OCTETS, SEQUENCE, SET, BrokenBER, element, integer, tagged
from ldap_schema.content_sync import (
    INTERMEDIATE,
    SYNC_INFO,
    SYNC_STATE,
    EntryEvent,
    IdSet,
    NewCookie,
    RefreshDone,
    State,
    read_event,
    request_control,
)
from ldap_schema.errors import CookieRefused, DirectoryError, DirectoryRefused, DirectoryUnavailable
from ldap_schema.listening import Listener
from ldap_schema.operations import Search
from ldap_schema.wire import CONTROLS, FOUND, SEARCH_DONE, read_message

ID = UUID("53ec0606-7cd7-1041-9d4e-ed4872541cff")
COOKIE = b"rid=000,csn=20261125044924.475950Z#000000#000#000000"
CSN = "20261125044924.475950Z#000000#000#000000"
SEARCH_ID = 7


def message(operation: bytes, control: bytes = b"", number: int = SEARCH_ID) -> bytes:
    controls = tagged(CONTROLS, control) if control else b""
    return tagged(SEQUENCE, integer(number) + operation + controls)


def found(state: int, uuid: bytes = ID.bytes, cookie: bytes = COOKIE) -> bytes:
    """A search entry with the number of its change and the control that says what became of it."""
    name = tagged(OCTETS, b"uid=ada,ou=people")
    value = tagged(SEQUENCE, tagged(OCTETS, b"entryCSN") + tagged(SET, tagged(OCTETS, CSN.encode())))
    after = tagged(OCTETS, cookie) if cookie else b""
    told = tagged(SEQUENCE, integer(state, ENUMERATED) + tagged(OCTETS, uuid) + after)
    control = tagged(SEQUENCE, tagged(OCTETS, SYNC_STATE) + tagged(OCTETS, told))
    return message(tagged(FOUND, name + tagged(SEQUENCE, value)), control)


def info(value: bytes) -> bytes:
    return message(tagged(INTERMEDIATE, tagged(0x80, SYNC_INFO) + tagged(0x81, value)))


def done(code: int) -> bytes:
    return message(tagged(SEARCH_DONE, integer(code, ENUMERATED) + tagged(OCTETS, b"") * 2))


@pytest.mark.parametrize(
    ("sent", "event"),
    [
        (found(1), EntryEvent(State.ADD, ID, CSN, COOKIE)),
        (found(2, cookie=b""), EntryEvent(State.MODIFY, ID, CSN)),
        (found(3), EntryEvent(State.DELETE, ID, CSN, COOKIE)),
        (info(tagged(0x80, COOKIE)), NewCookie(COOKIE)),
        (info(tagged(0xA1, b"")), RefreshDone(present=False, more=False)),
        (info(tagged(0xA2, tagged(OCTETS, COOKIE) + b"\x01\x01\x00")), RefreshDone(True, True, COOKIE)),
        (info(tagged(0xA3, tagged(SET, tagged(OCTETS, ID.bytes)))), IdSet(frozenset({ID}), deleted=False)),
        (
            info(tagged(0xA3, tagged(OCTETS, COOKIE) + b"\x01\x01\xff" + tagged(SET, b""))),
            IdSet(frozenset(), deleted=True, cookie=COOKIE),
        ),
    ],
)
def test_each_kind_of_message_is_read(sent: bytes, event: object) -> None:
    assert read_event(read_message(sent)) == event


@pytest.mark.parametrize(
    "sent",
    [
        found(4),
        found(1, uuid=b"short"),
        found(1, cookie=b"x" * 5000),
        message(tagged(FOUND, tagged(OCTETS, b"uid=x") + tagged(SEQUENCE, b""))),
        info(tagged(0xA4, b"")),
        info(tagged(0xA3, tagged(SET, tagged(INTEGER, ID.bytes)))),
        message(tagged(INTERMEDIATE, tagged(0x80, b"1.2.3"))),
        message(tagged(INTERMEDIATE, b"")),
        message(tagged(0x42, b"")),
    ],
)
def test_what_does_not_belong_there_is_refused(sent: bytes) -> None:
    with pytest.raises(BrokenBER):
        read_event(read_message(sent))


@given(st.sampled_from([found(1), info(tagged(0xA3, tagged(SET, tagged(OCTETS, ID.bytes))))]), st.data())
def test_a_message_with_bytes_changed_is_read_or_refused_and_never_worse(
    sent: bytes, data: st.DataObject
) -> None:
    spoilt = bytearray(sent)
    for _ in range(data.draw(st.integers(1, 4))):
        spoilt[data.draw(st.integers(0, len(sent) - 1))] = data.draw(st.integers(0, 255))
    try:
        event = read_event(read_message(bytes(spoilt)))
    except BrokenBER:
        return
    assert isinstance(event, EntryEvent | IdSet | RefreshDone | NewCookie)


def test_the_control_asks_for_what_comes_after_a_cookie_or_for_everything() -> None:
    oid, critical, value = request_control(3, COOKIE)
    assert (oid, critical) == ("1.3.6.1.4.1.4203.1.9.1.1", True)
    _, at, end = element(value, 0, len(value), SEQUENCE)
    assert value[at:end] == integer(3, ENUMERATED) + tagged(OCTETS, COOKIE)
    assert request_control(1, b"")[2] == tagged(SEQUENCE, integer(1, ENUMERATED))


class Wire:
    """One end of a connection; the other says what a test wants: a server that is not as it should be."""

    timeout = 0.3

    def __init__(self) -> None:
        self.socket, self.server_side = socket.socketpair()
        self._numbers = iter(range(SEARCH_ID, 100))
        self.server = SimpleNamespace(next_message_id=lambda: next(self._numbers))

    def dedicated(self) -> Any:
        return self

    def unbind(self) -> None:
        self.socket.close()


@pytest.fixture
def wire() -> Iterator[Wire]:
    made = Wire()
    yield made
    made.socket.close()
    made.server_side.close()


def listener(wire: Wire, cookie: bytes = b"", silence: float = 30.0) -> Listener:
    search = Search(base="dc=x", filter="(objectClass=*)", attributes=["entryCSN"])
    return Listener(wire, search, cookie, wire.timeout, silence)  # type: ignore[arg-type]


def test_events_are_put_together_from_whatever_pieces_they_come_in(wire: Wire) -> None:
    listening = listener(wire)
    sent, events = found(1) + info(tagged(0x80, COOKIE)) + found(3), []
    for at in range(0, len(sent), 11):
        wire.server_side.sendall(sent[at : at + 11])
        events += listening.events(1)
    assert [type(event) for event in events] == [EntryEvent, NewCookie, EntryEvent]
    assert listening.events(0.01) == []


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", DirectoryUnavailable),
        (b"\x30\x84\x7f\xff\xff\xff", DirectoryUnavailable),
        (message(tagged(FOUND, b"")), DirectoryUnavailable),
        (message(tagged(0x78, b""), number=0), DirectoryUnavailable),
        (message(tagged(FOUND, b""), number=99), DirectoryUnavailable),
        (done(0), DirectoryUnavailable),
        (done(51), DirectoryUnavailable),
        (done(50), DirectoryRefused),
    ],
)
def test_garbage_and_ends_are_told_as_what_they_are(
    wire: Wire, sent: bytes, error: type[DirectoryError]
) -> None:
    listening = listener(wire)
    wire.server_side.sendall(sent)
    with pytest.raises(error):
        listening.events(1)


@pytest.mark.parametrize("code", [2, 53, 4096])
def test_a_cookie_is_refused_only_where_one_was_sent(wire: Wire, code: int) -> None:
    listening = listener(wire, COOKIE)
    wire.server_side.sendall(done(code))
    with pytest.raises(CookieRefused):
        listening.events(1)


def test_a_server_that_falls_silent_is_asked_and_given_up_when_it_does_not_answer(wire: Wire) -> None:
    listening = listener(wire, silence=0.05)
    wire.server_side.recv(1 << 16)  # the search
    for _ in range(3):  # it answers each time it is asked
        while not (asked := _waiting(wire)):
            assert listening.events(0.03) == []
        number = read_message(asked).message_id
        answer = tagged(0x78, integer(0, ENUMERATED) + tagged(OCTETS, b"") * 2)
        wire.server_side.sendall(message(answer, number=number))
        assert listening.events(0.03) == []
    with pytest.raises(DirectoryUnavailable, match="does not tell any more"):
        _listen(listening, times=40)


def _listen(listening: Listener, times: int) -> None:
    for _ in range(times):
        listening.events(0.03)


def _waiting(wire: Wire) -> bytes:
    wire.server_side.setblocking(False)
    try:
        return wire.server_side.recv(1 << 16)
    except BlockingIOError:
        return b""
    finally:
        wire.server_side.setblocking(True)
