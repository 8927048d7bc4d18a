"""A value never becomes part of a filter's meaning, or gets into the directory if it can't be kept there."""

import base64
import hashlib
import re
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldap_schema.clock import london_today
from ldap_schema.entries import storable
from ldap_schema.errors import BadValue
from ldap_schema.filters import absent, all_of, any_of, begins, contains, equals, escape, has_word, present
from ldap_schema.passwords import hash_password, new_id, new_password
from ldap_schema.tree import Tree, id_of, parent_id_of

TREE = Tree("dc=leaders,dc=gov,dc=uk")


def _unescaped(text: str) -> bytes:
    return re.sub(rb"\\([0-9a-f]{2})", lambda found: bytes.fromhex(found[1].decode()), text.encode())


@given(st.text(min_size=1, max_size=300))
def test_an_escaped_value_is_plain_and_means_itself(value: str) -> None:
    try:
        escaped = escape(value)
    except BadValue:
        assert (
            "\0" in value or any("\ud800" <= char <= "\udfff" for char in value) or len(value.encode()) > 2048
        )
        return
    assert re.fullmatch(r"(?:[A-Za-z0-9]|\\[0-9a-f]{2})+", escaped)
    assert _unescaped(escaped).decode() == value


@pytest.mark.parametrize("value", ["", "\0", "a\0b", "\ud800", "x" * 2049])
def test_what_no_attribute_holds_is_not_asked_for(value: str) -> None:
    with pytest.raises(BadValue):
        escape(value)


def test_filters_read_as_they_are_called() -> None:
    assert equals("cn", "a*") == r"(cn=a\2a)"
    assert begins("cn", "a)") == r"(cn=a\29*)"
    assert contains("cn", "a") == "(cn=*a*)"
    assert has_word("cn", "a") == r"(|(cn=a*)(cn=*\20a*))"
    assert all_of(present("cn"), absent("sn")) == "(&(cn=*)(!(sn=*)))"
    assert any_of(present("cn")) == "(cn=*)"
    with pytest.raises(ValueError, match="empty filter"):
        all_of()
    with pytest.raises(ValueError, match="attribute name"):
        equals("cn=*)(uid", "x")


@pytest.mark.parametrize(
    "bad", ["", "a,b", "a=b", "a+b", "a b", "-a", "a.", "*", "é", "a\n", "x" * 200, "a\0"]
)
def test_an_id_that_could_mean_something_in_a_dn_is_refused(bad: str) -> None:
    with pytest.raises(BadValue):
        TREE.person(bad)


def test_an_id_comes_back_out_of_its_dn() -> None:
    assert id_of(TREE.person("a-1_b.c")) == "a-1_b.c"
    assert parent_id_of(TREE.feed_part("feed", "part")) == "feed"


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("cn", "a\nb"), ("cn", "a\x7f"), ("cn", "a\u2028b"), ("cn", "  "), ("cn", "\ud800"), ("cn",
        "x" * 2049),
        ("mail", "a b@x.example"), ("mail", "é@x.example"), ("telephoneNumber", "#31#"), ("nlcStatus",
        "Active"),
        ("nlcShow", "mobile:everybody"), ("nlcShow", "cn:leaders"), ("nlcTenureKind", "guest"),
    ],
)  # fmt: skip
def test_a_value_that_the_server_would_refuse_is_refused_before_and_not_repeated(
    attribute: str, value: str
) -> None:
    with pytest.raises(BadValue) as raised:
        storable(attribute, value)
    assert value.strip() not in str(raised.value) or not value.strip()


def test_passwords_have_128_bits_and_their_hash_is_what_slapd_checks() -> None:
    password = new_password()
    letters = password.replace("-", "").upper()
    assert len(base64.b32decode(letters + "=" * (-len(letters) % 8))) == 16
    raw = base64.b64decode(hash_password(password).removeprefix("{SSHA}"))
    assert hashlib.sha1(password.encode() + raw[20:], usedforsecurity=False).digest() == raw[:20]
    assert len({new_password() for _ in range(100)} | {new_id() for _ in range(100)}) == 200


def test_a_day_is_counted_in_london() -> None:
    assert london_today(datetime(2026, 6, 30, 23, 30, tzinfo=UTC)) == date(2026, 7, 1)
    assert london_today(datetime(2026, 12, 31, 23, 30, tzinfo=UTC)) == date(2026, 12, 31)
