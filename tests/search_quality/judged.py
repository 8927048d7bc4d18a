"""How many queries of each class find whom they mean among the first three."""

from collections import defaultdict
from dataclasses import dataclass, field

from search_index.query import Asked, find
from tests.search_quality.asking import Query, frozen
from tests.search_quality.world import TODAY, world


@dataclass
class Tally:
    """Of one class: how many queries, how many were answered among the first three, and which were not."""

    asked: int = 0
    found: int = 0
    missed: list[tuple[Query, list[str]]] = field(default_factory=list)

    @property
    def share(self) -> float:
        """The share answered, of 100."""
        return 100 * self.found / self.asked


def judged(seed: int, name: str) -> dict[str, Tally]:
    """Ask all queries of a frozen file in their world."""
    contents = world(seed).contents
    tallies: dict[str, Tally] = defaultdict(Tally)
    for query in frozen(name):
        hits = find(contents, Asked(text=query.text), TODAY).hits
        tally = tallies[query.kind]
        tally.asked += 1
        if any(hit.document.id in query.meant for hit in hits[:3]):
            tally.found += 1
        else:
            tally.missed.append((query, [hit.document.label for hit in hits[:3]]))
    return dict(tallies)


def overall(tallies: dict[str, Tally]) -> float:
    """The share answered over all classes, of 100."""
    return 100 * sum(one.found for one in tallies.values()) / sum(one.asked for one in tallies.values())
