"""What makes a server a replica, and a replica the provider: plain syncrepl over verified TLS."""

import re
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template
from urllib.parse import urlsplit

# What slapd's configuration takes between quotation marks without a second meaning.
_QUOTABLE = re.compile(r"[!#-\[\]-~]+")

LOCAL_WRITES = "update_ssf=512"  # what olcLocalSSF gives to those at the socket, and TLS never reaches


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """Where a replica gets everything from."""

    uri: str  # ldap:// (StartTLS before anything else) or ldaps://; the certificate is good for its host
    authority: Path  # PEM file of the authority behind that certificate
    password: str  # of cn=replica,ou=services
    number: int = 1  # tells apart the replicas' lines in a log, 1 to 999


def replica_ldif(suffix: str, provider: Provider) -> str:
    """Return what to load into a running server with ldapmodify to make it a replica.

    Raise ValueError for an address without TLS in prospect, or what can't be quoted.
    """
    address = urlsplit(provider.uri)
    if address.scheme not in ("ldap", "ldaps") or not address.hostname:
        raise ValueError(f"The provider's address must begin with ldap:// or ldaps://: {provider.uri}")
    if not 1 <= provider.number <= 999:
        raise ValueError(f"A replica's number is between 1 and 999, not {provider.number}.")
    if not all(_QUOTABLE.fullmatch(part) for part in (provider.uri, provider.password)):
        raise ValueError("The provider's address and password can't hold spaces, quotes or backslashes.")
    if '"' in str(provider.authority) or "\\" in str(provider.authority):
        raise ValueError(f"The name of the authority's file can't hold quotes: {provider.authority}")
    return Template(_ldif("replica.ldif")).substitute(
        suffix=suffix,
        number=f"{provider.number:03}",
        uri=provider.uri,
        starttls="starttls=critical" if address.scheme == "ldap" else "starttls=no",
        password=provider.password,
        authority=provider.authority,
    )


def replication_lines(suffix: str, provider: Provider | None) -> str:
    """Return the same as lines of the database's own entry; nothing for a server that is no replica."""
    if provider is None:
        return ""
    lines = replica_ldif(suffix, provider).splitlines()
    wanted = [line for line in lines if line.startswith(("olcSyncrepl:", "olcUpdateRef:", "  "))]
    return "".join(f"\n{line}" for line in wanted)


def promotion_ldif(*, network_writes: bool) -> str:
    """Return what to load into a replica with ldapmodify to make it the provider.

    Without `network_writes` it takes writes at its own socket only, from services on the same machine.
    """
    return Template(_ldif("promote.ldif")).substitute(security=security(network_writes=network_writes))


def security(*, network_writes: bool) -> str:
    """Return what slapd asks of a connection (olcSecurity): TLS of everybody, and of writers the socket."""
    return "ssf=128 simple_bind=128" + ("" if network_writes else f" {LOCAL_WRITES}")


def _ldif(name: str) -> str:
    return (files("ldap_schema") / "ldif" / name).read_text(encoding="utf-8")
