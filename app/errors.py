"""The one table from what went wrong to the page and status that say so.

Every page carries a speakable reference; the log line beside it holds the reference, the page asked for and
the error, so that somebody on the telephone can be helped with three words.
"""

from dataclasses import dataclass

from flask import Flask, Response, current_app, jsonify, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from redis.exceptions import RedisError
from werkzeug.exceptions import HTTPException, InternalServerError

from app.harvest import SlowedDown
from app.scim.addresses import is_scim, scim_error
from app.sessions import SessionsUnavailable
from ldap_schema.errors import AlreadyThere, BadValue, DirectoryRefused, DirectoryUnavailable, Moved, NotFound
from saml.errors import Unavailable, speakable_reference
from store.errors import BadRecord, Conflict, NoSuchRecord, StoreDamaged, StoreNotReady, StoreUnavailable


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """What a page says: status, heading, one or two sentences, and what is unavailable if something is."""

    status: int
    heading: str
    sentences: tuple[str, ...]
    missing: str = ""


SAVED = "Nothing you typed was sent or changed."
TRY_AGAIN = "Please try again in a minute. The page works by itself again as soon as the service does."


def _away(what: str) -> ErrorPage:
    return ErrorPage(503, "Sorry, part of the service is unavailable", (TRY_AGAIN,), what)


PAGES = {
    400: ErrorPage(
        400, "That request cannot be understood", ("Check the address, or start again from the home page.",)
    ),
    403: ErrorPage(
        403, "You cannot open this page", ("Your account is signed in, but this page is for other people.",)
    ),
    404: ErrorPage(
        404,
        "Page not found",
        (
            "If you typed the address, check that it is right.",
            "The person or post may also not be in the directory.",
        ),
    ),
    405: ErrorPage(
        405, "That cannot be done on this page", ("Go back to the page before and use the buttons on it.",)
    ),
    406: ErrorPage(406, "This page has no such form", ("It is there as a web page or as JSON.",)),
    409: ErrorPage(
        409, "Somebody else changed this first", (SAVED, "Go back, reload the page and look at it again.")
    ),
    410: ErrorPage(410, "This page is gone", ("What stood here was taken away for good.",)),
    413: ErrorPage(413, "That is too much to send at once", (SAVED, "Shorten the text and send it again.")),
    414: ErrorPage(414, "That address is too long", ("Search for fewer words.",)),
    415: ErrorPage(415, "That kind of content is not accepted here", (SAVED,)),
    429: ErrorPage(429, "Too many tries", (SAVED, "Wait a few minutes before you try again.")),
    431: ErrorPage(431, "Your browser sent too much", ("Delete the cookies of this site and try again.",)),
    500: ErrorPage(
        500, "Sorry, something went wrong", ("It was written down and will be looked at.", "Try again later.")
    ),
    503: _away("A part of the service"),
}

# The most exact class that matches decides; what is missing has the name that operators use as well.
ERRORS: dict[type[Exception], ErrorPage] = {
    DirectoryUnavailable: _away("The directory"),
    DirectoryRefused: PAGES[403],
    NotFound: PAGES[404],
    AlreadyThere: PAGES[409],
    Moved: PAGES[409],
    BadValue: PAGES[400],
    StoreUnavailable: _away("The database"),
    StoreNotReady: _away("The database"),
    StoreDamaged: _away("The database"),
    NoSuchRecord: PAGES[404],
    Conflict: PAGES[409],
    BadRecord: PAGES[400],
    SessionsUnavailable: _away("The sessions store, which knows who is signed in,"),
    RedisError: _away("The sessions store, which knows who is signed in,"),
    Unavailable: _away("Signing in"),
    SlowedDown: ErrorPage(
        429,
        "One page at a time for now",
        ("You opened more people's pages than somebody needs who looks for a few, so for an hour the next "
         "one opens only some seconds after the last. Wait ten seconds and try again.",
         "If you need many people's details, ask for a list: whom to call stands at the foot of this page."),
    ),
    CSRFError: ErrorPage(
        400,
        "This form is out of date",
        (SAVED, "You may have signed out in another window, or the form was open for too long.",
         "Go back, reload the page and send it again."),
    ),
}  # fmt: skip


def show_errors_as_pages(app: Flask) -> None:
    """Answer every error with a page, or with JSON where JSON was asked for."""
    app.register_error_handler(Exception, _answer)


def page_for(error: BaseException) -> ErrorPage:
    """Look the error up in the table, then among the status codes; what is in neither is a 500."""
    for kind in type(error).__mro__:
        if kind in ERRORS:
            return ERRORS[kind]
    if isinstance(error, HTTPException):
        return PAGES.get(error.code or 500, PAGES[400] if (error.code or 500) < 500 else PAGES[500])
    return PAGES[500]


def _answer(error: Exception) -> Response:
    if isinstance(error, InternalServerError) and isinstance(error.original_exception, Exception):
        error = error.original_exception
    if is_scim(request.path):
        return scim_error(error)
    if isinstance(error, HTTPException) and error.code is not None and error.code < 400:
        return make_response(error.get_response())  # a redirect to the same page with its slash in order
    page = page_for(error)
    reference = getattr(error, "reference", None) or speakable_reference()
    _log(error, page, reference)
    return render_error(page, reference, headers=_headers_of(error))


def render_error(page: ErrorPage, reference: str, headers: dict[str, str] | None = None) -> Response:
    """Make the answer; it needs no server but this one, since any of the others may be what failed."""
    if request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json":
        said = " ".join((f"{page.missing} is unavailable.",) * bool(page.missing) + page.sentences)
        response = jsonify(error=page.heading, detail=said, reference=reference)
    else:
        response = make_response(render_template("errors/page.html", page=page, reference=reference))
    response.status_code = page.status
    response.headers.update(headers or {})
    if page.status == 503:
        response.headers["Retry-After"] = "30"
    return response


def _headers_of(error: Exception) -> dict[str, str]:
    """Keep what the error itself has to say to the browser, such as which methods a page allows."""
    if not isinstance(error, HTTPException):
        return {}
    return {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After")}


def _log(error: Exception, page: ErrorPage, reference: str) -> None:
    words = "%s %s %s %s: %s"
    told = (
        reference,
        page.status,
        request.method,
        request.path[:200],
        f"{type(error).__name__}: {str(error)[:300]}",
    )
    if page.status == 500:
        current_app.logger.error(words, *told, exc_info=error)
    elif page.status == 503:
        current_app.logger.error(words, *told)
    else:
        current_app.logger.info(words, *told)
