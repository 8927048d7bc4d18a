"""`counterpart scim`: who may push to a feed."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

import click

from counterpart.commands.common import InOrder, Tools, as_json, example, operator, pass_tools, show, table
from counterpart.refused import Refused
from counterpart.scim import pushed_feeds
from ldap_schema.scim_tokens import ScimToken
from store import ledger


@click.group(cls=InOrder)
def scim() -> None:
    """Let a department's identity system push its people (SCIM 2.0)."""


@scim.group(cls=InOrder)
def token() -> None:
    """Give departments the tokens that their SCIM clients show."""


@token.command(epilog=example("counterpart scim token add harbour-authority"))
@click.argument("feed")
@click.option(
    "--days", default=365, show_default=True, type=click.IntRange(1, 730), help="How long it is good for."
)
@as_json
@pass_tools
def add(tools: Tools, feed: str, days: int, as_json: bool) -> None:
    """Make a token for a FEED. It is shown once, and never again.

    Two may be good at once, so that the old one works until the department has changed to the new one.
    """
    _require_pushed(tools, feed)
    directory, now = tools.directory, tools.clock()
    directory.feeds.ensure(feed)
    directory.scim_snapshots.ensure(feed)
    made = directory.scim_tokens.issue(feed, now, days)
    try:
        _record(tools, "SCIM token added", feed, made.token)
    except BaseException:
        directory.scim_tokens.revoke(feed, made.token.id)  # no token without its entry in the ledger
        raise
    address = f"{tools.settings.saml.base_url}/scim/{feed}/v2"
    lines = [
        f"{feed}, token {made.token.id}, until {_day(made.token.ends_at)}",
        f"  address  {address}",
        f"  token    {made.text}",
        "The token is not kept and can't be shown again. Send it apart from the address.",
    ]
    show(_data(made.token) | {"address": address, "token": made.text}, "\n".join(lines), as_json)


@token.command("list", epilog=example("counterpart scim token list harbour-authority"))
@click.argument("feed")
@as_json
@pass_tools
def list_tokens(tools: Tools, feed: str, as_json: bool) -> None:
    """List a FEED's tokens and when they were last used."""
    found = tools.directory.scim_tokens.of(feed)
    rows = [(each.id, _state(each, tools.clock()), _day(each.ends_at), _last_used(each)) for each in found]
    text = table(rows, ("id", "state", "good until", "last used")) if rows else f"{feed} has no tokens."
    show([_data(each) for each in found], text, as_json)


@token.command(epilog=example("counterpart scim token revoke harbour-authority 7f3k2m9q"))
@click.argument("feed")
@click.argument("id")
@as_json
@pass_tools
def revoke(tools: Tools, feed: str, id: str, as_json: bool) -> None:
    """End one of a FEED's tokens at once. What was pushed stays."""
    known = {each.id: each for each in tools.directory.scim_tokens.of(feed)}
    if id not in known:
        raise Refused(f"{feed} has no token {id}. Nothing was changed; `counterpart scim token list {feed}`.")
    _record(tools, "SCIM token revoked", feed, known[id])
    tools.directory.scim_tokens.revoke(feed, id)
    show({"feed": feed, "id": id, "revoked": True}, f"The token {id} is good no more.", as_json)


def _require_pushed(tools: Tools, feed: str) -> None:
    folder = tools.settings.sync.mappings
    known = [each.id for each in pushed_feeds(folder)]
    if feed not in known:
        has = f"It has: {', '.join(known)}." if known else "It has none."
        raise Refused(f'{folder} has no mapping of a feed {feed} with [source] type = "scim". {has}')


def _record(tools: Tools, event: str, feed: str, token: ScimToken) -> None:
    details = {"token": token.id, "until": _day(token.ends_at)}
    with tools.store.transaction() as tx:
        ledger.append(tx, event, operator(), f"feed:{feed}", details, tools.clock())


def _data(token: ScimToken) -> dict[str, Any]:
    return {name: value for name, value in asdict(token).items() if name != "digest"}


def _state(token: ScimToken, now: datetime) -> str:
    return "good" if token.ends_at and now < token.ends_at else "expired"


def _day(moment: datetime | None) -> str:
    return moment.date().isoformat() if moment else "no end"


def _last_used(token: ScimToken) -> str:
    return token.last_used.strftime("%Y-%m-%d %H:%M UTC") if token.last_used else "never"
