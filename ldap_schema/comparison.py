"""Compares two servers entry by entry, by the number of each entry's last change (entryCSN).

Equal contextCSN does not mean equal entries. The entries are read in ranges of their entryUUID, which both
servers number alike, so that never more than two batches are in memory, however large the directory is.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from ldap_schema.filters import between
from ldap_schema.link import Link
from ldap_schema.servers import change_number
from ldap_schema.snapshots import BATCH, ranges

MOST = 12_000  # differences kept, more than one transaction can leave; the others are counted
LOOKS = 3  # what differs in all of them is no change that is just on its way
PAUSE = 0.4  # seconds between two looks

State = tuple[str, str]  # DN and entryCSN


@dataclass(frozen=True, slots=True)
class Difference:
    """One entry that is not the same; an empty change number means that the entry is not there."""

    dn: str
    provider: str
    replica: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """How many entries the provider has, how many differ, and the first MOST of those.

    `reached` is the replica's own change number before the entries were read.
    """

    entries: int
    different: int
    listed: tuple[Difference, ...]
    reached: str

    @property
    def passed_over(self) -> tuple[Difference, ...]:
        """Those that no replica catches up with by itself, because it believes to have them."""
        return tuple(each for each in self.listed if each.provider <= self.reached) if self.reached else ()


@dataclass(frozen=True, slots=True)
class _Part:
    """The entries of one range of entryUUID on both servers: entryUUID -> state."""

    first: int
    last: int
    ours: Mapping[str, State]
    theirs: Mapping[str, State]

    @property
    def full(self) -> bool:
        """Whether there may be more than were read."""
        return max(len(self.ours), len(self.theirs)) >= BATCH


def compare(provider: Link, replica: Link) -> Comparison:
    """Compare all entries that the account may count; raises what reading raises."""
    reached = change_number(replica.connections, replica.tree.suffix)
    entries, different, listed = 0, 0, list[Difference]()
    for part in ranges(lambda first, last: _look(provider, replica, first, last), lambda part: part.full):
        entries += len(part.ours)
        found = _lasting(provider, replica, part)
        different += len(found)
        listed.extend(found[: MOST - len(listed)])
    return Comparison(entries, different, tuple(listed), reached)


def _lasting(provider: Link, replica: Link, part: _Part) -> list[Difference]:
    """Return what differs in a part, and still does a moment later."""
    found = _differences(part)
    for _ in range(LOOKS - 1):
        if found:
            time.sleep(PAUSE)
            again = _differences(_look(provider, replica, part.first, part.last))
            found = {uuid: again[uuid] for uuid in found.keys() & again.keys()}
    return sorted(found.values(), key=lambda difference: difference.dn)


def _look(provider: Link, replica: Link, first: int, last: int) -> _Part:
    return _Part(first, last, _read(provider, first, last), _read(replica, first, last))


def _differences(part: _Part) -> dict[str, Difference]:
    found = {}
    for uuid in part.ours.keys() | part.theirs.keys():
        dn, csn = part.ours.get(uuid, ("", ""))
        replica_dn, replica_csn = part.theirs.get(uuid, ("", ""))
        if (dn, csn) != (replica_dn, replica_csn):
            found[uuid] = Difference(dn or replica_dn, csn, replica_csn)
    return found


def _read(link: Link, first: int, last: int) -> dict[str, State]:
    """Return entryUUID -> state of the entries in the range, at most one batch."""
    found = link.find(
        link.tree.suffix,
        between("entryUUID", str(UUID(int=first)), str(UUID(int=last))),
        ["entryUUID", "entryCSN"],
        scope="below",
        limit=BATCH,
    )
    return {entry.text("entryUUID"): (entry.dn, entry.text("entryCSN")) for entry in found}
