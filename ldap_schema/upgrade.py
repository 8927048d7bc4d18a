"""What an older directory lacks of this version's tree, as LDIF; nobody's own entry is touched.

It is loaded with ldapmodify before anything of ours writes, so that every new attribute has its number by a
plain change (decision 0010). Not with slapmodify: it gives an entry that it changes another entryUUID, and
a replica would take that for another entry.
"""

from collections.abc import Iterable, Mapping, Sequence

from ldap_schema.configure import ACCOUNTS, SCHEMA_VERSION, tree_ldif
from ldap_schema.ldif_reader import Values, read_entries

# Entry that is ours alone, below the suffix -> the attributes in which it must be as we ship it.
POLICY = ("pwdAttribute", "pwdLockout", "pwdMaxFailure", "pwdFailureCountInterval", "pwdLockoutDuration")
OURS = {
    "ou=policies": ("objectClass", "labeledURI"),
    "cn=credentials,ou=policies": POLICY,
    "cn=services,ou=policies": POLICY,
    **{f"cn={account},ou=services": ("pwdPolicySubentry", "authzTo") for account in ACCOUNTS},
}
NUMBERS = "cn=every-attribute,ou=policies"  # of this one, those attributes that are not there at all
BY_SLAPD = frozenset({"pwdLastSuccess"})  # it notes that one by itself, and lets nobody write it
UNKNOWN = "unknown"


def upgrade_ldif(suffix: str, before: Iterable[str], passwords: Mapping[str, str]) -> str:
    """Return what brings the directory to this version, and nothing if it lacks nothing.

    `before` are the lines that slapcat printed of it; `passwords` those of accounts that it may lack. Raise
    ValueError if a password is needed and not given, if the lines are no directory's, or a newer one's.
    """
    given = {account: passwords.get(account) or UNKNOWN for account in ACCOUNTS}
    ours = {suffix: ("nlcSchemaVersion",), **{f"{name},{suffix}": OURS[name] for name in OURS}}
    ours[f"{NUMBERS},{suffix}"] = ()
    folded = {dn.casefold() for dn in ours}
    there = {dn.casefold(): values if dn.casefold() in folded else {} for dn, values in read_entries(before)}
    _check(there.get(suffix.casefold()), suffix)
    changes = []
    for dn, values in read_entries(tree_ldif(suffix, given).splitlines()):
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
        asked = [name for name in names if name in wanted]
        return {name: wanted[name] for name in asked if set(known.get(name, ())) != set(wanted[name])}
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
