"""How a result page narrows what it shows: the address of a search, chips to remove, values to choose."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from urllib.parse import quote_plus

from app import finding
from app.cohort_list import cohort_list
from app.finding import FACETS, FacetValue, Question
from app.organisation_list import organisation_list

LABELS = dict(zip(FACETS, ("Sector", "Region", "Role", "Organisation", "Cohort"), strict=True))
LISTED = 8  # values of a facet; the rest are rare


@dataclass(frozen=True, slots=True)
class Choice:
    """One value as the page shows it: to choose, with how many it leaves, or to take away again."""

    label: str
    href: str
    count: int = 0
    facet: str = ""


@dataclass(frozen=True, slots=True)
class Narrowing:
    """One facet by which the results can be narrowed."""

    label: str
    choices: list[Choice]


def asked_as(question: Question) -> str:
    """Return the question as the query part of an address, always in the same order."""
    words = [f"q={quote_plus(question.text)}"] if question.text else []
    narrowed = ((name, getattr(question, name)) for name in FACETS)
    return "&".join([*words, *(f"{name}={quote_plus(value)}" for name, value in narrowed if value)])


def search_address(question: Question, page: int = 1) -> str:
    """Return the address at which a question is asked, which may be shared."""
    return f"/search?{asked_as(question)}" + (f"&page={page}" if page > 1 else "")


def chosen(question: Question) -> list[Choice]:
    """Return what the results are narrowed to, each with the address without it."""
    narrowed = [(name, getattr(question, name)) for name in FACETS]
    return [
        Choice(_label(name, value), search_address(_with(question, name, "")), facet=LABELS[name])
        for name, value in narrowed
        if value
    ]


def narrowing(question: Question, counts: Mapping[str, Mapping[str, int]]) -> list[Narrowing]:
    """Return the facets that leave a choice, each with its most frequent values."""
    counted, so_far = finding.facets(counts, labels(), LISTED), search_address(question)
    return [
        Narrowing(LABELS[name], [_choice(so_far, name, value) for value in counted[name]])
        for name in FACETS
        if not getattr(question, name) and len(counted[name]) > 1
    ]


def labels() -> dict[str, Mapping[str, str]]:
    """Return facet -> value -> how it reads, of those whose values are ids."""
    return {"organisation": organisation_list().names, "cohort": cohort_list().titles}


def _choice(so_far: str, name: str, value: FacetValue) -> Choice:
    return Choice(value.label, f"{so_far}&{name}={_quoted(value.value)}", value.count)


def _label(name: str, value: str) -> str:
    return labels().get(name, {}).get(value, value)


def _with(question: Question, name: str, value: str) -> Question:
    changed: Any = {name: value}
    return replace(question, **changed)


# For values that come again with each page; what somebody typed is not to stay in memory.
_quoted = lru_cache(maxsize=4096)(quote_plus)
