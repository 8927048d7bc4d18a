"""What a gateway holds: the connections, the tree, and as whom it asks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ldap_schema.entries import Entry
from ldap_schema.errors import NotFound
from ldap_schema.filters import present
from ldap_schema.operations import Operation, Search
from ldap_schema.servers import Servers
from ldap_schema.tree import Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One identity's way to the directory: the service's own, or a person's by proxied authorization."""

    connections: Servers
    tree: Tree
    viewer_dn: str = ""

    def as_viewer(self, uid: str) -> "Link":
        """Return the same way, taken as that person."""
        return replace(self, viewer_dn=self.tree.person(uid))

    def as_feed(self, feed: str) -> "Link":
        """Return the same way, taken as that feed."""
        return replace(self, viewer_dn=self.tree.feed(feed))

    def get(self, dn: str, attributes: Sequence[str]) -> Entry:
        """Return one entry, or raise NotFound: it is not there, or not for this identity to know."""
        request = Search(base=dn, filter=present("objectClass"), attributes=attributes, scope="entry")
        found = self.connections.search(request, self.viewer_dn)
        if not found:
            raise NotFound("There is no such entry.")
        return found[0]

    def find(
        self,
        base: str,
        filter_: str,
        attributes: Sequence[str],
        *,
        scope: str = "children",
        limit: int = 0,
        again_and_again: bool = False,
    ) -> list[Entry]:
        """Return the entries below the base that fit; none too if this identity may not know the base."""
        request = Search(
            base=base,
            filter=filter_,
            attributes=attributes,
            scope=scope,
            limit=limit,
            again_and_again=again_and_again,
        )
        try:
            return self.connections.search(request, self.viewer_dn)
        except NotFound:
            return []

    def write(self, *operations: Operation) -> None:
        """Carry out all operations or none; nothing to do is nothing asked."""
        if operations:
            self.connections.transact(operations, self.viewer_dn)
