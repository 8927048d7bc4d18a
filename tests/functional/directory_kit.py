"""What tests of the directory share: the gateway opened and closed, a leader, a mail program's way in."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import ldap3

from dev.servers import Slapd
from ldap_schema.connection import VerifiedTLS
from ldap_schema.credentials import NewCredential
from ldap_schema.directory import Directory, Service
from ldap_schema.people import Person

INVALID_CREDENTIALS = 49


@contextmanager
def opened(slapd: Slapd, service: Service, **changed: object) -> Iterator[Directory]:
    """Yield the gateway as one of the services; settings by name replace the server's own."""
    directory = Directory.open(replace(slapd.settings(), **changed), service)  # type: ignore[arg-type]
    try:
        yield directory
    finally:
        directory.close()


def leader(uid: str, **more: object) -> Person:
    """Return somebody with as little as a person can have."""
    return Person(**{"uid": uid, "full_name": f"Ada {uid}", "family_name": uid, **more})  # type: ignore[arg-type]


@contextmanager
def bound(slapd: Slapd, dn: str, password: str, *, local: bool = False) -> Iterator[ldap3.Connection]:
    """Yield a new connection on which a bind was tried; see `.result`.

    It is over TLS, as a mail program's is; or at the socket, where writes get as far as the access rules.
    """
    if local:
        server = ldap3.Server(slapd.socket_uri, get_info=ldap3.NONE)
    else:
        tls = VerifiedTLS("localhost", slapd.ca_file)
        server = ldap3.Server("localhost", slapd.ldaps_port, use_ssl=True, get_info=ldap3.NONE, tls=tls)
    connection = ldap3.Connection(
        server,
        dn,
        password,
        check_names=False,
        receive_timeout=30,
        return_empty_attributes=False,
        auto_referrals=False,
    )
    connection.open(read_server_info=False)
    try:
        connection.bind(read_server_info=False)
        yield connection
    finally:
        connection.unbind()


def bind_code(slapd: Slapd, issued: NewCredential, password: str = "") -> int:
    """Return what the server says to the credential with its own password, or with the one given."""
    with bound(slapd, issued.bind_dn, password or issued.password) as connection:
        return int(connection.result["result"])
