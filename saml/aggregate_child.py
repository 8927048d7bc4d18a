"""Picks one provider from a federation's signed metadata; run by `sandbox` in a process of its own.

stdin is the metadata, up to 64 MiB; the arguments are one Wish as JSON; stdout is Picked as JSON. The tree of
50 MB takes half a gigabyte, which is given back when this process ends.
"""

import io
import sys
from datetime import UTC, datetime

import msgspec
from lxml import etree

from saml.errors import ProviderRefused
from saml.metadata import verified
from saml.xml import MD, Unreadable, instant, parse, q, written

LARGEST = 64 * 1024 * 1024
MAX_ELEMENTS = 4_000_000
NO_MEMORY = etree.ErrorTypes.ERR_NO_MEMORY  # which the parser reports like any error of a document
ENTITY, GROUP = q(MD, "EntityDescriptor"), q(MD, "EntitiesDescriptor")


class Wish(msgspec.Struct):
    """Whose metadata is wanted, and whose signature makes it true."""

    entity_id: str
    signers: list[str]  # PEM
    now: datetime


class Picked(msgspec.Struct):
    """The one EntityDescriptor as a document of its own, or why there is none."""

    document: str = ""
    entities: int = 0
    trouble: str = ""


def main() -> None:
    """Read from stdin and write to stdout."""
    wish = msgspec.json.decode(sys.argv[1], type=Wish)
    try:
        picked = pick(_believed(sys.stdin.buffer.read(LARGEST + 1), wish), wish)
    except ProviderRefused as error:
        picked = Picked(trouble=str(error))
    except Unreadable as error:
        if getattr(error.__cause__, "code", 0) == NO_MEMORY:
            raise MemoryError from error
        picked = Picked(trouble=f"The metadata can't be read: {error}.")
    sys.stdout.buffer.write(msgspec.json.encode(picked))


def _believed(data: bytes, wish: Wish) -> bytes:
    """The signed bytes; data and tree are let go of on the way, for there is no room for both twice."""
    root = parse(data, LARGEST, MAX_ELEMENTS, drop_comments=True)
    if root.tag not in (ENTITY, GROUP):
        raise ProviderRefused(
            "The metadata starts with neither an EntityDescriptor nor an EntitiesDescriptor."
        )
    if not root.get("validUntil"):
        raise ProviderRefused(
            "The signed metadata has no validUntil, so an old copy could be passed off as today's for ever. "
            "Ask its publisher for one (saml2int requires it)."
        )
    return verified(root, tuple(wish.signers), wish.now)


def pick(signed: bytes, wish: Wish) -> Picked:
    """Find the entity, which must stand there once, and give it the earliest validUntil that holds for it."""
    document, seen, found = "", 0, 0
    limits: list[str | None] = []
    for event, node in etree.iterparse(
        io.BytesIO(signed), ("start", "end"), tag=(ENTITY, GROUP), resolve_entities=False, no_network=True
    ):
        if event == "start":
            limits.append(node.get("validUntil"))
            continue
        if node.tag == ENTITY:
            seen += 1
            if node.get("entityID") == wish.entity_id:
                found += 1
                document = _alone(node, [limit for limit in limits if limit])
            _forget(node)
        limits.pop()
    if found != 1:
        times = "not in" if not found else f"{found} times in"
        raise ProviderRefused(
            f"The entity ID {wish.entity_id!r} is {times} the metadata ({seen:,} entities)."
        )
    return Picked(document, seen)


def _alone(node: etree._Element, limits: list[str]) -> str:
    node.set("validUntil", written(min(map(instant, limits)).astimezone(UTC)))
    return etree.tostring(node, encoding="unicode", with_tail=False)


def _forget(node: etree._Element) -> None:
    """Let go of an entity that was looked at, and of what stood before it."""
    node.clear()
    parent = node.getparent()
    while parent is not None and node.getprevious() is not None:
        del parent[0]


if __name__ == "__main__":
    main()
