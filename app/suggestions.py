"""What somebody may mean who is still typing: people, posts and organisations, as the viewer may see them.

The script of the search box asks for them as JSON. The same address is a page, for whoever has no script.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from flask import Blueprint, Response, current_app, jsonify, make_response, render_template, request, url_for

from app import harvest
from app.finding import clean, words_of
from app.limits import count_suggestions
from app.organisation_list import organisation_list
from app.permissions import leader_signed_in
from app.viewer import Viewer, services, viewer
from ldap_schema.errors import DirectoryRefused
from ldap_schema.organisations import Organisation
from ldap_schema.people import Person
from ldap_schema.posts import Post
from search_index import suggestions
from search_index.documents import ORGANISATION, PERSON, POST
from search_index.errors import IndexFailed
from search_index.suggestions import SHORTEST

bp = Blueprint("suggestions", __name__)

MOST = 8

Pages = dict[tuple[str, str], "Suggestion"]  # by kind and id


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One thing that may be meant, and its page."""

    kind: str
    label: str
    beside: str
    href: str


@bp.get("/suggestions")
@leader_signed_in
def index() -> Response:
    """Suggest what a half-typed text may mean; nothing before two letters."""
    text, who = clean(request.args.get("q", "")), viewer()
    count_suggestions(who.uid)
    found = suggested(text, who) if sum(map(str.isalnum, text)) >= SHORTEST else []
    if request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json":
        return jsonify(suggestions=[asdict(one) for one in found])
    return make_response(render_template("suggestions/index.html", text=text, found=found))


def suggested(text: str, who: Viewer) -> list[Suggestion]:
    """Return what the text may mean, best first; raises DirectoryError. Whatever the index names is shown
    only if the viewer can read it, and as they read it."""
    index = services().index
    try:
        found = suggestions.suggest(index.contents(), text, MOST) if index.usable else None
    except IndexFailed as error:
        current_app.logger.warning("The search index was not used: %s", error)
        found = None
    if found is None:
        return _without_index(text, who)
    people = who.directory.people.listed(_ids(found, PERSON))
    harvest.suggested(text, people)
    pages = _people(people.values())
    pages |= _posts(who.directory.posts.by_ids(_ids(found, POST)).values())
    pages |= _organisations(organisation_list().named(_ids(found, ORGANISATION)))
    return [pages[(one.kind, one.id)] for one in found if (one.kind, one.id) in pages]


def _without_index(text: str, who: Viewer) -> list[Suggestion]:
    """Ask the directory's filters, which know no order: organisations first, as they are fewer."""
    called = _organisations(organisation_list().called(text, most=3))
    try:
        people = who.directory.people.search(words_of(text), {}, MOST - len(called))
    except DirectoryRefused:
        people = []  # too many to look at; another letter or two will do
    harvest.suggested(text, (one.uid for one in people))
    return [*called.values(), *_people(people).values()]


def _ids(found: Sequence[suggestions.Suggestion], kind: str) -> list[str]:
    return [one.id for one in found if one.kind == kind]


def _people(people: Iterable[Person]) -> Pages:
    return {
        (PERSON, one.uid): Suggestion(
            PERSON,
            one.display_name or one.full_name,
            ", ".join(filter(None, (one.title, one.organisation_name))),
            url_for("people.profile", uid=one.uid),
        )
        for one in people
    }


def _posts(posts: Iterable[Post]) -> Pages:
    named = organisation_list()
    return {
        (POST, one.id): Suggestion(
            POST, one.title, named.name(one.organisation_id), url_for("posts.post", id=one.id)
        )
        for one in posts
    }


def _organisations(organisations: Iterable[Organisation]) -> Pages:
    return {
        (ORGANISATION, one.id): Suggestion(
            ORGANISATION, one.name, "Organisation", url_for("organisations.organisation", id=one.id)
        )
        for one in organisations
    }
