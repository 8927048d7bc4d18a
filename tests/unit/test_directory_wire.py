"""Our own BER says what ldap3 says, and takes nothing from a server that is not well formed."""

import socket
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ldap3.operation.search import compile_filter, parse_filter
from ldap3.utils.asn1 import encode as encode_asn1  # type: ignore[attr-defined]  # the stubs leave it out

from ldap_schema import exchange, filters
from ldap_schema.ber import (
    LONGEST_MESSAGE,
    OCTETS,
    SEQUENCE,
    SET,
    BrokenBER,
    element,
    elements,
    integer,
    message_end,
    number,
    tagged,
)
from ldap_schema.errors import BadValue
from ldap_schema.operations import Search
from ldap_schema.wire import FOUND, REFERENCE, SEARCH_DONE, encode_search, read_entry, read_message
from ldap_schema.wire_filters import encode_filter

SEARCH = Search(base="ou=people,dc=x", filter="(cn=*)", attributes=("cn", "sn"), limit=20)
VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=40)
NAMES = st.sampled_from(["cn", "nlcFeedKey", "sn"])
LEAVES = st.one_of(
    st.builds(filters.equals, NAMES, VALUES),
    st.builds(filters.begins, NAMES, VALUES),
    st.builds(filters.contains, NAMES, VALUES),
    st.builds(filters.has_word, NAMES, VALUES),
    st.builds(filters.between, NAMES, VALUES, VALUES),
    st.builds(filters.present, NAMES),
    st.builds(filters.absent, NAMES),
)
FILTERS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map(lambda parts: filters.all_of(*parts)),
        st.lists(inner, min_size=1, max_size=4).map(lambda parts: filters.any_of(*parts)),
    ),
    max_leaves=8,
)


def _as_ldap3_says(text: str) -> bytes:
    parsed = parse_filter(text, None, False, False, None, False)
    return bytes(encode_asn1(compile_filter(parsed.elements[0])))


def found(message_id: int, dn: bytes, **values: list[bytes]) -> bytes:
    """Return a SearchResultEntry as a server sends it."""
    attributes = b"".join(
        tagged(
            SEQUENCE,
            tagged(OCTETS, name.encode()) + tagged(SET, b"".join(tagged(OCTETS, each) for each in given)),
        )
        for name, given in values.items()
    )
    body = tagged(FOUND, tagged(OCTETS, dn) + tagged(SEQUENCE, attributes))
    return tagged(SEQUENCE, integer(message_id) + body)


def done(message_id: int, code: int = 0) -> bytes:
    """Return a SearchResultDone."""
    result = integer(code, 0x0A) + tagged(OCTETS, b"") + tagged(OCTETS, b"said")
    return tagged(SEQUENCE, integer(message_id) + tagged(SEARCH_DONE, result))


@given(FILTERS)
def test_a_filter_is_encoded_as_ldap3_encodes_it(text: str) -> None:
    assert encode_filter(text) == _as_ldap3_says(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "(", "()", "(&)", "(|)", "(!)", "(cn=)", "(cn=**)", "(cn=a", "(cn=a))", "(cn=a)(sn=b)", "cn=a",
        "(cn=a b)", "(cn=a(b)", "(cn=\\2)", "(cn=\\2A)", "(cn=\\zz)", "(cn=é)", "(cn>a)", "(cn>=)",
        "(cn:dn:=a)", "(cn:1.2.3:=a)", "(!(cn=a)(sn=b))", "(&(cn=a)", "(& (cn=a))", "(cn;x=a)", "(1.2=a)",
        "(cn=a)\n", "(!" * 30 + "(cn=a)" + ")" * 30,
    ],
)  # fmt: skip
def test_what_the_filters_module_does_not_write_is_no_filter(text: str) -> None:
    with pytest.raises(ValueError, match="filter"):
        encode_filter(text)


@given(st.text(max_size=60))
def test_any_text_is_refused_or_means_what_ldap3_takes_it_for(text: str) -> None:
    for candidate in (text, f"(cn={text})", f"(&(cn=a){text})"):
        try:
            encoded = encode_filter(candidate)
        except ValueError:
            continue
        assert encoded == _as_ldap3_says(candidate)


@given(VALUES)
def test_a_value_stays_one_value(value: str) -> None:
    try:
        encoded = encode_filter(filters.contains("cn", value))
    except BadValue:
        return
    ((_, inside),) = elements(encoded)
    (_, name), (_, pieces) = elements(inside)
    assert name == b"cn"
    assert list(elements(pieces)) == [(0x81, value.encode())]


@given(st.binary(max_size=70_000))
def test_a_ber_element_comes_back_whole_and_not_in_part(content: bytes) -> None:
    whole = tagged(OCTETS, content)
    assert list(elements(whole)) == [(OCTETS, content)]
    with pytest.raises(BrokenBER):
        list(elements(whole[:-1]))
    with pytest.raises(BrokenBER):
        list(elements(whole + b"\x04"))
    with pytest.raises(BrokenBER):
        element(whole, 0, len(whole), SEQUENCE)


