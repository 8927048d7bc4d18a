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
from counterpart.commands.idp_words import HEADINGS, check_plain, described, listed, row, with_watch
from counterpart.exit_codes import DONE, OTHER, REFUSED
from counterpart.refresher import refresher
from counterpart.refused import Refused
from saml import registration
from saml.checks import Check, Subject, checks, failed
from saml.errors import ProviderRefused
from saml.provider import LIVE, SUSPENDED, Provider, to_plain
from saml.refresh import FAILED as NOT_READ
from saml.registration import Registration
from saml.registry import Registry
from store import ledger

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
    data = {"provider": to_plain(subject.provider), "checks": [check_plain(each) for each in found]}
    bad = len(failed(found))
    last = f"{counted(bad, 'check')} failed." if bad else "Nothing keeps it from going live."
    show(data, f"{described(subject)}\n\n{listed(found)}\n\n{last}", as_json)
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
    show(to_plain(provider), f"Registered.\n{described(replace(subject, provider=provider))}", as_json)


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

    With when its keys end, when its metadata was last read, until when it is believed, and what to know:
    what each sign-in must have, what is being changed, and what is wrong.
    """
    registry = Registry(tools.store)
    found, watched = registry.all(), registry.watched()
    rows = [row(each, watched.get(each.id), tools.clock()) for each in found]
    text = table(rows, HEADINGS) if rows else "No providers yet. Add one: `counterpart idp add`."
    show([with_watch(each, watched.get(each.id), tools.clock()) for each in found], text, as_json)


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
    return Subject(provider, tools.clock(), everybody, wanted.obtained.described)


def _known(tools: Tools, provider: Provider) -> Subject:
    everybody = tuple(tools.directory.organisations.all())
    return Subject(provider, tools.clock(), everybody)


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
