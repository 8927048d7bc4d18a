"""Search for people by name, post, organisation and place."""

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, current_app, jsonify, make_response, render_template, request
from rapidfuzz import fuzz, process

from app import finding
from app.finding import FacetValue, Found, Question
from app.organisation_list import OrganisationList, organisation_list
from app.permissions import leader_signed_in
from app.viewer import NOTE_SECONDS, Viewer, services, viewer
from ldap_schema.errors import DirectoryRefused
from ldap_schema.organisations import Organisation
from ldap_schema.people import Person
from store import waiting
from store.errors import StoreError

bp = Blueprint("search", __name__)

PAGE = 20
MOST = 2000  # people one search reads: more than there are, so that ranking sees everybody who matches
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
    found: list[Found]
    page: int
    cut_short: bool
    facets: dict[str, list[FacetValue]]
    organisations: list[Organisation]
    nearest: list[Person]

    @property
    def shown(self) -> list[Found]:
        """The people on this page."""
        return self.found[(self.page - 1) * PAGE : self.page * PAGE]

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-len(self.found) // PAGE))


@bp.get("/search")
@leader_signed_in
def results() -> Response:
    """Show what was found, as a page or as JSON."""
    asked = request.accept_mimetypes.best_match(["text/html", "application/json"])
    question = _question()
    answer = _answer(question, viewer(), organisation_list())
    if not answer.found and question.words:
        _note_that_nobody_was_found(question)
    if asked == "application/json":
        return _as_json(answer)
    return make_response(_as_page(answer, organisation_list()))


def _question() -> Question:
    text = finding.clean(request.args.get("q", ""))
    narrow = {name: finding.clean(request.args.get(name, "")) for name, _ in FACETS}
    return Question(text=text, words=finding.words_of(text), **narrow)


def _answer(question: Question, who: Viewer, organisations: OrganisationList) -> Answer:
    people = [] if question.empty else _read(question, who)
    found = finding.narrowed(finding.rank(people, question.words), question)
    names = {id: one.name for id, one in organisations.by_id.items()}
    pages = max(1, -(-len(found) // PAGE))
    return Answer(
        question=question,
        found=found,
        page=min(max(request.args.get("page", 1, type=int), 1), pages),
        cut_short=len(people) >= MOST,
        facets=finding.facets(found, names),
        organisations=organisations.called(question.text),
        nearest=[] if found or not question.words else _nearest(question, who),
    )


def _read(question: Question, who: Viewer) -> list[Person]:
    """Read the people as the viewer, so that nothing they may not see is counted either."""
    wanted = {"sector": question.sector, "region": question.region, "organisation_id": question.organisation}
    filters = {name: value for name, value in wanted.items() if value}
    return who.directory.people.search(question.words, filters, MOST)


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
    names = {uid: finding.fold(person.full_name) for uid, person in candidates.items()}
    best = process.extract(
        finding.fold(question.text), names, scorer=fuzz.token_set_ratio, limit=3, score_cutoff=70
    )
    return [candidates[uid] for _, _, uid in best]


def _note_that_nobody_was_found(question: Question) -> None:
    """Put the query on the desk, without who asked; telephone numbers and mail addresses stay out."""
    text = question.text.casefold()
    if "@" in text or sum(map(str.isdigit, text)) > 4:
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
    previous = _href(question, answer.page - 1) if answer.page > 1 else ""
    following = _href(question, answer.page + 1) if answer.page < answer.pages else ""
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
        for one in answer.shown
    ]
    counted = {
        name: [{"value": one.value, "label": one.label, "count": one.count} for one in values]
        for name, values in answer.facets.items()
    }
    return jsonify(
        total=len(answer.found), page=answer.page, pages=answer.pages, results=results, facets=counted
    )
