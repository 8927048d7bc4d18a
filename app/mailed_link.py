"""Signing in by a link to one's work address, where a department's provider is down and this is switched on.

A mail scanner that follows the link changes nothing: the page behind it only shows a button, and the button
works once, for a quarter of an hour, in the browser that asked. Whether an address is known is told to nobody
but its mailbox.
"""

import hashlib
import hmac
import secrets
from datetime import timedelta

import msgspec
from flask import Blueprint, abort, current_app, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from app.forms import PortalForm, submit_field, text_field
from app.limits import may_ask_for_link
from app.notices import notice_to
from app.permissions import public
from app.security import is_https
from app.viewer import portal_settings, services, sign_in_session
from saml.errors import speakable_reference
from saml.fallback import Entitled
from saml.return_paths import local_path
from saml.vouching import BY_LINK
from store import ledger

bp = Blueprint("mailed_link", __name__)

BEFORE = "It is for people whose organisation can't sign them in."
COOKIE = "counterpart-link"


class _Kept(msgspec.Struct, frozen=True):
    """What a link stands for until it is used."""

    uid: str
    address: str
    browser: str  # digest of the cookie of the browser that asked
    return_to: str


class LinkForm(PortalForm):
    """Where the link goes; the answer is the same for every address."""

    address = text_field(
        "Your work e-mail address",
        needed="Enter your work e-mail address.",
        longest=254,
        hint="The one that your organisation's directory entry here is kept under.",
    )
    submit = submit_field("Send the link")


@bp.get("/sign-in/link")
@public(BEFORE)
def ask() -> Answer:
    """Show the form, where any provider is switched to links."""
    _only_where_offered()
    return _form(LinkForm())


@bp.post("/sign-in/link")
@public(BEFORE)
def send() -> Answer:
    """Mail a link to who may have one, and answer everybody alike."""
    _only_where_offered()
    form = LinkForm()
    if not form.validate():
        return _form(form)
    address = form.address.data.lower()
    browser = request.cookies.get(COOKIE) or secrets.token_urlsafe(32)
    if may_ask_for_link(address):
        _mail(services().sign_on.fallback_for(address), address, browser)
    answer = redirect(url_for("mailed_link.sent"), 303)
    answer.set_cookie(
        COOKIE, browser, max_age=portal_settings().link_minutes * 60, path="/sign-in/link", httponly=True,
        secure=is_https(services().base_url), samesite="Lax",
    )  # fmt: skip
    return answer


@bp.get("/sign-in/link/sent")
@public(BEFORE)
def sent() -> str:
    """Say where to look, whether or not a mail was sent."""
    return render_template("mailed_link/sent.html", minutes=portal_settings().link_minutes)


@bp.get("/sign-in/link/<token>")
@public(BEFORE)
def open_link(token: str) -> Answer:
    """Show the button; opening the link alone does nothing, since mail scanners open every link."""
    kept = _find(token)
    here = kept is not None and _same_browser(kept)
    page = render_template("mailed_link/open.html", token=token, usable=here, other=kept is not None)
    return make_response(page, 200 if here else 403)


@bp.post("/sign-in/link/<token>")
@public(BEFORE)
def use(token: str) -> Answer:
    """Sign in whoever has mailbox and browser, once, for a short while and without any manager's rights."""
    kept = _find(token)
    if kept is None or not _same_browser(kept):
        return _unusable(other=kept is not None)
    now = services().clock()  # before it is judged: switched off meanwhile, the session must not stay
    entitled = services().sign_on.fallback_for(kept.address)
    if entitled is None or entitled.person.uid != kept.uid or not services().redis.delete(_key(token)):
        return _unusable(other=False)
    _write_down_use(entitled)
    ends = now + timedelta(hours=portal_settings().link_session_hours)
    sign_in_session(
        kept.uid,
        {
            "by": BY_LINK,
            "provider": entitled.provider.id,
            "provider_name": entitled.provider.name,
            "authenticated": now.timestamp(),
            "ends": ends.timestamp(),
        },
    )
    return redirect(kept.return_to, 303)


def _unusable(*, other: bool) -> Answer:
    return make_response(render_template("mailed_link/open.html", usable=False, other=other), 403)


def _mail(entitled: Entitled | None, address: str, browser: str) -> None:
    """Keep the same for every address, so that the time taken tells little; mail it to who may have it."""
    token, now = secrets.token_urlsafe(32), services().clock()
    uid = entitled.person.uid if entitled else ""
    kept = _Kept(uid, address, _digest(browser), local_path(request.form.get("next", "")))
    services().redis.set(
        _key(token), msgspec.msgpack.encode(kept),
        ex=portal_settings().link_minutes * 60,
    )  # fmt: skip
    notice = None
    if entitled:
        link = f"{services().base_url}{url_for('mailed_link.open_link', token=token)}"
        told = {"link": link, "minutes": portal_settings().link_minutes}
        to = entitled.person.sign_in_address  # never another: whoever reads the mail can sign in
        notice = notice_to(entitled.person, "link", _digest(token), only_to=to, **told)
    with services().store.transaction() as tx:
        if notice:
            notice.queue(tx)
        noted = {"provider": entitled.provider.id if entitled else "", "sent": "yes" if entitled else "no"}
        ledger.append(tx, "sign-in link asked", "portal", uid or "nobody", noted, now)


def _write_down_use(entitled: Entitled) -> None:
    """Ledger and the owner's mail are one transaction, and nobody is signed in without them."""
    person, now, reference = entitled.person, services().clock(), speakable_reference()
    notice = notice_to(person, "used_link", f"{person.uid} {now.isoformat()}", when=now, reference=reference)
    with services().store.transaction() as tx:
        told = {"provider": entitled.provider.id, "reference": reference}
        ledger.append(tx, "signed in by link", person.uid, person.uid, told, now)
        notice.queue(tx)
    current_app.logger.warning("%s %s signed in by a mailed link", reference, person.uid)


def _form(form: LinkForm) -> Answer:
    page = render_template(
        "mailed_link/ask.html", form=form, next=local_path(request.values.get("next", "")),
        minutes=portal_settings().link_minutes,
    )  # fmt: skip
    return make_response(page, 400 if form.errors else 200)


def _only_where_offered() -> None:
    if not services().sign_on.fallback_is_offered():
        abort(404)


def _find(token: str) -> _Kept | None:
    raw = services().redis.get(_key(token))
    return msgspec.msgpack.decode(raw, type=_Kept) if isinstance(raw, bytes) else None


def _same_browser(kept: _Kept) -> bool:
    return hmac.compare_digest(_digest(request.cookies.get(COOKIE, "")), kept.browser)


def _key(token: str) -> str:
    """The token itself is not kept: who reads Redis can't sign in with what they find."""
    return f"counterpart:sign-in-link:{_digest(token)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
