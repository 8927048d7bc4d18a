"""How well a document fits what was understood, and why. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from search_index.documents import Document
from search_index.fitting import COUNTY_WORTH, LABELS, WHOLE, Card, Fit
from search_index.understanding import Unit


@dataclass(frozen=True, slots=True)
class Hit:
    """One document found: how well it fits, why in plain words, and which words it leaves out."""

    document: Document
    score: float
    why: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    close: bool = True  # every word fits as it is typed, as the beginning of one, or as another form of it
    exact: bool = False  # every word is there, whole and as it is typed, or as a role or an acronym
    places: frozenset[str] = frozenset()  # the fields in which something fits


def judge(document: Document, units: Sequence[Unit]) -> Hit:
    """Say how well the units fit a document, and why."""
    card = Card(document)
    fits = [(unit, card.fit(unit)) for unit in units]
    left_out = tuple(unit.text for unit, fit in fits if unit.required and not fit.worth)
    score = sum(fit.worth for unit, fit in fits if unit.required)
    score += sum(fit.worth * 0.3 for unit, fit in fits if not unit.required)
    score += card.bonus([(unit, fit) for unit, fit in fits if unit.required])
    close = not left_out and not any(_is_alike(fit) for unit, fit in fits if unit.required)
    places = frozenset(fit.where for _, fit in fits)
    exact = all(
        fit.worth >= WHOLE.get(fit.where, 1.0) and not fit.said for unit, fit in fits if unit.required
    )
    return Hit(document, score, _why(fits), left_out, close, exact, places)


def _is_alike(fit: Fit) -> bool:
    return fit.said.startswith(("sounds like", "spelt like")) or fit.worth < COUNTY_WORTH + 0.01


def _why(fits: Sequence[tuple[Unit, Fit]]) -> tuple[str, ...]:
    """Return the reasons: what is said otherwise, and where what was typed stands as it is."""
    plain: dict[str, list[str]] = {}
    said: dict[str, None] = {}
    for unit, fit in fits:
        if not fit.worth:
            continue
        if fit.said:
            said[fit.said] = None
        else:
            plain.setdefault(LABELS.get(fit.where, fit.where), []).append(unit.text)
    return (*said, *(f"{label}: {' '.join(words)}" for label, words in plain.items()))
