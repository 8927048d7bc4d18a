"""Prints the LDIF of this package, filled in for a server of one's own: see docs/operations-directory.md.

python -m ldap_schema config --certificate … --key … --authority … > config.ldif     for slapadd -n0
python -m ldap_schema tree --secrets FOLDER > tree.ldif                               for slapadd -n1
python -m ldap_schema upgrade > upgrade.ldif                                          for ldapmodify
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ldap_schema.configure import ConfigInput, config_ldif, peer_identity, tree_ldif, upgrade_ldif
from ldap_schema.settings import DirectorySettings

ACCOUNTS = ("portal", "sync", "replica")


def main(arguments: Sequence[str] | None = None) -> str:
    """Return what was asked for; argparse ends the program with a sentence for what is wrong."""
    asked = _parser().parse_args(arguments)
    if asked.what == "upgrade":
        return upgrade_ldif(asked.suffix)
    if asked.what == "tree":
        passwords = [(asked.secrets / f"directory-{name}").read_text().strip() for name in ACCOUNTS]
        return tree_ldif(asked.suffix, *passwords)
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
        )
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ldap_schema", description=__doc__.partition("\n")[0])
    kinds = parser.add_subparsers(dest="what", required=True)
    config, tree, upgrade = (kinds.add_parser(name) for name in ("config", "tree", "upgrade"))
    for each in (config, tree, upgrade):
        each.add_argument("--suffix", default=DirectorySettings().suffix)
    for name in ("certificate", "key", "authority"):
        config.add_argument(f"--{name}", type=Path, required=True, help="PEM file that slapd can read")
    config.add_argument("--folder", type=Path, default=Path("/var/run/slapd"), help="for slapd.pid")
    config.add_argument("--data", type=Path, default=Path("/var/lib/ldap"), help="for the database")
    config.add_argument("--administrator", default=peer_identity(0, 0), help="DN with all rights")
    config.add_argument("--gigabytes", type=int, default=4, help="what the database may grow to")
    tree.add_argument("--secrets", type=Path, required=True, help="folder with the accounts' passwords")
    return parser


if __name__ == "__main__":
    sys.stdout.write(main())
