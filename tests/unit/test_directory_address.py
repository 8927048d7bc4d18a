"""Where the directory is, as an administrator writes it."""

import pytest

from ldap_schema.address import STANDARD_SOCKET, Address
from ldap_schema.errors import BadValue


@pytest.mark.parametrize(
    ("uri", "address", "place"),
    [
        ("ldap://directory.example", Address("ldap", "directory.example", 389), "directory.example:389"),
        ("ldaps://directory.example", Address("ldaps", "directory.example", 636), "directory.example:636"),
        ("ldap://127.0.0.1:3890/", Address("ldap", "127.0.0.1", 3890), "127.0.0.1:3890"),
        ("ldaps://[::1]:6360", Address("ldaps", "::1", 6360), "::1:6360"),
        ("ldapi:///", Address("ldapi", STANDARD_SOCKET, 0), STANDARD_SOCKET),
        ("ldapi://", Address("ldapi", STANDARD_SOCKET, 0), STANDARD_SOCKET),
        ("ldapi://%2Fsrv%2FLDAP%2Fldapi", Address("ldapi", "/srv/LDAP/ldapi", 0), "/srv/LDAP/ldapi"),
    ],
)
def test_an_address_is_taken_apart(uri: str, address: Address, place: str) -> None:
    found = Address.parse(uri)
    assert (found, found.place, found.local) == (address, place, uri.startswith("ldapi"))


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("http://directory.example", "must begin with"),
        ("ldap://", "say where"),
        ("ldaps://:636", "say where"),
        ("ldap://directory.example:none", "no address"),
        ("ldap://directory.example:70000", "no address"),
        ("ldap://[::1", "no address"),
        ("ldapi:///run/slapd/ldapi", "%2F"),
        ("", "must begin with"),
    ],
)
def test_what_is_no_address_is_refused_with_a_sentence(uri: str, words: str) -> None:
    with pytest.raises(BadValue, match=words):
        Address.parse(uri)
