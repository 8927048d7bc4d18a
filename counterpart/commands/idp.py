"""`counterpart idp`: the identity providers through which departments sign their people in."""

from dataclasses import asdict
from pathlib import Path

import click

from counterpart.commands import idp_people
from counterpart.commands.common import InOrder, Tools, as_json, example, operator, pass_tools, show, table
from ldap_schema.directory import Directory
from saml import registration
from saml.provider import LIVE, SUSPENDED, Provider
from saml.registry import Registry
from store import ledger

A_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group(cls=InOrder)
def idp() -> None:
    """Register, check and switch departments' identity providers."""


@idp.command(epilog=example("counterpart idp check rivers.toml"))
@click.argument("file", type=A_FILE)
@as_json
@pass_tools
def check(tools: Tools, file: Path, as_json: bool) -> None:
    """Say whether a registration is good; changes nothing."""
    provider = registration.read(file, tools.directory.organisations, tools.clock()).provider
    show(
        asdict(provider), f"{file} is a good registration.\n{_described(provider, tools.directory)}", as_json
    )


@idp.command(epilog=example("counterpart idp add rivers.toml"))
@click.argument("file", type=A_FILE)
@click.option("--live", is_flag=True, help="Let people sign in through it at once.")
@as_json
@pass_tools
def add(tools: Tools, file: Path, live: bool, as_json: bool) -> None:
    """Register a provider from a TOML file, or renew its registration.

    A new one is a draft until `counterpart idp live`.
    """
    registry = Registry(tools.store)
    provider = registry.add_from_toml(file, tools.directory.organisations, tools.clock())
    if live and provider.state != LIVE:
        provider = registry.set_state(provider.id, LIVE)
    _remember(tools, "provider registered", provider)
    show(asdict(provider), f"Registered.\n{_described(provider, tools.directory)}", as_json)


@idp.command("list", epilog=example("counterpart idp list"))
@as_json
@pass_tools
def list_providers(tools: Tools, as_json: bool) -> None:
    """List every provider and its state."""
    found = Registry(tools.store).all()
    rows = [(each.id, each.state, each.name, ", ".join(each.domains)) for each in found]
    text = (
        table(rows, ("id", "state", "name", "domains"))
        if rows
        else "No providers yet. Add one: `counterpart idp add`."
    )
    show([asdict(each) for each in found], text, as_json)


@idp.command(epilog=example("counterpart idp live rivers"))
@click.argument("id")
@as_json
@pass_tools
def live(tools: Tools, id: str, as_json: bool) -> None:
    """Let people sign in through a provider."""
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


for command in idp_people.COMMANDS:
    idp.add_command(command)


def _switch(tools: Tools, id: str, state: str, words: str, as_json: bool) -> None:
    provider = Registry(tools.store).set_state(id, state)
    _remember(tools, f"provider {state}", provider)
    show({"id": provider.id, "state": provider.state}, words, as_json)


def _remember(tools: Tools, event: str, provider: Provider) -> None:
    with tools.store.transaction() as tx:
        ledger.append(
            tx, event, operator(), f"provider:{provider.id}", {"state": provider.state}, tools.clock()
        )


def _described(provider: Provider, directory: Directory) -> str:
    organisations = ", ".join(directory.organisations.get(id).name for id in provider.organisations)
    facts = {
        "id": provider.id,
        "state": provider.state,
        "entity ID": provider.entity_id,
        "speaks for": organisations,
        "mail domains": ", ".join(
            (*provider.domains, *(f"{name} (shared)" for name in provider.shared_domains))
        ),
        "knows people by": provider.identity_attribute,
        "certificates": str(len(provider.certificates)),
    }
    return "\n".join(f"  {name:<15}  {value}" for name, value in facts.items())
