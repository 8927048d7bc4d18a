"""`counterpart idp`: the identity providers through which departments sign their people in."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from counterpart.commands import idp_people
from counterpart.commands.common import (
    InOrder,
    Tools,
    as_json,
    counted,
    example,
    operator,
    pass_tools,
    show,
    table,
)
from counterpart.commands.idp_rollover import rollover
from counterpart.commands.idp_test import test
from counterpart.exit_codes import DONE, OTHER, REFUSED
from counterpart.refresher import refresher
from counterpart.refused import Refused
from saml import registration
from saml.checks import FAILED, Check, Subject, checks, failed
from saml.ends import ends_of
from saml.errors import ProviderRefused
from saml.provider import LIVE, SUSPENDED, Provider, to_plain
from saml.refresh import FAILED as NOT_READ
from saml.registration import Registration
from saml.registry import Registry
from store import ledger
from store.provider_watch import Watched

A_FILE = click.Path(path_type=Path)
FROM = click.option(
    "--metadata",
    type=click.File("rb"),
    help="Read the metadata from this file instead of where FILE says; - is what you paste, ended by Ctrl-D.",
)


@click.group(cls=InOrder)
def idp() -> None:
    """Register, check and switch departments' identity providers."""


@idp.command(epilog=example("counterpart idp check rivers.toml", "counterpart idp check rivers"))
@click.argument("file", metavar="FILE|ID", type=A_FILE)
@FROM
@as_json
@pass_tools
def check(tools: Tools, file: Path, metadata: Any, as_json: bool) -> int:
    """Check a registration file or a registered provider.

    Nothing is changed. Every check says its reason, and how to mend what failed. Exit code 4 if any failed.
    """
    known = Registry(tools.store).get(str(file)) if not file.exists() else None
    subject = _known(tools, known) if known else _wanted(tools, _read(tools, file, metadata))
    found = checks(subject)
    data = {"provider": to_plain(subject.provider), "checks": [_plain(each) for each in found]}
    bad = len(failed(found))
    last = f"{counted(bad, 'check')} failed." if bad else "Nothing keeps it from going live."
    show(data, f"{_described(subject)}\n\n{_listed(found)}\n\n{last}", as_json)
    return REFUSED if bad else DONE


@idp.command(
    epilog=example("counterpart idp add rivers.toml", "counterpart idp add rivers.toml --metadata -")
)
@click.argument("file", type=A_FILE)
@FROM
@click.option("--live", is_flag=True, help="Let people sign in through it at once, if every check passes.")
@as_json
@pass_tools
def add(tools: Tools, file: Path, metadata: Any, live: bool, as_json: bool) -> None:
    """Register a provider from a TOML file, or renew its registration.

    A new one is a draft until `counterpart idp live`. Renewing takes the metadata of today over, new keys
    included.
    """
    registry = Registry(tools.store)
    wanted = _read(tools, file, metadata)
    subject = _wanted(tools, wanted)
    if live or subject.provider.state == LIVE:
        _must_pass(checks(subject))
    provider = registry.add(wanted, tools.clock())
    if live and provider.state != LIVE:
        provider = registry.set_state(provider.id, LIVE)
    _remember(tools, "provider registered", provider)
    show(to_plain(provider), f"Registered.\n{_described(replace(subject, provider=provider))}", as_json)


idp.add_command(test)


@idp.command(epilog=example("counterpart idp live rivers"))
@click.argument("id")
@as_json
@pass_tools
def live(tools: Tools, id: str, as_json: bool) -> None:
    """Let people sign in through a provider.

    It is refused while a check fails.
    """
    provider = Registry(tools.store).get(id)
    if provider is not None:
        _must_pass(checks(_known(tools, provider)))
    _switch(tools, id, LIVE, f"People can sign in through {id} now.", as_json)


@idp.command(epilog=example("counterpart idp suspend rivers"))
@click.argument("id")
@as_json
@pass_tools
def suspend(tools: Tools, id: str, as_json: bool) -> None:
    """Stop sign-in through a provider, at once.

    Who came in through it is signed out within a minute.
    """
    _switch(
        tools, id, SUSPENDED, f"Nobody can sign in through {id} until `counterpart idp live {id}`.", as_json
    )


@idp.command("list", epilog=example("counterpart idp list"))
@as_json
@pass_tools
def list_providers(tools: Tools, as_json: bool) -> None:
    """List every provider and its state.

    With when its keys end, when its metadata was last read, until when it is believed, and what is wrong.
    """
    registry = Registry(tools.store)
    found, watched = registry.all(), registry.watched()
    rows = [_row(each, watched.get(each.id), tools) for each in found]
    text = (
        table(rows, ("id", "state", "name", "keys end", "metadata good", "believed until", "problem"))
        if rows
        else "No providers yet. Add one: `counterpart idp add`."
    )
    show([_with_watch(each, watched.get(each.id)) for each in found], text, as_json)


