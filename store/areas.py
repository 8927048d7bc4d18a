"""Which areas are neighbours, from a look-up that somebody published; replaced as a whole."""

from collections.abc import Iterable

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from store.models import NeighbouringArea


def replace_neighbours(tx: Session, pairs: Iterable[tuple[str, str]]) -> int:
    """Keep these pairs of codes and no others, in both directions; return how many areas have a neighbour."""
    known = {(one, other) for pair in pairs for one, other in (pair, pair[::-1]) if one != other}
    tx.execute(delete(NeighbouringArea))
    tx.add_all(NeighbouringArea(area=one, neighbour=other) for one, other in sorted(known))
    return len({one for one, _ in known})


def neighbours(tx: Session, areas: Iterable[str]) -> set[str]:
    """Return the codes of all areas beside one of these, these themselves left out."""
    own = set(areas)
    found = select(NeighbouringArea.neighbour).where(NeighbouringArea.area.in_(own))
    return set(tx.scalars(found)) - own
