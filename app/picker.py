"""The list of organisations whose people can sign in: searched, paged, and by letter where it is long."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.organisation_list import closeness
from saml.discovery import Choice
from search_index.words import fold, folded

PAGE = 30  # lines of a page; more is nothing to look through on a telephone


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of the list. `letters` are offered where nobody would read through all of it."""

    lines: Sequence[Choice]
    total: int
    page: int = 1
    pages: int = 1
    letters: Sequence[str] = field(default_factory=tuple)


def listing(choices: Sequence[Choice], text: str, letter: str, page: int) -> Listing:
    """The lines that match what was typed, best first; or all of a letter; or all, if they are few."""
    if wanted := fold(text).split():
        return _page(_matching(choices, wanted), page)
    ordered = sorted(choices, key=lambda one: (folded(one.name), one.own_name))
    if len(ordered) <= PAGE:
        return _page(ordered, page)
    letters = tuple(dict.fromkeys(_letter(one) for one in ordered))
    chosen = [one for one in ordered if _letter(one) == letter] if letter else []
    made = _page(chosen, page)
    return Listing(made.lines, made.total, made.page, made.pages, letters)


def _page(found: Sequence[Choice], page: int) -> Listing:
    pages = max(1, -(-len(found) // PAGE))
    page = min(max(page, 1), pages)
    return Listing(found[(page - 1) * PAGE : page * PAGE], len(found), page, pages)


def _letter(choice: Choice) -> str:
    return folded(choice.name)[:1].upper() or "#"


def _matching(choices: Sequence[Choice], wanted: list[str]) -> list[Choice]:
    """Best first. The directory's names count before anything that a provider says of itself."""
    scored = [(_score(one, wanted), one) for one in choices]
    found = sorted((pair for pair in scored if pair[0]), key=lambda pair: (-pair[0], folded(pair[1].name)))
    return [one for _, one in found]


def _score(choice: Choice, wanted: list[str]) -> int:
    named = closeness(choice.organisation, wanted) if choice.organisation else 0
    if named:
        return 1 + named
    said = (choice.provider.name, *choice.provider.names.values(), *choice.provider.keywords)
    return int(all(any(word in folded(words) for words in said) for word in wanted))
