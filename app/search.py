"""Search for people by name, post, organisation and place; what else is meant stands beside them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, make_response, render_template, request
from jinja2 import Environment
from markupsafe import Markup

from app import finding
from app.beside import PostShown, nearest_names, organisations_for, posts_for
from app.finding import FACETS, Found, Question
from app.index_answers import of_index
from app.lookup import PAGE, Results, look_up
from app.narrowing import chosen, labels, narrowing, search_address
from app.permissions import leader_signed_in
from app.shell import in_shell
from app.viewer import NOTE_SECONDS, Viewer, services, viewer
from ldap_schema.people import Person
from search_index.organisations import OrganisationHit
from store import waiting
from store.errors import StoreError

bp = Blueprint("search", __name__)

ROWS_KEPT = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Everything the result page shows."""

    question: Question
    results: Results
    organisations: list[OrganisationHit] = field(default_factory=list)
    posts: list[PostShown] = field(default_factory=list)
    nearest: list[Person] = field(default_factory=list)

    @property
    def first(self) -> int:
        """The number of the first person on this page."""
        return (self.results.page - 1) * PAGE + 1


@bp.get("/search")
@leader_signed_in
def results() -> Response:
    """Show what was found, as a page or as JSON."""
    question = _question()
    answer = _answer(question, viewer())
    if not answer.results.total and question.words:
        _note_that_nobody_was_found(question)
    asked = request.accept_mimetypes.best_match(["text/html", "application/json"])
    return _as_json(answer) if asked == "application/json" else make_response(_as_page(answer))


def _question() -> Question:
    text = finding.clean(request.args.get("q", ""))
    narrow = {name: finding.clean(request.args.get(name, "")) for name in FACETS}
    return Question(text=text, words=finding.words_of(text), **narrow)


def _answer(question: Question, who: Viewer) -> Answer:
    results = look_up(question, who, max(request.args.get("page", 1, type=int), 1))
    if not question.words or results.page > 1:
        return Answer(question=question, results=results)
    whole = not any(getattr(question, name) for name in FACETS)  # what stands beside knows no facets
    return Answer(
        question=question,
        results=results,
        organisations=organisations_for(question.text) if whole else [],
        posts=posts_for(question.text, who) if whole and results.total <= PAGE else [],
        nearest=[] if results.total else nearest_names(question.text, who),
    )


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


def _as_page(answer: Answer) -> str:
    question, results = answer.question, answer.results
    title = question.text or "Search"
    if results.page > 1:
        title += f" (page {results.page} of {results.pages})"
    content = render_template(
        "search/_results.html",
        answer=answer,
        rows=Markup("").join(_row(one) for one in results.shown),
        narrow=_narrow(question, results.counts) if results.total > 1 else "",
        chosen=chosen(question),
        previous=search_address(question, results.page - 1) if results.page > 1 else "",
        following=search_address(question, results.page + 1) if results.page < results.pages else "",
    )
    return in_shell(title, question.text, content)


def _row(found: Found) -> Markup:
    one = found.person
    name = one.display_name or one.full_name
    return _rendered_row(
        current_app.jinja_env, one.uid, name, one.title, one.organisation_name, found.matched
    )


@lru_cache(maxsize=ROWS_KEPT)
def _rendered_row(
    pages: Environment, uid: str, name: str, title: str, organisation: str, matched: tuple[str, ...]
) -> Markup:
    """One row as the page has it; the same words make the same row, whoever looks."""
    said = {"uid": uid, "name": name, "title": title, "organisation": organisation, "matched": matched}
    return Markup(pages.get_template("search/_row.html").render(said))  # noqa: S704  the template escapes


def _narrow(question: Question, counts: Mapping[str, Mapping[str, int]]) -> Markup:
    """What the results can be narrowed by: the same as long as neither the index nor a count changes."""

    def render() -> Markup:
        template = current_app.jinja_env.get_template("search/_narrow.html")
        facets = narrowing(question, counts)
        return Markup(template.render(facets=facets) if facets else "")  # noqa: S704  the template escapes

    counted = tuple((name, *values.items()) for name, values in counts.items())
    return of_index(("narrow", question, counted), lambda contents: render()) or render()


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
        for name, values in finding.facets(answer.results.counts, labels()).items()
    }
    beside: dict[str, Any] = {
        "organisations": [_organisation_as_json(one) for one in answer.organisations],
        "left_out": list(answer.results.left_out),
    }
    return jsonify(
        total=answer.results.total,
        page=answer.results.page,
        pages=answer.results.pages,
        results=results,
        facets=counted,
        index="behind" if answer.results.index_is_behind else "fresh",
        **beside,
    )


def _organisation_as_json(one: OrganisationHit) -> dict[str, Any]:
    successors = [{"id": id, "name": name} for id, name in one.successors]
    return {"id": one.id, "name": one.name, "formerly": one.formerly, "successors": successors}
