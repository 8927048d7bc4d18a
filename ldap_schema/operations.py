"""What is asked of the server, as plain values: `connection.py` sends them, all else only makes them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """One search; `limit` 0 means as many as this identity may have."""

    base: str
    filter: str
    attributes: Sequence[str]
    scope: str = (
        "below"  # "entry": the base itself; "children": one level; "below": the base and all under it
    )
    limit: int = 0
    again_and_again: bool = False  # the same few entries for many people: what is the same is read once


@dataclass(frozen=True, slots=True, kw_only=True)
class AddEntry:
    """An entry that is not there yet, with all its values, its object classes included."""

    dn: str
    values: Mapping[str, Sequence[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModifyEntry:
    """Change attributes of an entry, if it still fits the `assertion` (a filter; empty: as it is)."""

    dn: str
    replace: Mapping[str, Sequence[bytes]] = field(default_factory=dict)  # no values: the attribute goes
    add: Mapping[str, Sequence[bytes]] = field(default_factory=dict)
    delete: Mapping[str, Sequence[bytes]] = field(default_factory=dict)
    assertion: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteEntry:
    """Remove an entry that has none below it, if it still fits the `assertion`."""

    dn: str
    assertion: str = ""


Operation = AddEntry | ModifyEntry | DeleteEntry
