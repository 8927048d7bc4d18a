"""Search for people by name, post, organisation and place."""

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, current_app, jsonify, make_response, render_template, request
from rapidfuzz import fuzz, process

from app import finding, harvest
from app.finding import FacetValue, Question
from app.lookup import PAGE, Results, look_up
from app.organisation_list import OrganisationList, organisation_list
from app.permissions import leader_signed_in
from app.viewer import NOTE_SECONDS, Viewer, services, viewer
from ldap_schema.errors import DirectoryRefused
from ldap_schema.organisations import Organisation
from ldap_schema.people import Person
from search_index.words import fold
from store import waiting
from store.errors import StoreError

bp = Blueprint("search", __name__)

FACETS = (("sector", "Sector"), ("region", "Region"), ("role", "Role"), ("organisation", "Organisation"))
LISTED = 8  # values of a facet; the rest are rare


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a facet as the page shows it."""

    label: str
    count: int
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Everything the result page shows."""

    question: Question
    results: Results
    facets: dict[str, list[FacetValue]]
    organisations: list[Organisation]
    nearest: list[Person]

    @property
    def first(self) -> int:
        """The number of the first person on this page."""
        return (self.results.page - 1) * PAGE + 1


@bp.get("/search")
@leader_signed_in
def results() -> Response:
    """Show what was found, as a page or as JSON."""
    asked = request.accept_mimetypes.best_match(["text/html", "application/json"])
    question = _question()
    answer = _answer(question, viewer(), organisation_list())
    harvest.searched(question, answer.results.page)
    if not answer.results.total and question.words:
        _note_that_nobody_was_found(question)
    if asked == "application/json":
        return _as_json(answer)
    return make_response(_as_page(answer, organisation_list()))


def _question() -> Question:
    text = finding.clean(request.args.get("q", ""))
    narrow = {name: finding.clean(request.args.get(name, "")) for name, _ in FACETS}
    return Question(text=text, words=finding.words_of(text), **narrow)


def _answer(question: Question, who: Viewer, organisations: OrganisationList) -> Answer:
    results = look_up(question, who, max(request.args.get("page", 1, type=int), 1))
    names = {id: one.name for id, one in organisations.by_id.items()}
    return Answer(
        question=question,
        results=results,
        facets=results.facets(names),
        organisations=organisations.called(question.text),
        nearest=[] if results.total or not question.words else _nearest(question, who),
    )


def _nearest(question: Question, who: Viewer) -> list[Person]:
    """Guess who was meant: the names most like the query among those that begin like one of its words."""
    candidates: dict[str, Person] = {}
    for word in question.words[:3]:
        for part in {word[:2], word[1:4]} if len(word) > 3 else {word[:2]}:
            try:
                near = who.directory.people.search([part], {}, 300)
            except DirectoryRefused:
                continue  # the guess is an extra; more names than we may read means no guess
            candidates.update((person.uid, person) for person in near)
    names = {uid: fold(person.full_name) for uid, person in candidates.items()}
    best = process.extract(fold(question.text), names, scorer=fuzz.token_set_ratio, limit=3, score_cutoff=70)
    return [candidates[uid] for _, _, uid in best]


def _note_that_nobody_was_found(question: Question) -> None:
    """Put the query on the desk, without who asked; telephone numbers and mail addresses stay out."""
    text = question.text.casefold()
    if "@" in text or sum(map(str.isdigit, text)) >= 4:
        return
    summary = f"A search for “{question.text}” found nobody."
    try:
        with services().store.transaction(patience=NOTE_SECONDS) as tx:
            waiting.raise_item(tx, waiting.ZERO_RESULT_SEARCH, text, summary, services().clock())
    except StoreError as error:  # the person who searched still gets the page
        current_app.logger.error("A search that found nobody was not noted: %s", error)


def _as_page(answer: Answer, organisations: OrganisationList) -> str:
    question = answer.question
    chosen = [
        (
            label,
            organisations.name(value) if name == "organisation" else value,
            _href(_with(question, name, "")),
        )
        for name, label in FACETS
        if (value := getattr(question, name))
    ]
    narrow = [
        (label, name, [_choice(question, name, value) for value in answer.facets[name][:LISTED]])
        for name, label in FACETS
        if not getattr(question, name) and len(answer.facets[name]) > 1
    ]
    results = answer.results
    previous = _href(question, results.page - 1) if results.page > 1 else ""
    following = _href(question, results.page + 1) if results.page < results.pages else ""
    return render_template(
        "search/results.html",
        answer=answer,
        chosen=chosen,
        narrow=narrow,
        previous=previous,
        following=following,
    )


def _choice(question: Question, name: str, value: FacetValue) -> Choice:
    return Choice(value.label, value.count, _href(_with(question, name, value.value)))


def _with(question: Question, name: str, value: str) -> Question:
    changed: Any = {name: value}
    return replace(question, **changed)


def _href(question: Question, page: int = 1) -> str:
    values = {"q": question.text, **{name: getattr(question, name) for name, _ in FACETS}}
    if page > 1:
        values["page"] = str(page)
    return "/search?" + urlencode({name: value for name, value in values.items() if value})


def _as_json(answer: Answer) -> Response:
    results = [
        {
            "uid": one.person.uid,
            "name": one.person.display_name or one.person.full_name,
            "post": one.person.title,
            "organisation": one.person.organisation_name,
            "matched": list(one.matched),
        }
        for one in answer.results.shown
    ]
    counted = {
        name: [{"value": one.value, "label": one.label, "count": one.count} for one in values]
        for name, values in answer.facets.items()
    }
    return jsonify(
        total=answer.results.total,
        page=answer.results.page,
        pages=answer.results.pages,
        results=results,
        facets=counted,
        index="behind" if answer.results.index_is_behind else "fresh",
    )
