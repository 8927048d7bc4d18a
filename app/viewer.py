"""Who is looking: the signed-in person, their roles, and the directory as it shows itself to them.

A person's own entry and roles are read again at most once a minute, so someone suspended or gone loses the
session within a minute, whatever page they are on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from flask import Flask, abort, current_app, g, redirect, request, session, url_for
from werkzeug.wrappers import Response

from app.permissions import Permission, permission_of
from app.services import PortalServices
from app.sessions import PortalSession, RedisSessions
from app.settings import PortalSettings
from ldap_schema.directory import Directory
from ldap_schema.errors import DirectoryRefused, DirectoryUnavailable, NotFound
from ldap_schema.people import Person
from saml.identity import MAY_SIGN_IN
from saml.vouching import BY_LINK
from store.errors import StoreError

NOTE_SECONDS = 0.5  # how long a page waits to write down what nobody waits for
FORGOTTEN = "You are signed out: for a while you opened no page here, or this service was started again."
GONE = "Your entry in the directory is not active any more, so you were signed out."
CUT_OFF = (
    "The sign-in that you came with does not open your entry any more, so you were signed out. "
    "Sign in again, with the account of your present organisation."
)
# Why a session ended, as the address of the sign-in page names it: the session itself can't tell any more.
ENDED = {"gone": GONE, "cut-off": CUT_OFF}


@dataclass(frozen=True, slots=True)
class Viewer:
    """The signed-in person, as far as every page needs them."""

    uid: str
    name: str
    organisation_id: str
    organisation: str
    roles: frozenset[str]  # empty for who signed in by a mailed link: that proves too little
    sealed: bool  # the search index knows nobody who is
    directory: Directory  # every read through it is made as this person


def services() -> PortalServices:
    """Return the servers this portal was made with."""
    return cast(PortalServices, current_app.extensions["counterpart"])


def portal_settings() -> PortalSettings:
    """Return the settings this portal was made with."""
    return cast(PortalSettings, current_app.extensions["counterpart-settings"])


def viewer() -> Viewer:
    """Return who is looking; only called in views that somebody must be signed in for."""
    found = g.get("viewer")
    if not isinstance(found, Viewer):
        raise RuntimeError("A public view asked who is looking.")
    return found


def portal_session() -> PortalSession:
    """Return the browser's session."""
    return cast(PortalSession, session._get_current_object())  # type: ignore[attr-defined]


def sessions() -> RedisSessions:
    """Return the store of all sessions."""
    return cast(RedisSessions, current_app.session_interface)


def ask_who_is_looking(app: Flask) -> None:
    """Before every request: know the viewer, and refuse what the view's sentence does not allow."""

    @app.before_request
    def check() -> Response | None:
        g.viewer = None
        if request.endpoint is None:
            _recognise(may_go_without=True)  # for the search box on the page that says so
            return None
        permission = permission_of(app.view_functions.get(request.endpoint))
        if permission is None:
            app.logger.error("%s is refused: its view says nothing about who may open it", request.endpoint)
            abort(403)
        _recognise(bool(permission.public_because))
        return _refusal(permission)


def sign_in_session(
    uid: str, extra: dict[str, Any], *, judged: Person | None = None, replaces: str = ""
) -> None:
    """Make the browser's session the person's own, under a new id. `judged` is their entry as this request
    has read it, where it also found that their provider vouches for them; `replaces` is the digest of a
    session that ends with it."""
    mine = portal_session()
    mine.renew(replaces)
    mine.update({"uid": uid, "device": _device(), **extra})
    _read_again(mine, judged)


def _recognise(may_go_without: bool) -> None:
    mine = portal_session()
    if not may_go_without:
        mine.require()
    if mine.forgotten:
        g.ended_because = FORGOTTEN
    if "uid" not in mine:
        return
    try:
        if not _believed(mine):
            _read_again(mine)
    except DirectoryUnavailable:
        if may_go_without:
            return  # a page for everybody is shown even when nobody can be recognised
        raise
    if "uid" in mine:
        g.viewer = _viewer_of(mine)


def _refusal(permission: Permission) -> Response | None:
    if permission.public_because:
        return None
    if g.viewer is None:
        return redirect(url_for("sign_in.start", next=_way_back(), ended=g.get("ended")), 303)
    if permission.role and permission.role not in g.viewer.roles:
        abort(403)
    return None


def _believed(mine: PortalSession) -> bool:
    age = services().clock().timestamp() - float(mine.get("checked", 0))
    return 0 <= age < portal_settings().recheck_seconds


def _read_again(mine: PortalSession, judged: Person | None = None) -> None:
    """Believe the person's entry as it is now: the portal's account knows its status, they see the rest."""
    uid, directory = mine["uid"], services().directory
    try:
        known = judged or directory.people.get(uid)
        person = directory.as_viewer(uid).people.get(uid) if known.status in MAY_SIGN_IN else None
    except (NotFound, DirectoryRefused):
        person = None
    if person is None or not (judged or vouched_for(mine, known)):
        g.ended = "gone" if person is None else "cut-off"
        mine.end()
        return
    mine["name"] = person.display_name or person.full_name
    mine["organisation_id"] = person.organisation_id
    mine["organisation"] = person.organisation_name
    mine["roles"] = [] if mine.get("by") == BY_LINK else sorted(directory.groups.roles_of(uid))
    mine["sealed"] = bool(person.sealed)
    mine["checked"] = services().clock().timestamp()


def vouched_for(values: Mapping[str, Any], person: Person) -> bool:
    """Whether the provider that began the session of these values still may. While the store is away nobody
    can have decided otherwise, and the directory says that the person is active."""
    try:
        return services().sign_on.still_vouches(person, values)
    except StoreError as error:
        current_app.logger.warning(
            "Providers can't be looked up, so %s stays signed in: %s", person.uid, error
        )
        return True


def is_fresh(mine: PortalSession) -> bool:
    """Whether somebody proved to their organisation who they are a short while ago. A provider's clock may be
    a little ahead of ours; how far was judged when its answer was."""
    age = services().clock().timestamp() - float(mine.get("authenticated", 0))
    return mine.get("by") != BY_LINK and age < portal_settings().fresh_minutes * 60


def _viewer_of(mine: PortalSession) -> Viewer:
    return Viewer(
        uid=mine["uid"],
        name=mine["name"],
        organisation_id=mine["organisation_id"],
        organisation=mine["organisation"],
        roles=frozenset(mine["roles"]),
        sealed=mine.get("sealed", True),
        directory=services().directory.as_viewer(mine["uid"]),
    )


def _way_back() -> str | None:
    """Return the page to come back to after signing in; never a form that was sent."""
    if request.method != "GET" or request.path == "/":
        return None
    return request.full_path.rstrip("?")


def _device() -> str:
    """Describe the browser in two words, for the list of places where somebody is signed in."""
    agent = request.user_agent.string
    browsers = (("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
    systems = ("iPhone", "iPad", "Android", "Windows", "Mac OS", "Linux")
    browser = next((name for sign, name in browsers if sign in agent), "A browser")
    system = next((name for name in systems if name in agent), "")
    return f"{browser} on {system}" if system else browser
