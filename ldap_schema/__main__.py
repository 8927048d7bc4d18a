"""Prints the LDIF of this package, filled in for a server of one's own: see docs/operations-directory.md.

python -m ldap_schema config --certificate … --key … --authority … > config.ldif     for slapadd -n0
python -m ldap_schema tree --secrets FOLDER > tree.ldif                               for slapadd -n1
python -m ldap_schema upgrade --before DUMP --secrets FOLDER > upgrade.ldif           for ldapmodify
python -m ldap_schema access                                                          for ldapmodify
python -m ldap_schema schema --into DN NAME…                                          for ldapmodify
python -m ldap_schema replica --provider URI --authority … --secrets FOLDER           for ldapmodify
python -m ldap_schema promote                                                         for ldapmodify
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ldap_schema.configure import (
    ACCOUNTS,
    ConfigInput,
    access_ldif,
    config_ldif,
    peer_identity,
    tree_ldif,
)
from ldap_schema.replication import Provider, promotion_ldif, replica_ldif
from ldap_schema.settings import DirectorySettings
from ldap_schema.shipped import schema_ldif
from ldap_schema.upgrade import upgrade_ldif


def main(arguments: Sequence[str] | None = None) -> str:
    """Return what was asked for; argparse ends the program with a sentence for what is wrong."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    try:
        return _made(asked)
    except (OSError, ValueError) as error:
        parser.error(str(error))


def _made(asked: argparse.Namespace) -> str:
    if asked.what == "upgrade":
        with asked.before.open(encoding="utf-8", errors="replace") as lines:
            there = {
                name: _password(asked.secrets, name)
                for name in ACCOUNTS
                if _file(asked.secrets, name).exists()
            }
            return upgrade_ldif(asked.suffix, lines, there)
    if asked.what == "access":
        return access_ldif(asked.suffix)
    if asked.what == "schema":
        return schema_ldif(asked.into, asked.names)
    if asked.what == "promote":
        return promotion_ldif(network_writes=asked.network_writes)
    if asked.what == "replica":
        given = Provider(
            uri=asked.provider,
            authority=asked.authority,
            password=_password(asked.secrets, "replica"),
            number=asked.number,
        )
        return replica_ldif(asked.suffix, given)
    if asked.what == "tree":
        return tree_ldif(asked.suffix, {name: _password(asked.secrets, name) for name in ACCOUNTS})
    return config_ldif(
        ConfigInput(
            suffix=asked.suffix,
            folder=asked.folder,
            data=asked.data,
            certificate=asked.certificate,
            key=asked.key,
            authority=asked.authority,
            administrator=asked.administrator,
            max_size=asked.gigabytes << 30,
            network_writes=asked.network_writes,
        )
    )


def _password(secrets: Path, account: str) -> str:
    return _file(secrets, account).read_text().strip()


def _file(secrets: Path, account: str) -> Path:
    return secrets / f"directory-{account}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ldap_schema", description=__doc__.partition("\n")[0])
    kinds = parser.add_subparsers(dest="what", required=True)
    names = ("config", "tree", "upgrade", "access", "schema", "replica", "promote")
    parsers = [kinds.add_parser(name) for name in names]
    for each in parsers:
        each.add_argument("--suffix", default=DirectorySettings().suffix)
    config, tree, upgrade, _, schema, replica, promote = parsers
    for name in ("certificate", "key", "authority"):
        config.add_argument(f"--{name}", type=Path, required=True, help="PEM file that slapd can read")
    config.add_argument("--folder", type=Path, default=Path("/var/run/slapd"), help="for slapd.pid")
    config.add_argument("--data", type=Path, default=Path("/var/lib/ldap"), help="for the database")
    config.add_argument("--administrator", default=peer_identity(0, 0), help="DN with all rights")
    config.add_argument("--gigabytes", type=int, default=4, help="what the database may grow to")
    for each in (config, promote):
        each.add_argument(
            "--network-writes",
            action="store_true",
            help="take writes over TLS too; such a server must be out of mail programs' reach",
        )
    schema.add_argument("--into", required=True, help="DN of our schema's entry in that cn=config")
    schema.add_argument("names", nargs="+", metavar="NAME", help="attribute type or class that is missing")
    replica.add_argument("--provider", required=True, help="ldap:// or ldaps:// address")
    replica.add_argument("--authority", type=Path, required=True, help="PEM file behind its certificate")
    replica.add_argument("--number", type=int, default=1, help="another for each replica, up to 999")
    upgrade.add_argument("--before", type=Path, required=True, help="what slapcat printed of the database")
    for each in (tree, upgrade, replica):
        each.add_argument("--secrets", type=Path, required=True, help="folder with the accounts' passwords")
    return parser


if __name__ == "__main__":
    sys.stdout.write(main())
