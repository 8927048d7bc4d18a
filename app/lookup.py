"""Who is found: the search index says who fits and in which order, the directory what the viewer sees.

Everybody shown is read from the directory as the viewer, so that nothing in the index decides what a page
says of anybody. Where the index is missing or behind, the directory's own filters are asked instead, as they
are when the index finds nobody: they find pieces of words as well. No sealed person is in the index: whoever
is sealed finds themself because the directory is asked for that alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from flask import current_app

from app import finding, harvest
from app.finding import FacetValue, Found, Question, Traits
from app.fragments import by_local_part, reached
from app.office_reasons import whom_it_serves, with_offices
from app.organisation_list import organisation_list
from app.viewer import Viewer, services
from ldap_schema.people import Person
from search_index import query
from search_index.documents import Document
from search_index.errors import IndexFailed

PAGE = 20
MOST = query.MOST  # people one search reads: more than there are, so that ranking sees everybody who matches


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """One page of people, and what is counted over all of them."""

    total: int
    page: int
    shown: Sequence[Found]
    traits: Sequence[Traits]
    cut_short: bool
    index_is_behind: bool = False

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return pages_of(self.total)

    def facets(self, organisations: dict[str, str]) -> dict[str, list[FacetValue]]:
        """Count the values by which the results can be narrowed; organisations' names by id are given."""
        return finding.facets(self.traits, organisations)


def pages_of(total: int) -> int:
    """Return how many pages so many people fill, at least one."""
    return max(1, -(-total // PAGE))


def look_up(question: Question, who: Viewer, page: int) -> Results:
    """Return a page of people; raises DirectoryError."""
    results, rest = _look_up(question, who, page), whom_it_serves(question)
    if rest and not results.total:
        results = _look_up(rest, who, page)
    results = replace(results, shown=with_offices(results.shown, question, who, wanted=rest is not None))
    harvest.listed(one.person.uid for one in results.shown)
    return results


def _look_up(question: Question, who: Viewer, page: int) -> Results:
    if question.empty:
        return _by_directory(question, who, [], page, behind=False)
    if question.organisation and question.organisation not in organisation_list().by_id:
        return Results(total=0, page=1, shown=[], traits=[], cut_short=False)
    led = reached(question, who)
    found = _by_index(question, who, led, page)
    if found is not None and (found.total or not question.words):
        return found
    return _by_directory(question, who, led, page, behind=found is None)


def _by_index(question: Question, who: Viewer, led: Sequence[Found], page: int) -> Results | None:
    """Return who the index finds, or None where it can't be used."""
    index = services().index
    if not index.usable:
        return None
    asked = query.Asked(
        words=question.words,
        sector=question.sector,
        region=question.region,
        organisation=question.organisation,
    )
    try:
        documents = query.find(index.contents(), asked)
    except IndexFailed as error:
        current_app.logger.warning("The search index was not used: %s", error)
        return None
    cut_short = len(documents) >= MOST
    if question.role:
        documents = [one for one in documents if _traits(one).role == question.role]
    before = _with(led, _sealed_viewer(question, who) if who.sealed else [])
    known = {one.person.uid for one in before}
    documents = [one for one in documents if one.id not in known]
    total = len(before) + len(documents)
    page = min(page, pages_of(total))
    first, last = (page - 1) * PAGE, page * PAGE
    of_index = documents[max(0, first - len(before)) : max(0, last - len(before))]
    shown = [*before[first:last], *_read(of_index, question, who)]
    traits = [one.traits for one in before] + [_traits(one) for one in documents]
    return Results(total=total, page=page, shown=shown, traits=traits, cut_short=cut_short)


def _sealed_viewer(question: Question, who: Viewer) -> list[Found]:
    """Return the viewer if they are sealed and fit: the index knows no sealed person."""
    own = who.directory.people.sealed_viewer(question.words, _filters(question))
    return finding.narrowed(finding.rank([own] if own else [], question.words), question)


def _with(led: Sequence[Found], others: Sequence[Found]) -> list[Found]:
    """Join both, those whom a number or an address led to first, nobody twice."""
    known = {one.person.uid for one in led}
    return [*led, *(one for one in others if one.person.uid not in known)]


def _read(documents: Sequence[Document], question: Question, who: Viewer) -> list[Found]:
    """Read the people as the viewer; whoever can't be read is left out, whatever the index says."""
    people = who.directory.people.listed(one.id for one in documents)
    return [_found(people[one.id], one, question) for one in documents if one.id in people]


def _found(person: Person, document: Document, question: Question) -> Found:
    reasons = {word: query.why(document, word) for word in question.words}
    return finding.judge(person, question.words, reasons)


def _filters(question: Question) -> dict[str, str]:
    wanted = {"sector": question.sector, "region": question.region, "organisation_id": question.organisation}
    return {name: value for name, value in wanted.items() if value}


def _traits(document: Document) -> Traits:
    facets = document.facets
    return Traits(
        sector=facets.get("sector", ""),
        region=facets.get("region", ""),
        role=finding.role_of(facets.get("post", "")),
        organisation_id=facets.get("organisation", ""),
    )


def _by_directory(
    question: Question, who: Viewer, led: Sequence[Found], page: int, *, behind: bool
) -> Results:
    people = [] if question.empty else who.directory.people.search(question.words, _filters(question), MOST)
    found = finding.narrowed(finding.rank(people, question.words), question)
    found = _with(led or by_local_part(question, who, found), found)
    page = min(page, pages_of(len(found)))
    return Results(
        total=len(found),
        page=page,
        shown=found[(page - 1) * PAGE : page * PAGE],
        traits=[one.traits for one in found],
        cut_short=len(people) >= MOST,
        index_is_behind=behind,
    )
