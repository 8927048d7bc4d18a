"""Who is found: the search index says who fits and in which order, the directory what the viewer sees.

Everybody shown is read from the directory as the viewer, so that nothing in the index decides what a page
says of anybody. Where the index is missing or behind, the directory's own filters are asked instead, as they
are when the index finds nobody: they find pieces of words as well. No sealed person is in the index: whoever
is sealed finds themself because the directory is asked for that alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from app import finding, harvest
from app.cohort_list import cohort_list
from app.finding import Found, Question
from app.fragments import by_local_part, reached
from app.index_answers import of_index
from app.office_reasons import whom_it_serves, with_offices
from app.organisation_list import organisation_list
from app.viewer import Viewer, services
from ldap_schema.clock import london_today
from ldap_schema.errors import BadValue
from search_index import query
from search_index.documents import ROLE
from search_index.judging import Hit

PAGE = query.PAGE
MOST = 2000  # people one search reads where the directory's filters are asked: more than there are


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """One page of people, and what is counted over all of them."""

    total: int
    page: int
    shown: Sequence[Found]
    counts: Mapping[str, Mapping[str, int]]  # facet -> value -> people
    cut_short: bool = False
    index_is_behind: bool = False
    left_out: Sequence[str] = ()  # words that fit nobody in whom the others fit

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return pages_of(self.total)


def pages_of(total: int) -> int:
    """Return how many pages so many people fill, at least one."""
    return max(1, -(-total // PAGE))


def look_up(question: Question, who: Viewer, page: int) -> Results:
    """Return a page of people; raises DirectoryError."""
    results, rest = _look_up(question, who, page), whom_it_serves(question)
    if rest and not results.total:
        results = _look_up(rest, who, page)
    results = replace(results, shown=with_offices(results.shown, question, who, wanted=rest is not None))
    harvest.searched(question, results.page, [one.person.uid for one in results.shown])
    return results


def _look_up(question: Question, who: Viewer, page: int) -> Results:
    if question.empty:
        return _by_directory(question, who, [], page, behind=False)
    if question.organisation and question.organisation not in organisation_list().by_id:
        return Results(total=0, page=1, shown=[], counts={})
    led = reached(question, who)
    found = _by_index(question, who, led, page)
    if found is not None and (not question.words or (found.total and not found.left_out)):
        return found
    # The directory finds pieces of words too; only where it finds nobody either, words are left out.
    exactly = _by_directory(question, who, led, page, behind=found is None)
    return exactly if found is None or exactly.total else found


def _by_index(question: Question, who: Viewer, led: Sequence[Found], page: int) -> Results | None:
    """Return who the index finds, or None where it can't be used."""
    before = _with(led, _sealed_viewer(question, who) if who.sealed else [])
    found = _page_of(question, page, before)
    if found is None:
        return None
    last = pages_of(len(before) + found.total)
    if page > last:  # a page after the last one is the last one
        page, found = last, _page_of(question, last, before) or found
    counts = found.counts
    if before:
        counts = finding.counted((one.traits for one in before), cohort_list().members, counts)
    return Results(
        total=len(before) + found.total,
        page=page,
        shown=[*before[(page - 1) * PAGE : page * PAGE], *_read(found.hits, who)],
        counts=counts,
        left_out=() if led else found.left_out,
    )


def _page_of(question: Question, page: int, before: Sequence[Found]) -> query.Found | None:
    """Return what the index has of a page, on which these stand before everybody whom it finds."""
    first = (page - 1) * PAGE - len(before)
    today, cohorts = london_today(services().clock()), cohort_list().members
    without = tuple(one.person.uid for one in before)
    asked = query.Asked(
        text=question.text,
        sector=question.sector,
        region=question.region,
        role=question.role,
        organisation=question.organisation,
        without=without,
        cohort=question.cohort,
        cohorts=cohorts,
        first=max(0, first),
        most=max(0, PAGE + min(0, first)),
    )
    key = ("people", question, first, today, without, *cohorts.items())
    return of_index(key, lambda contents: query.find(contents, asked, today))


def _sealed_viewer(question: Question, who: Viewer) -> list[Found]:
    """Return the viewer if they are sealed and fit: the index knows no sealed person."""
    try:
        own = who.directory.people.sealed_viewer(question.words, _filters(question))
    except BadValue:
        return []  # an organisation or a cohort that can't be
    return finding.narrowed(finding.rank([own] if own else [], question.words), question)


def _with(led: Sequence[Found], others: Sequence[Found]) -> list[Found]:
    """Join both, those whom a number or an address led to first, nobody twice."""
    known = {one.person.uid for one in led}
    return [*led, *(one for one in others if one.person.uid not in known)]


def _read(hits: Sequence[Hit], who: Viewer) -> list[Found]:
    """Read the people as the viewer; whoever can't be read is left out, whatever the index says."""
    people = who.directory.people.listed(hit.document.id for hit in hits)
    return [
        Found(person, hit.why, round(hit.score), hit.document.facets.get(ROLE, ""))
        for hit in hits
        if (person := people.get(hit.document.id))
    ]


def _filters(question: Question) -> dict[str, str]:
    wanted = {
        "sector": question.sector,
        "region": question.region,
        "organisation_id": question.organisation,
        "cohort": question.cohort,
    }
    return {name: value for name, value in wanted.items() if value}


def _by_directory(
    question: Question, who: Viewer, led: Sequence[Found], page: int, *, behind: bool
) -> Results:
    try:
        people = who.directory.people.search(question.words, _filters(question), MOST)
    except BadValue:
        people = []  # an organisation or a cohort that can't be
    found = finding.narrowed(finding.rank(people, question.words), question)
    found = _with(led or by_local_part(question, who, found), found)
    page = min(page, pages_of(len(found)))
    return Results(
        total=len(found),
        page=page,
        shown=found[(page - 1) * PAGE : page * PAGE],
        counts=finding.counted((one.traits for one in found), cohort_list().members),
        cut_short=len(people) >= MOST,
        index_is_behind=behind,
    )
