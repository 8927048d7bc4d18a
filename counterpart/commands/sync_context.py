"""What every command of `counterpart sync` needs: the tools of a run, and how its result is told."""

import click

from counterpart.commands.common import Tools, counted, operator, show
from counterpart.healing import heal_all
from counterpart.joiner_mail import joiner_mail
from sync.context import Result, SyncContext


def context_of(tools: Tools, *, told: bool = False) -> SyncContext:
    """Give the tools of a run; whoever is at the terminal is responsible for it.

    Joiners are told by mail, unless they were `told` otherwise.
    """
    settings = tools.settings
    write = joiner_mail(settings.portal, settings.saml.base_url, tools.clock)
    return SyncContext(
        settings=tools.settings.sync,
        directory=tools.directory,
        store=tools.store,
        clock=tools.clock,
        actor=operator(),
        write_notice=None if told else write,
    )


def heal(tools: Tools) -> None:
    """Compare replicas after a run: a run is one transaction, and those are what slapd 2.5 lets them miss."""
    for healed in heal_all(tools.settings.directory, tools.clock()):
        if healed.sent:
            sent = counted(len(healed.sent), "entry", "entries")
            click.echo(f"{sent} that {healed.uri} had missed were sent to it again.", err=True)


def told(result: Result, as_json: bool) -> int:
    """Print a result; give its exit code."""
    show(result.data, result.text.rstrip("\n"), as_json)
    return result.exit_code
