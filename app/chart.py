"""An organisation's posts as a chart: who leads, and who stands below. Pure, from nothing but titles.

No feed says who answers to whom, so the chart claims no more than titles do: one post that leads with all
others below it, or, where several lead, all of them side by side.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from search_index.words import fold

T = TypeVar("T")

_BELOW = re.compile(
    r"assistant|associate|pro[ -]|area |regional |corporate |executive director|director\b(?! gen)"
)
_SECOND = re.compile(
    r"deputy|second |vice (?!chancellor)|chief of staff|director general|chair|chief .*officer"
)
_LEADS = re.compile(
    r"(group )?chief executive|chief constable|(permanent|cabinet) (under-)?secretary|chief fire officer"
    r"|vice[ -]chancellor|principal|commissioner|commander|chief inspector|managing director"
    r"|(trust|council) leader|head of|director general and head|president"
)


@dataclass(frozen=True, slots=True)
class Chart(Generic[T]):
    """What stands at the top, and below it; nothing stands below where several stand at the top."""

    top: Sequence[T]
    below: Sequence[T]


def seniority(title: str) -> int:
    """Order the posts of one organisation: whoever leads first, then seconds and deputies, then the rest."""
    plain = fold(title)
    for pattern, tier in ((_LEADS, 0), (_BELOW, 2), (_SECOND, 1)):
        if pattern.match(plain):
            return tier
    return 2 if plain.startswith("head of ") else 1


def chart(posts: Sequence[T], title_of: Callable[[T], str]) -> Chart[T]:
    """Return the posts in order of seniority, the one that leads above all others if there is one such."""
    ordered = sorted(posts, key=lambda post: (seniority(title_of(post)), fold(title_of(post))))
    tiers = [seniority(title_of(post)) for post in ordered]
    if len(ordered) > 1 and tiers[0] < tiers[1]:
        return Chart(ordered[:1], ordered[1:])
    return Chart(ordered, [])
