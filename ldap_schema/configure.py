"""The LDIF of this folder, filled in for one server.

`make run`, the tests and an administrator load the same text.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template

from ldap_schema.passwords import hash_password
from ldap_schema.replication import Provider, replication_lines, security

SCHEMA_VERSION = 3
ACCOUNTS = ("portal", "sync", "index", "scim", "replica")  # the services in ldif/tree.ldif


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigInput:
    """What differs from one slapd to another."""

    suffix: str
    folder: Path  # for slapd.pid and slapd.args; exists
    data: Path  # for the database; exists and is empty
    certificate: Path  # PEM files that slapd can read
    key: Path
    authority: Path
    administrator: str  # DN with all rights, e.g. what `peer_identity` returns
    schemas: Path = Path("/etc/ldap/schema")
    modules: Path = Path("/usr/lib/ldap")
    max_size: int = 1 << 30  # bytes the database may grow to; the file is sparse
    durable: bool = True  # False: writes survive a crash of slapd, not of the machine; for tests
    network_writes: bool = False  # True: also who comes over TLS may write; keep mail programs away from it
    provider: Provider | None = None  # None: this server takes the writes; else it is a replica of that one


def peer_identity(uid: int, gid: int) -> str:
    """Return the DN that slapd gives to a local user who comes by the Unix socket (SASL EXTERNAL)."""
    return f"gidNumber={gid}+uidNumber={uid},cn=peercred,cn=external,cn=auth"


def ldif(name: str) -> str:
    """Return the text of one LDIF file of this package, not filled in."""
    return (files("ldap_schema") / "ldif" / name).read_text(encoding="utf-8")


def access_ldif(suffix: str) -> str:
    """Return the access rules for a server that runs already, for ldapmodify."""
    return Template(ldif("access.ldif")).substitute(suffix=suffix)


def access_rules(suffix: str) -> list[str]:
    """Return the access rules in order, unfolded, as slapd would show them without their numbers."""
    rules: list[str] = []
    for line in access_ldif(suffix).splitlines():
        if line.startswith("olcAccess: "):
            rules.append(line.removeprefix("olcAccess: "))
        elif line.startswith(" "):
            rules[-1] += line[1:]
    return [" ".join(rule.split()) for rule in rules]


def config_ldif(server: ConfigInput) -> str:
    """Return the whole cn=config of one slapd, for `slapadd -n0`."""
    rules = (f"olcAccess: {{{number}}}{rule}" for number, rule in enumerate(access_rules(server.suffix)))
    return Template(ldif("config.ldif")).substitute(
        suffix=server.suffix,
        folder=server.folder,
        data=server.data,
        certificate=server.certificate,
        key=server.key,
        authority=server.authority,
        administrator=server.administrator,
        schemas=server.schemas,
        modules=server.modules,
        max_size=server.max_size,
        security=security(network_writes=server.network_writes),
        no_sync="FALSE" if server.durable else "TRUE",
        replication=replication_lines(server.suffix, server.provider),
        last_bind="FALSE" if server.provider else "TRUE",
        schema=ldif("schema.ldif").strip(),
        access="\n".join(rules),
    )


def tree_ldif(suffix: str, passwords: Mapping[str, str]) -> str:
    """Return the empty tree with its service accounts, for `slapadd -n1`; the passwords go in hashed.

    There must be a password for each of ACCOUNTS. Raise ValueError for a suffix that does not begin with
    `dc=`.
    """
    attribute, _, rest = suffix.partition("=")
    if attribute.strip().lower() != "dc" or not rest:
        raise ValueError(f"The suffix must begin with dc=, and this one does not: {suffix}")
    return Template(ldif("tree.ldif")).substitute(
        suffix=suffix,
        top=rest.partition(",")[0],
        version=SCHEMA_VERSION,
        **{f"{account}_password": hash_password(passwords[account]) for account in ACCOUNTS},
    )
