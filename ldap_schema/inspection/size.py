"""How large the database may grow, how full it is, and whether that and more can be seen (cn=Monitor)."""

from collections.abc import Iterator

from ldap_schema.completion import COMPLETED, CONNECTIONS
from ldap_schema.entries import Entry
from ldap_schema.filters import equals, present
from ldap_schema.inspection.configuration import OF_CONFIG, Configuration
from ldap_schema.inspection.lack import Lack, loaded, replaced
from ldap_schema.link import Link

DATABASES = "cn=Databases,cn=Monitor"
USED, FREE, MOST = "olmMDBPagesUsed", "olmMDBPagesFree", "olmMDBPagesMax"
LEAST = 1 << 30  # bytes; a database without the setting stops at 10 MB
PAGE = 4096
FULL = 0.8


def size(link: Link, config: Configuration, database: Entry) -> Iterator[Lack]:
    """Yield when the database may not grow, is nearly full, or does not say so."""
    room = int(database.text("olcDbMaxSize") or 0)
    if room < LEAST:
        what = (
            f"The database may grow to {_told(room)} only."
            if room
            else "The database may grow to 10 MB only."
        )
        yield Lack(what, replaced(database.dn, {"olcDbMaxSize": [str(LEAST)]}))
    found = link.find(DATABASES, equals("namingContexts", config.suffix), [USED, FREE, MOST])
    if not found or not found[0].text(MOST):
        yield Lack(
            "The server does not tell how full its database is.", loaded(_monitor(config, database, room))
        )
        return
    if not link.find(CONNECTIONS, present(COMPLETED), [COMPLETED], scope="below"):
        what = "Services don't see when the server is done with an operation, so commits wait longer."
        yield Lack(what, loaded(_monitor(config, database, room)))
    used, free, most = (int(found[0].text(name)) for name in (USED, FREE, MOST))
    if used - free > most * FULL:
        taken = f"{_told((used - free) * PAGE)} of {_told(most * PAGE)}"
        what = f"The database is {(used - free) / most:.0%} full ({taken})."
        yield Lack(f"{what} When it is full nothing can be written.",
                   replaced(database.dn, {"olcDbMaxSize": [str(max(LEAST, 2 * most * PAGE))]}))  # fmt: skip


def _monitor(config: Configuration, database: Entry, room: int) -> list[str]:
    """Return LDIF for the monitor, and for opening the database again, from when on it tells."""
    ((dn, values),) = ((dn, values) for dn, values in config.ours.items() if dn.endswith("monitor,cn=config"))
    theirs = next((dn for dn in config.theirs if dn.endswith("monitor,cn=config")), "")
    if theirs:
        lines = [f"dn: {theirs}", "changetype: modify", "replace: olcAccess"]
        lines += [f"olcAccess: {rule}" for rule in values["olcAccess"]]
    else:
        lines = [f"dn: {dn}", "changetype: add"]
        lines += [f"{name}: {value}" for name, given in values.items() for value in given]
        lines += [f"olcRootDN: {value}" for value in config.texts(OF_CONFIG, "olcRootDN")]
    reopen = [
        f"dn: {database.dn}",
        "changetype: modify",
        "replace: olcDbMaxSize",
        f"olcDbMaxSize: {max(room, LEAST)}",
    ]
    return [*lines, "", *reopen]


def _told(size: float) -> str:
    return f"{size / (1 << 30):.1f} GB" if size >= 1 << 30 else f"{size / (1 << 20):.0f} MB"
