"""What becomes of a sign-in that was refused: a calm page with a reference, the exact reason in the log and
on the desk.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import Response, current_app, make_response, render_template

from app.errors import page_for, render_error
from app.remembered import ask_anew
from app.viewer import NOTE_SECONDS, services
from saml.errors import SignInRefused, SignInTooOld, Unavailable, UnknownPerson
from saml.linking import fingerprint
from saml.provider import DRAFT, Provider
from store import ledger, waiting
from store.errors import StoreError


@dataclass(frozen=True, slots=True)
class Words:
    """What the page says: its heading, what somebody can do, and whether starting again can help."""

    heading: str
    sentences: tuple[str, ...]
    again: bool = False
    for_it_desk: bool = False  # whether the organisation's own IT desk is who can mend it


AGAIN = "Nobody was signed in. Starting again usually helps."
TELL_IT = "Tell your own IT help desk, with the reference below: the exact reason is noted under it."
PAGES = {
    "unknown-person": Words("This account opens no entry here", ()),
    "not-owned": Words(
        "The sign-in of your organisation cannot be used for this person",
        (
            "The sign-in page you came from may not speak for the person it named. This was written down, "
            "and those who look after the directory and the person's own organisation can see it.",
        ),
    ),
    "moved-away": Words(
        "You belong to another organisation now",
        (
            "Your entry has moved to another organisation, so the account of your former one no longer opens "
            "it. Sign in with the account of your present organisation.",
            "If that account does not work here yet, call the number below: your entry is kept, and can be "
            "connected to it.",
        ),
        again=True,
    ),
    "bad-assertion": Words(
        "The answer of your organisation could not be accepted",
        ("Nobody was signed in, and trying again will probably not help.", TELL_IT),
        for_it_desk=True,
    ),
    "clocks-differ": Words(
        "The clocks of your organisation and of this site differ",
        (
            "Your organisation's answer carries a time that has not come yet, or one before you began, so it "
            "cannot be trusted. Nobody was signed in. Until a clock is put right, trying again is no help.",
            TELL_IT,
        ),
        for_it_desk=True,
    ),
    "not-assured": Words(
        "Your organisation has to ask you for more than a password",
        (
            "People of your organisation sign in here with a second step, such as a code or a key. This "
            "sign-in was made without it, so nobody was signed in.",
            "Start again and use the second step when you are asked. If you were not asked for one, your own "
            "IT help desk can switch it on for this service.",
        ),
        again=True,
        for_it_desk=True,
    ),
    "not-fresh": Words(
        "Your organisation did not ask you to sign in again",
        (
            "You had to sign in there again, and your organisation's page answered without asking you. "
            "Nothing was changed.",
            "Sign out there, then start again. If the page comes back, " + TELL_IT[0].lower() + TELL_IT[1:],
        ),
        for_it_desk=True,
    ),
    "somebody-else": Words(
        "Somebody else signed in",
        (
            "The person who signed in just now is not the one who began. Nothing was changed, and nobody was "
            "signed in. Go back and sign in as yourself.",
        ),
    ),
    "provider-said-no": Words(
        "Your organisation did not sign you in", (AGAIN,), again=True, for_it_desk=True
    ),
    "expired": Words(
        "This sign-in could not be finished",
        (
            "It took too long, was finished already, or this service was started again meanwhile. " + AGAIN,
            "If you came here with the back button or reloaded a page, you may be signed in already.",
        ),
        again=True,
    ),
    "sign-in-too-old": Words(
        "You signed in at your organisation too long ago",
        (
            "Your organisation's page did not ask you to sign in, since you had done so there some time ago. "
            "Here that is too long ago, so nobody was signed in.",
            "Start again: this time you will be asked to sign in there.",
        ),
        again=True,
    ),
    "other-browser": Words(
        "Signing in began in another browser, or cookies are blocked",
        (
            "Nobody was signed in. The page that began this sign-in left a cookie in the browser, and it did "
            "not come back.",
            "Start again in this window. If this page comes again, let this site keep cookies in the "
            "settings of your browser, or use another browser.",
        ),
        again=True,
    ),
    "replayed": Words(
        "This sign-in was used already",
        (AGAIN, "If you came here with the back button or reloaded a page, you may be signed in already."),
        again=True,
    ),
    "unknown-provider": Words(
        "That organisation cannot sign people in here at the moment",
        (
            "Nobody was signed in, and it is nothing you did. Your own IT help desk, or the number below, "
            "knows whether this will last; say the reference.",
        ),
        for_it_desk=True,
    ),
    "bad-logout": Words(
        "Signing out could not be confirmed",
        (
            "A message about signing out arrived that cannot be trusted, so nothing was done. If you wanted "
            "to sign out of this site, use “Sign out” at the top of its pages.",
            "On a computer that others use, close the browser as well.",
        ),
    ),
    "logout-over": Words(
        "You were signed out here before",
        (
            "Your organisation's answer about signing out came again, or too late, so nothing was done.",
            "On a computer that others use, close the browser as well.",
        ),
    ),
    "refused": Words("You could not be signed in", (AGAIN,), again=True),
}
# Where the department's IT desk, or ours, has something to mend.
ON_THE_DESK = frozenset({"bad-assertion", "clocks-differ", "not-assured", "not-fresh"})


def refused(refusal: SignInRefused) -> Response:
    """Say that nobody was signed in, write the exact reason to the log, tell the desk where it can help."""
    told = (refusal.reference, refusal.code, refusal.provider_id, refusal.reason)
    current_app.logger.warning("%s sign-in refused (%s) from %s: %s", *told)
    if isinstance(refusal, Unavailable):
        return render_error(page_for(refusal), refusal.reference)
    provider = _provider(refusal.provider_id)
    _tell_the_desk(refusal, provider)
    words = PAGES.get(refusal.code, PAGES["refused"])
    page = render_template("sign_in/refused.html", words=words, refusal=refusal, provider=provider)
    answer = make_response(page, 403)
    if isinstance(refusal, SignInTooOld):
        ask_anew(answer, refusal.provider_id)
    return answer


def _provider(provider_id: str) -> Provider | None:
    """Who was asked, to name their IT desk; the page must come without the store as well. A draft is nobody's
    business yet."""
    try:
        found = services().sign_on.provider(provider_id) if provider_id else None
    except StoreError:
        return None
    return found if found is not None and found.state != DRAFT else None


def _tell_the_desk(refusal: SignInRefused, provider: Provider | None) -> None:
    matters = list(_matters(refusal, provider.name if provider else refusal.provider_id))
    if not matters:
        return
    now, subject = services().clock(), f"provider:{refusal.provider_id}"
    told = {"code": refusal.code}
    try:
        with services().store.transaction(patience=NOTE_SECONDS) as tx:
            for matter in matters:
                waiting.raise_item(
                    tx, matter.kind, matter.key, matter.summary, now, organisation=matter.organisation,
                    details=matter.details,
                )  # fmt: skip
            if not refusal.anybodys:  # strangers don't write into what is kept for good
                ledger.append(tx, "sign-in refused", subject, refusal.reference, told, now)
    except StoreError as error:  # the page that says whom to call matters more
        current_app.logger.error("A refused sign-in did not reach the desk: %s", error)


@dataclass(frozen=True, slots=True)
class _Matter:
    kind: str
    key: str
    summary: str
    organisation: str = ""
    details: Mapping[str, str] = field(default_factory=dict)


def _matters(refusal: SignInRefused, name: str) -> list[_Matter]:
    """One for whoever has something to do; one more for each organisation whose people were spoken of."""
    if refusal.anybodys:  # apart from what a provider signed, so that strangers never write over that
        return [_unproven(refusal, name)] if refusal.code in ON_THE_DESK else []
    found = [_spoken_of(refusal, name, organisation) for organisation in refusal.organisations]
    if isinstance(refusal, UnknownPerson):
        found.append(_unknown(refusal))
    elif refusal.code == "not-owned" and not found:
        found.append(_spoken_of(refusal, name, ""))
    elif refusal.code in ON_THE_DESK and not found:
        found.append(_failed(refusal, name))
    return found


def _unknown(refusal: UnknownPerson) -> _Matter:
    at = f" at {refusal.domain}" if refusal.domain else ""
    summary = (
        f"{refusal.provider_name} signed in somebody{at}, and the account opens no entry here: "
        f"{refusal.reason}. Latest reference: {refusal.reference}."
    )
    known_as = fingerprint(refusal.federated_id)[:32] or refusal.domain  # one matter for each key
    details = {
        "federated_id": refusal.federated_id,
        "candidate": refusal.candidate,
        "reference": refusal.reference,
    }
    return _Matter(waiting.UNKNOWN_SIGN_IN, f"{refusal.provider_id} {known_as}", summary, details=details)


def _spoken_of(refusal: SignInRefused, name: str, organisation: str) -> _Matter:
    if refusal.code == "moved-away":
        kind, what = waiting.MOVED_SIGN_IN, "signed in somebody whose entry has moved to another organisation"
    else:
        kind, what = waiting.REFUSED_SIGN_IN, "spoke of a person or domain that is not listed for it"
    summary = f"The provider {name} {what} ({refusal.reason}). Latest reference: {refusal.reference}."
    key = f"{refusal.provider_id} {refusal.code} {organisation}".strip()
    return _Matter(kind, key, summary, organisation)


def _failed(refusal: SignInRefused, name: str) -> _Matter:
    summary = f"{name} could not sign somebody in: {refusal.reason}. Latest reference: {refusal.reference}."
    return _Matter(waiting.FAILED_SIGN_IN, f"{refusal.provider_id} {refusal.code}", summary)


def _unproven(refusal: SignInRefused, name: str) -> _Matter:
    summary = (
        f"An answer in the name of {name} was refused, and anybody may have sent it: {refusal.reason}. "
        f"Latest reference: {refusal.reference}."
    )
    return _Matter(waiting.UNPROVEN_SIGN_IN, refusal.provider_id, summary)