@given(st.integers(0, 2**60))
def test_a_number_comes_back(value: int) -> None:
    ((_, content),) = elements(integer(value))
    assert number(content) == value
    assert int.from_bytes(content, "big", signed=True) == value


def test_lengths_are_bounded() -> None:
    for broken in (b"\x30\x80", b"\x30\x85\0\0\0\0\0", b"\x04\x00", b"HTTP/1.1 400"):
        with pytest.raises(BrokenBER):
            message_end(broken, 0)
    with pytest.raises(BrokenBER, match="too long"):
        message_end(b"\x30\x84" + (LONGEST_MESSAGE + 1).to_bytes(4, "big"), 0)
    assert message_end(b"\x30\x84\x00", 0) is None
    for digits in (b"", b"x" * 9):
        with pytest.raises(BrokenBER):
            number(digits)


@given(
    st.dictionaries(
        st.sampled_from(["cn", "sn", "jpegPhoto"]), st.lists(st.binary(max_size=300), max_size=4)
    ),
    st.data(),
)
def test_an_entry_comes_back_and_a_mutilated_one_is_an_entry_or_refused(
    values: dict[str, list[bytes]], data: st.DataObject
) -> None:
    raw = found(7, b"cn=x", **values)
    entry = read_entry(read_message(raw))
    assert (entry.dn, dict(entry.values)) == ("cn=x", values)

    place = data.draw(st.integers(0, len(raw) - 1))
    changed = bytearray(raw)
    changed[place] = data.draw(st.integers(0, 255))
    for hostile in (bytes(changed), raw[:place], raw[:place] + raw[place + 1 :]):
        try:
            read = read_entry(read_message(hostile))
        except BrokenBER:
            continue
        assert sum(len(value) for given in read.values.values() for value in given) <= len(hostile)


def test_an_attribute_that_comes_twice_is_refused() -> None:
    twice = tagged(SEQUENCE, tagged(OCTETS, b"cn") + tagged(SET, tagged(OCTETS, b"a"))) * 2
    body = tagged(FOUND, tagged(OCTETS, b"cn=x") + tagged(SEQUENCE, twice))
    with pytest.raises(BrokenBER, match="twice"):
        read_entry(read_message(tagged(SEQUENCE, integer(1) + body)))


@pytest.fixture
def line() -> Iterator[tuple[Any, socket.socket]]:
    """A connection as `exchange.py` uses it, and the server's end of it."""
    ours, theirs = socket.socketpair()
    ours.settimeout(0.2)
    with ours, theirs:
        yield SimpleNamespace(socket=ours, server=SimpleNamespace(next_message_id=lambda: 7)), theirs


def test_an_answer_in_crumbs_or_all_at_once_is_the_same(line: tuple[Any, socket.socket]) -> None:
    connection, server = line
    reference = tagged(SEQUENCE, integer(7) + tagged(REFERENCE, tagged(OCTETS, b"ldap://elsewhere")))
    said = found(7, b"cn=1", cn=[b"x" * 500]) + reference + found(7, b"cn=2") + done(7, 4)
    whole = connection.socket.recv
    for size in (len(said), 3):
        server.sendall(said)
        connection.socket = SimpleNamespace(sendall=len, recv=lambda _, size=size: whole(size))
        entries, answer = exchange.search(connection, SEARCH, 5, [])
        assert [entry.dn for entry in entries] == ["cn=1", "cn=2"]
        assert (answer.code, answer.message) == (4, "said")


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (b"", TimeoutError),
        (found(7, b"cn=x"), TimeoutError),
        (done(7)[:-1], TimeoutError),
        (done(0), ConnectionResetError),
        (done(8), ConnectionResetError),
        (found(8, b"cn=others") + done(7), ConnectionResetError),
        (done(7) + done(7), ConnectionResetError),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", BrokenBER),
        (b"\x30\x84\xff\xff\xff\xff", BrokenBER),
        (tagged(SEQUENCE, integer(7) + tagged(0x61, b"")), BrokenBER),
        (tagged(SEQUENCE, integer(7) + tagged(SEARCH_DONE, b"")), BrokenBER),
        (tagged(SEQUENCE, b""), BrokenBER),
    ],
)
def test_an_answer_that_is_none_ends_the_exchange(
    line: tuple[Any, socket.socket], said: bytes, error: type[Exception]
) -> None:
    connection, server = line
    server.sendall(said)
    with pytest.raises(error):
        exchange.search(connection, SEARCH, 5, [])


def test_a_closed_connection_is_no_empty_answer(line: tuple[Any, socket.socket]) -> None:
    connection, server = line
    server.sendall(found(7, b"cn=x"))
    server.shutdown(socket.SHUT_WR)
    with pytest.raises(ConnectionResetError):
        exchange.search(connection, SEARCH, 5, [])


def test_a_search_never_follows_aliases_and_says_its_limits() -> None:
    message = read_message(encode_search(7, SEARCH, 5, []))
    fields = list(elements(message.data[message.start : message.end]))
    assert [content for _, content in fields[:6]] == [b"ou=people,dc=x", b"\2", b"\0", b"\x14", b"\5", b"\0"]
    assert [content for _, content in elements(fields[7][1])] == [b"cn", b"sn"]
