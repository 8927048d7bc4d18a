"""What a server lacks of the tree: branches, accounts, policies, numbers of attributes, the version."""

from collections.abc import Iterator

from ldap_schema.configure import SCHEMA_VERSION
from ldap_schema.entries import Entry
from ldap_schema.errors import DirectoryRefused, NotFound
from ldap_schema.inspection.lack import Lack, printed, upgraded
from ldap_schema.inspection.schema import entry
from ldap_schema.ldif_reader import Values
from ldap_schema.link import Link
from ldap_schema.shipped import shipped_tree
from ldap_schema.upgrade import BY_SLAPD, NUMBERS, OURS

ACCOUNTS, GATE = "ou=services", "ou=policies"


def tree(link: Link) -> Iterator[Lack]:
    """Yield what is missing or otherwise in those entries that are ours alone."""
    suffix = link.tree.suffix
    for dn, wanted in shipped_tree(suffix).items():
        name = dn.removesuffix(f",{suffix}")
        theirs = entry(link, dn, list(wanted))
        if theirs is None:
            yield _missing(name, suffix)
        elif name == NUMBERS:
            yield from _numbers(theirs, wanted, suffix)
        else:
            yield from _different(name, theirs, wanted, suffix)


def acting(link: Link) -> Iterator[Lack]:
    """Yield a lack unless this account may act for people (RFC 4370); nothing of theirs is read."""
    try:
        link.as_viewer("doctor").get(link.tree.branch("people"), ["1.1"])
    except NotFound:
        return
    except DirectoryRefused:
        name = link.connections.service
        yield Lack(f"The account cn={name} may not act for people, so that nobody sees anybody.",
                   upgraded(link.tree.suffix))  # fmt: skip


def version(link: Link, upgrade: str, *, seen: bool = True) -> Iterator[Lack]:
    """Yield a lack unless the tree is of this version; `upgrade` mends an older one.

    Without `seen` the server's rules may conceal the version, so that none says nothing.
    """
    suffix = link.tree.suffix
    top = entry(link, suffix, ["nlcSchemaVersion"])
    theirs = top.text("nlcSchemaVersion") if top else ""
    if theirs == str(SCHEMA_VERSION) or not (theirs or seen):
        return
    if not theirs:
        mend = f"{printed('tree', suffix, '--secrets', 'secrets')} | sudo -u openldap slapadd -q -n 1"
        yield Lack("The top of the tree says no schema version: it is not Counterpart's.", mend)
    elif int(theirs) > SCHEMA_VERSION:
        what = f"The directory has schema version {theirs} and this program knows version {SCHEMA_VERSION}."
        yield Lack(what, "Bring this program up to date.")
    else:
        what = f"The directory has schema version {theirs} and this program needs version {SCHEMA_VERSION}."
        yield Lack(what, upgrade)


def _missing(name: str, suffix: str) -> Lack:
    account, _, branch = name.partition(",")
    if branch != ACCOUNTS:
        return Lack(f"The tree has no {name}.", upgraded(suffix))
    file = f"secrets/directory-{account.removeprefix('cn=')}"
    password = f"test -s {file} || (umask 077; openssl rand -hex 16 > {file})"
    return Lack(f"There is no account {name}.", f"{password}; {upgraded(suffix)}")


def _numbers(theirs: Entry, wanted: Values, suffix: str) -> Iterator[Lack]:
    lacking = [name for name in wanted if name not in BY_SLAPD and not theirs.texts(name)]
    if lacking:
        yield Lack(
            f"{', '.join(lacking)} can't be used safely yet: slapd has no number for them (decision 0010).",
            upgraded(suffix),
        )


def _different(name: str, theirs: Entry, wanted: Values, suffix: str) -> Iterator[Lack]:
    names = [each for each in OURS.get(name, ()) if each in wanted and each != "authzTo"]  # see `acting`
    different = [each for each in names if set(theirs.texts(each)) != set(wanted[each])]
    if name == GATE and different:
        yield Lack(
            "ou=policies does not say whom the access rules let in: nobody sees anybody.", upgraded(suffix)
        )
    elif different:
        yield Lack(f"{name} has another {', '.join(different)} than this version.", upgraded(suffix))