@idp.command(epilog=example("counterpart idp refresh rivers", "counterpart idp refresh rivers --accept"))
@click.argument("id")
@click.option("--accept", is_flag=True, help="Believe the new keys that waited for you.")
@as_json
@pass_tools
def refresh(tools: Tools, id: str, accept: bool, as_json: bool) -> int:
    """Read a provider's metadata again now.

    The worker does so by itself. Exit code 1 if it can't be read; the last good one stays in force then.
    """
    made = refresher(tools.settings, tools.store, tools.clock)
    outcome = made.refresh(id, accept=accept)
    if accept:
        _remember(tools, "provider's keys accepted", _must_exist(tools, id))
    show(
        {"id": id, "result": outcome.result, "words": outcome.words},
        f"{outcome.result}: {outcome.words}",
        as_json,
    )
    return OTHER if outcome.result == NOT_READ else DONE


for command in (*idp_people.COMMANDS, rollover):
    idp.add_command(command)


def _read(tools: Tools, file: Path, pasted: Any) -> Registration:
    try:
        return registration.read(
            file,
            tools.directory.organisations,
            tools.clock(),
            pasted=pasted.read() if pasted else None,
            private_hosts=tools.settings.saml.private_hosts,
        )
    except ProviderRefused as error:
        raise Refused(f"{error} Nothing was registered or changed.", REFUSED) from error


def _wanted(tools: Tools, wanted: Registration) -> Subject:
    """A registration as it would be kept. Raises ProviderRefused where it takes what is another's."""
    try:
        provider, _ = Registry(tools.store).fitting(wanted)
    except ProviderRefused as error:
        raise Refused(f"{error} Nothing was registered or changed.", REFUSED) from error
    everybody = tuple(tools.directory.organisations.all())
    return Subject(provider, tools.clock(), everybody, wanted.obtained.described, tools.clock())


def _known(tools: Tools, provider: Provider) -> Subject:
    watched = Registry(tools.store).watched().get(provider.id)
    everybody = tuple(tools.directory.organisations.all())
    return Subject(provider, tools.clock(), everybody, good=watched.good if watched else None)


def _must_exist(tools: Tools, id: str) -> Provider:
    provider = Registry(tools.store).get(id)
    if provider is None:
        raise Refused(f"There is no provider {id!r}. `counterpart idp list` shows them.")
    return provider


def _must_pass(found: Sequence[Check]) -> None:
    bad = failed(found)
    if bad:
        words = " ".join(f"{each.name}: {each.reason} {each.fix}" for each in bad)
        raise Refused(f"It can't go live. {words} Nothing was changed.", REFUSED)


def _switch(tools: Tools, id: str, state: str, words: str, as_json: bool) -> None:
    provider = Registry(tools.store).set_state(id, state)
    _remember(tools, f"provider {state}", provider)
    show({"id": provider.id, "state": provider.state}, words, as_json)


def _remember(tools: Tools, event: str, provider: Provider) -> None:
    with tools.store.transaction() as tx:
        ledger.append(
            tx, event, operator(), f"provider:{provider.id}", {"state": provider.state}, tools.clock()
        )


def _described(subject: Subject) -> str:
    provider = subject.provider
    names = {each.id: each.name for each in subject.organisations}
    shared = (f"{name} (shared)" for name in provider.shared_domains)
    facts = {
        "id": provider.id,
        "state": provider.state,
        "entity ID": provider.entity_id,
        "speaks for": ", ".join(names.get(id, id) for id in provider.organisations),
        "mail domains": ", ".join((*provider.domains, *shared)),
        "knows people by": provider.identity_attribute,
        "certificates": str(len(provider.certificates)),
    }
    return "\n".join(f"  {name:<15}  {value}" for name, value in facts.items())


def _listed(found: Sequence[Check]) -> str:
    words = {FAILED: "FAILED"}
    lines = []
    for each in found:
        lines.append(f"  {words.get(each.result, each.result):<6}  {each.name}: {each.reason}")
        lines += [f"          {each.fix}"] if each.fix else []
    return "\n".join(lines)


def _plain(check: Check) -> dict[str, str]:
    return {"name": check.name, "result": check.result, "reason": check.reason, "fix": check.fix}


def _row(provider: Provider, watched: Watched | None, tools: Tools) -> tuple[str, ...]:
    now = tools.clock()
    keys = [end.ends for end in ends_of(provider, None) if "certificate" in end.what and end.ends > now]
    problem = watched.problem if watched else ""
    if provider.outdated(now):
        problem = f"Its metadata has ended, so nobody can sign in. {problem}".strip()
    until = provider.believed_until
    return (
        provider.id,
        provider.state,
        provider.name,
        " + ".join(f"{each:%Y-%m-%d}" for each in keys) or "all ended",
        f"{watched.good:%Y-%m-%d %H:%M}" if watched and watched.good else "",
        f"{until:%Y-%m-%d}" if until else "no end",
        problem,
    )


def _with_watch(provider: Provider, watched: Watched | None) -> dict[str, Any]:
    ends = [{"what": end.what, "ends": end.ends} for end in ends_of(provider, None)]
    read = {
        "last_good": watched.good if watched else None,
        "last_tried": watched.tried if watched else None,
        "next_try": watched.due if watched else None,
        "failures": watched.failures if watched else 0,
        "problem": watched.problem if watched else "",
    }
    return to_plain(provider) | {"ends": ends, "refresh": read}
