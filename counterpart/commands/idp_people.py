"""The commands of `counterpart idp` about people: by what they are known, and how they get in meanwhile."""

from dataclasses import asdict
from datetime import timedelta

import click

from counterpart.commands.common import Tools, as_json, counted, example, operator, pass_tools, show
from saml.contexts import in_short
from saml.errors import ProviderRefused
from saml.identity_change import IdentityChange
from saml.provider import IDENTITY_ATTRIBUTES, LIVE, Provider
from saml.registry import Registry
from store import ledger

MOST_HOURS = 72  # of mailed links at a time; a provider that is down for longer needs another answer


@click.command(
    epilog=example(
        "counterpart idp identity rivers --to pairwise-id  # begin: record both keys",
        "counterpart idp identity rivers            # who has the second key by now?",
        "counterpart idp identity rivers --finish   # let it decide, drop the first",
    )
)
@click.argument("id")
@click.option("--to", "kind", type=click.Choice(IDENTITY_ATTRIBUTES), help="Begin to record this key too.")
@click.option("--finish", is_flag=True, help="Let the second key decide from now on.")
@click.option("--strangers", default=0, help="With --finish: how many people may be left without a key.")
@click.option("--cancel", is_flag=True, help="Go back to the first key alone.")
@as_json
@pass_tools
def identity(
    tools: Tools, id: str, kind: str | None, finish: bool, strangers: int, cancel: bool, as_json: bool
) -> None:
    """Change by what a provider's people are known.

    In steps that lock nobody out: begin, see who has signed in since, finish.
    """
    if sum((kind is not None, finish, cancel)) > 1:
        raise click.UsageError("Give one of --to, --finish and --cancel.")
    change = IdentityChange(Registry(tools.store), tools.directory)
    if kind:
        provider = change.begin(id, kind)
        words = f"From now on each sign-in through {id} records {kind} beside {provider.identity_attribute}."
    elif finish:
        provider = change.finish(id, strangers)
        words = f"People of {id} are known by {provider.identity_attribute} now. Change its file too."
    elif cancel:
        provider = change.cancel(id)
        words = f"People of {id} are known by {provider.identity_attribute}, as before."
    else:
        _show_progress(change, id, as_json)
        return
    _remember(tools, "identity attribute", provider, {
        "by": provider.identity_attribute, "next": provider.next_identity_attribute
    })  # fmt: skip
    show(_plain(provider), words, as_json)


@click.command(
    epilog=example(
        'counterpart idp fallback rivers --hours 8 --reason "down, INC-4711"',
        "counterpart idp fallback rivers --off      # ends their sessions too",
    )
)
@click.argument("id")
@click.option("--hours", type=click.IntRange(1, MOST_HOURS), help="For how long from now.")
@click.option("--reason", default="", help="Why; it is kept in the ledger.")
@click.option("--off", is_flag=True, help="End it at once, and what links began.")
@click.option("--without-contexts", is_flag=True, help="Though the provider must use a second step.")
@as_json
@pass_tools
def fallback(
    tools: Tools,
    id: str,
    hours: int | None,
    reason: str,
    off: bool,
    without_contexts: bool,
    as_json: bool,
) -> None:
    """Let people sign in by a mailed link for a while.

    For when their provider is down. It is off unless switched on here, ends by itself, and gives no rights
    of a directory manager.
    """
    if off == (hours is not None) or (hours and not reason.strip()):
        raise click.UsageError("Give --hours and --reason, or --off.")
    registry, now, until = Registry(tools.store), tools.clock(), ""
    found = registry.get(id)
    if hours:
        if found is not None:
            _may_be_stood_in_for(found, without_contexts)
        until = (now + timedelta(hours=hours)).isoformat()
        provider = registry.change(id, fallback_until=until)
        words = f"People of {id} can ask for a link until {until[:16]} UTC."
        if provider.contexts:
            words += f" A link is accepted without {in_short(provider.contexts)}."
    else:
        provider = registry.change(id, fallback_until="", fallback_off=now.isoformat())
        words = f"Off for {id}. Whom a link signed in is signed out within a minute."
    told = {"until": until or "off", "reason": reason[:300]}
    if hours and provider.contexts:
        told["without"] = in_short(provider.contexts)
    _remember(tools, "sign-in by link", provider, told)
    show(_plain(provider), words, as_json)


def _may_be_stood_in_for(provider: Provider, without_contexts: bool) -> None:
    if provider.state != LIVE:
        raise ProviderRefused(
            f"The provider {provider.id} is {provider.state}; only a live one can be stood in for."
        )
    if provider.contexts and not without_contexts:
        raise ProviderRefused(
            f"The provider {provider.id} must use {in_short(provider.contexts)}, and a mailed link proves "
            "no more than a mailbox. If that is enough while it is down, add --without-contexts."
        )


COMMANDS = (identity, fallback)


def _show_progress(change: IdentityChange, id: str, as_json: bool) -> None:
    found = change.progress(id)
    have = "has" if found.first == 1 else "have"
    text = f"{found.both} of {counted(found.first, 'person', 'people')} {have} the second key."
    if found.waiting:
        text += f" Not yet: {', '.join(found.waiting)}."
    show(asdict(found), text, as_json)


def _remember(tools: Tools, event: str, provider: Provider, details: dict[str, str]) -> None:
    with tools.store.transaction() as tx:
        ledger.append(tx, event, operator(), f"provider:{provider.id}", details, tools.clock())


def _plain(provider: Provider) -> dict[str, str]:
    return {
        "id": provider.id,
        "identity_attribute": provider.identity_attribute,
        "next_identity_attribute": provider.next_identity_attribute,
        "fallback_until": provider.fallback_until,
    }
