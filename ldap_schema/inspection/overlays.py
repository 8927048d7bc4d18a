"""Which overlays a server lacks, has otherwise, in another order, or should not have."""

from collections.abc import Iterator

from ldap_schema.entries import Entry
from ldap_schema.inspection.configuration import Configuration, folded, plain
from ldap_schema.inspection.lack import Lack, loaded, replaced
from ldap_schema.ldif_reader import Values

# Overlay -> what is wrong without it.
MEANT = {
    "syncprov": "replicas and the search index are told nothing",
    "unique": "one address could sign in two people",
    "constraint": "values that the access rules compare could be misspelt",
    "ppolicy": "wrong passwords lock no device, and no credential ends",
    "dynlist": "nobody's roles and cohorts are found",
}
# Overlay -> why it must not be there (DESIGN of the tree, docs/decisions/0010 and 0013).
NEVER = {
    "refint": "it strips references although the transaction that removed an entry was undone",
    "memberof": "what it writes can't be replicated",
    "accesslog": "it keeps what was undone, and the data of people who were erased",
    "sssvlv": "a mail program could walk through the whole directory with it",
}


def overlays(config: Configuration, database: Entry) -> Iterator[Lack]:
    """Yield what is otherwise about the overlays of the database."""
    there = {plain(each.text("olcOverlay")): each for each in config.overlays(database.dn)}
    shipped = {
        plain(values["olcOverlay"][0]): values for values in config.ours.values() if "olcOverlay" in values
    }
    for name, values in shipped.items():
        if name not in there:
            what = f"The overlay {name} is not on the database: {MEANT[name]}."
            yield Lack(what, loaded(_addition(values, database.dn)))
        else:
            yield from _otherwise(name, there[name], values)
    ours = [name for name in there if name in shipped]
    if ours != [name for name in shipped if name in there]:
        yield _disordered([there[name] for name in ours], list(shipped.values()), database.dn)
    for name, why in NEVER.items():
        if name in there:
            removal = [f"dn: {there[name].dn}", "changetype: delete"]
            yield Lack(f"The overlay {name} is on the database, and {why}.", loaded(removal))


def _otherwise(name: str, theirs: Entry, wanted: Values) -> Iterator[Lack]:
    for attribute, values in wanted.items():
        if attribute in ("dn", "objectClass", "olcOverlay"):
            continue
        there = {folded(each) for each in theirs.texts(attribute)}
        missing = [value for value in values if folded(value) not in there]
        if missing:
            what = f"The overlay {name} lacks {attribute}: {'; '.join(missing)}."
            yield Lack(what, replaced(theirs.dn, {attribute: values}))


def _disordered(theirs: list[Entry], wanted: list[Values], database: str) -> Lack:
    """Take all of ours away, the last one first because slapd numbers them anew, and add them in order."""
    lines: list[str] = []
    for entry in reversed(theirs):
        lines += [f"dn: {entry.dn}", "changetype: delete", ""]
    for values in wanted:
        lines += [*_addition(values, database), ""]
    what = (
        "The overlays are in another order: who tries to write could find out which sign-in addresses exist."
    )
    return Lack(what, loaded(lines[:-1]))


def _addition(values: Values, database: str) -> list[str]:
    lines = [f"dn: olcOverlay={values['olcOverlay'][0]},{database}", "changetype: add"]
    return lines + [f"{name}: {value}" for name, given in values.items() for value in given]
