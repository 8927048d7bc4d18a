"""One thing that a server lacks, and the command that an administrator types on that server to mend it."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ldap_schema.settings import DirectorySettings

LOAD = "sudo ldapmodify -Q -Y EXTERNAL -H ldapi:///"
LOAD_TREE = "sudo ldapmodify -Q -e relax -Y EXTERNAL -H ldapi:///"
ANEW = 'Make the configuration anew: docs/operations-directory.md, "Bring an older directory up to date".'


@dataclass(frozen=True, slots=True)
class Lack:
    """What is missing or otherwise than we ship it, in a sentence, and how to mend it."""

    what: str
    mend: str


def printed(what: str, suffix: str, *more: str) -> str:
    """Return the command that prints one of our LDIF files for that server."""
    told = () if suffix == DirectorySettings().suffix else ("--suffix", suffix)
    return shlex.join(("python", "-m", "ldap_schema", what, *told, *more))


def upgraded(suffix: str) -> str:
    """Return the command that gives the tree whatever it lacks, and changes nothing else."""
    make = printed("upgrade", suffix, "--before", "/dev/stdin", "--secrets", "secrets")
    return f"sudo slapcat -n 1 | {make} | {LOAD_TREE}"


def replaced(dn: str, values: Mapping[str, Sequence[str]]) -> str:
    """Return the command that gives an entry of the configuration these values in place of its own."""
    lines = [f"dn: {dn}", "changetype: modify"]
    for attribute, given in values.items():
        lines += [f"replace: {attribute}", *(f"{attribute}: {value}" for value in given), "-"]
    return loaded(lines[:-1])


def loaded(lines: Sequence[str]) -> str:
    """Return the command that loads these lines of LDIF."""
    return f"printf '%s\\n' {shlex.join(lines)} | {LOAD}"
