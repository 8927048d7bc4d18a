"""What waits for the directory manager, in one list, the oldest first."""

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from app.moments import moment
from app.organisation_list import organisation_list
from app.permissions import directory_manager_acts, directory_manager_signed_in
from app.viewer import services, viewer
from ldap_schema.feeds import FeedPart
from store import ledger, waiting

bp = Blueprint("desk", __name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One matter on the desk, wherever it is kept; `item` is set for what can be settled with a button."""

    kind: str
    summary: str
    since: datetime
    latest: datetime
    count: int = 1
    item: int | None = None
    next_step: str = ""
    organisation: str = ""  # whose people it concerns, by name
    tell_them: bool = False  # whether that organisation should hear of it
    linkable: bool = False  # a sign-in that can be linked to a record
    commands: tuple[tuple[str, str], ...] = ()  # what one may type, each after what it does


PASSES = f"It goes from here {waiting.PASSES_AFTER.days} days after they last tried."
# What whoever sees a matter of each kind can do about it.
NEXT_STEPS = {
    waiting.UNKNOWN_SIGN_IN: "Link it to their entry, or ask their HR team to send them in the next feed. "
    f"{PASSES}",
    waiting.MOVED_SIGN_IN: "Nothing is wrong: they have to sign in with the account of their present "
    "organisation. If that one is unknown here, it waits in this list as soon as they try; link it when they "
    f"call. {PASSES}",
    waiting.FAILED_SIGN_IN: "Tell the organisation's IT desk; the log has each case under its reference.",
    waiting.UNPROVEN_SIGN_IN: "If people of that organisation can't sign in, its keys have changed: see "
    "“counterpart idp refresh”. If they can, somebody tries their luck, and nothing is to be done.",
    waiting.REFUSED_SIGN_IN: "Call the IT team of the organisation before anything else.",
    waiting.ZERO_RESULT_SEARCH: "See whether somebody is missing or known by another name.",
    waiting.REFUSED_FEED: "Its sender was told by mail, if the mapping names a contact. It goes "
    "from here with the next file that can be taken.",
    waiting.FAILED_FEED: "Run the feed again; if it fails again, “counterpart sync drift” says what differs.",
    waiting.SILENT_FEED: "Ask the sender's contact for the file. It goes from here when one comes.",
    waiting.UNREACHED_FEED: "It is tried again by itself, and goes from here when it works.",
    waiting.STUCK_MAIL: "Check the address and the mail server.",
    waiting.SUSPENDED_DEVICE: "Ask its owner what it was; only they can let it work again.",
    waiting.PROVIDER_KEYS: "Ask the organisation's IT team by telephone whether they did this.",
    waiting.PROVIDER_METADATA: "“counterpart idp list” shows the state of every provider.",
    waiting.PROVIDER_ENDING: "Ask the organisation's IT team when the next one comes.",
    waiting.HARVEST: "Call them and ask what they need: a list can be made for them. If it was not them, "
    "“counterpart person suspend” signs them out everywhere. It goes from here after "
    f"{waiting.PASSES_AFTER.days} days.",
    waiting.FEEDBACK: "Answer if an address was given.",
}


@bp.get("/desk")
@directory_manager_signed_in
def index() -> str:
    """Show the list; held feeds are read as the manager, so the directory decides whether they may."""
    with services().store.reading() as tx:
        items, in_all = waiting.open_items(tx), waiting.count_open(tx)
    rows = [_row_of(item) for item in items if item.kind != waiting.HELD_FEED]
    rows += [_held(part) for part in viewer().directory.feeds.held()]
    return render_template(
        "desk/index.html",
        rows=sorted(rows, key=lambda row: row.since),
        not_shown=in_all - len(items),
        done="done" in request.args,
    )


@bp.post("/desk/<int:id>/settle")
@directory_manager_acts("settle a matter on the desk")
def settle(id: int) -> Answer:
    """Take a matter off the desk, and write down who did."""
    now = services().clock()
    with services().store.transaction() as tx:
        item = waiting.settle(tx, id, viewer().uid, now)
        ledger.append(tx, "matter settled", viewer().uid, f"waiting:{id}", {"kind": item.kind}, now)
    return redirect(url_for("desk.index", done="yes"), 303)


def _row_of(item: waiting.Item) -> Row:
    return Row(
        kind=item.kind,
        summary=item.summary,
        since=item.first_seen,
        latest=item.last_seen,
        count=item.count,
        item=item.id,
        next_step=NEXT_STEPS.get(item.kind, ""),
        organisation=organisation_list().name(item.organisation) if item.organisation else "",
        tell_them=item.kind == waiting.REFUSED_SIGN_IN,
        linkable=bool(item.details.get("federated_id")),
    )


def _held(part: FeedPart) -> Row:
    now = services().clock()
    since, run = part.hold_at or now, part.hold_run
    name = part.feed if part.part == "all" else f"{part.feed}, {part.part}"
    reject = ("Drop it:", f'counterpart sync reject {run} --reason "…"')
    if part.approved_by and part.approved_until and now < part.approved_until:
        said = f"Approved by {part.approved_by} until {moment(part.approved_until)}; it is not applied yet."
        commands = (("Apply it:", f"counterpart sync apply {run}"), reject)
    else:
        said = "Nothing was applied. The next run judges a newer file afresh; this one stays held."
        allow = f'counterpart sync approve {run} --reason "…"'
        commands = (("Let it through:", f"{allow} && counterpart sync apply {run}"), reject)
    return Row(
        kind=waiting.HELD_FEED,
        summary=f"{name} was stopped: {part.hold_reason}.",
        since=since,
        latest=since,
        next_step=said,
        commands=commands,
    )
