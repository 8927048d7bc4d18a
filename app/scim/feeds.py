"""What the composition root gives this package: which feeds are pushed, and the directory to keep them in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from ldap_schema.directory import Directory


class ScimPath(Protocol):
    """One value that a feed's mapping reads, as `sync` knows it."""

    @property
    def schema(self) -> str:
        """The URN of the schema that has the attribute."""

    @property
    def name(self) -> str:
        """The attribute, as in `emails`."""

    @property
    def part(self) -> str:
        """The part of it, as in `value`; empty where it has none."""

    @property
    def by(self) -> str:
        """`type` or `primary` where one of several is meant, else nothing: all of them."""

    @property
    def word(self) -> str:
        """The type that is meant."""


@dataclass(frozen=True, slots=True)
class PushedFeed:
    """A feed that a client pushes to. Only what its mapping reads is taken; `digest` tells mappings apart."""

    id: str
    name: str
    digest: str
    paths: Sequence[ScimPath]


@dataclass(frozen=True, slots=True)
class ScimParts:
    """The directory as the SCIM account, and who finds the mapping of a feed; None: it is not pushed to."""

    directory: Directory
    find: Callable[[str], PushedFeed | None]
