"""What an older directory lacks of this version's tree, as LDIF; nobody's own entry is touched.

It is loaded with ldapmodify before anything of ours writes, so that every new attribute has its number by a
plain change (decision 0010). Not with slapmodify: it gives an entry that it changes another entryUUID, and
a replica would take that for another entry.
"""

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from ldap_schema.configure import ACCOUNTS, SCHEMA_VERSION, tree_ldif

Values = dict[str, list[str]]
# Entry that is ours alone, below the suffix -> the attributes that a version may change in it.
GATE = ("objectClass", "labeledURI")
NUMBERS = "cn=every-attribute,ou=policies"
BY_SLAPD = frozenset({"pwdLastSuccess"})  # it notes that one by itself, and lets nobody write it
UNKNOWN = "unknown"


def upgrade_ldif(suffix: str, before: Iterable[str], passwords: Mapping[str, str]) -> str:
    """Return what brings the directory to this version, and nothing if it lacks nothing.

    `before` are the lines that slapcat printed of it; `passwords` those of accounts that it may lack. Raise
    ValueError if a password is needed and not given, if the lines are no directory's, or a newer one's.
    """
    given = {account: passwords.get(account) or UNKNOWN for account in ACCOUNTS}
    ours = {suffix: ("nlcSchemaVersion",), f"ou=policies,{suffix}": GATE, f"{NUMBERS},{suffix}": ()}
    folded = {dn.casefold() for dn in ours}
    there = {dn.casefold(): values if dn.casefold() in folded else {} for dn, values in _entries(before)}
    _check(there.get(suffix.casefold()), suffix)
    changes = []
    for dn, values in _entries(tree_ldif(suffix, given).splitlines()):
        known = there.get(dn.casefold())
        if known is None:
            changes.append(_addition(dn, values, passwords))
        elif dn in ours:
            changes.append(_modification(dn, _changed(known, values, ours[dn])))
    return "".join(changes)


def _check(top: Values | None, suffix: str) -> None:
    if top is None or "nlcSchemaVersion" not in top:
        raise ValueError(f"That is no directory of Counterpart: it has no {suffix} with a schema version.")
    if int(top["nlcSchemaVersion"][0]) > SCHEMA_VERSION:
        raise ValueError(
            f"That directory has schema version {top['nlcSchemaVersion'][0]} and this program knows version "
            f"{SCHEMA_VERSION}: bring the program up to date."
        )


def _changed(known: Values, wanted: Values, names: Sequence[str]) -> Values:
    """Return which of the named attributes differ; without names, those that are not there at all."""
    if names:
        return {name: wanted[name] for name in names if set(known.get(name, ())) != set(wanted[name])}
    return {name: values for name, values in wanted.items() if name not in known.keys() | BY_SLAPD}


def _addition(dn: str, values: Values, passwords: Mapping[str, str]) -> str:
    account = values["cn"][0] if "simpleSecurityObject" in values["objectClass"] else ""
    if account and not passwords.get(account):
        raise ValueError(
            f"The directory has no account {account} yet. Put its password into the file directory-{account} "
            "in the folder of secrets (`openssl rand -hex 16` makes one)."
        )
    lines = "".join(f"{name}: {value}\n" for name, given in values.items() for value in given)
    return f"dn: {dn}\nchangetype: add\n{lines}\n"


def _modification(dn: str, changed: Values) -> str:
    if not changed:
        return ""
    changes = "".join(
        "".join((f"replace: {name}\n", *(f"{name}: {value}\n" for value in values), "-\n"))
        for name, values in changed.items()
    )
    return f"dn: {dn}\nchangetype: modify\n{changes}\n"


def _entries(lines: Iterable[str]) -> Iterator[tuple[str, Values]]:
    """Yield DN and values of each entry of LDIF (RFC 2849), one at a time however many there are."""
    values: Values = {}
    for line in chain(_unfolded(lines), [""]):
        if line.startswith("#"):
            continue
        name, _, value = line.partition(":")
        if name:
            values.setdefault(name, []).append(_plain(value))
        elif "dn" in values:
            yield values.pop("dn")[0], values
        if not name:
            values = {}


def _plain(value: str) -> str:
    if value.startswith(":"):
        return base64.b64decode(value[1:]).decode("utf-8", "replace")
    return value.strip()


def _unfolded(lines: Iterable[str]) -> Iterator[str]:
    """Yield whole lines: one that begins with a space goes on from the one before."""
    whole: list[str] = []
    for line in lines:
        text = line.rstrip("\r\n")
        if text.startswith(" ") and whole:
            whole.append(text[1:])
            continue
        if whole:
            yield "".join(whole)
        whole = [text]
    if whole:
        yield "".join(whole)
