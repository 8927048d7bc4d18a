"""`counterpart idp rollover`: our own keys changed without a minute's outage."""

from dataclasses import asdict

import click

from counterpart.commands.common import Tools, as_json, counted, example, operator, pass_tools, show
from counterpart.exit_codes import DONE
from counterpart.refused import Refused
from saml import rollover as keys
from saml.registry import Registry
from store import ledger

NEXT = {
    "start": "Next: `counterpart idp rollover --start` makes the next pair and publishes it.",
    "switch": "Next, a day later at the earliest: give /saml/metadata to the providers that don't read it by "
    "themselves, then `counterpart idp rollover --switch` signs with the next pair.",
    "finish": "Next, a day later at the earliest: `counterpart idp rollover --finish` removes the old pair.",
}


@click.command(epilog=example(*(f"counterpart idp rollover{step}" for step in ("", " --start", " --switch"))))
@click.option("--start", "step", flag_value="start", help="Make the next pair and publish it.")
@click.option("--switch", "step", flag_value="switch", help="Sign with the next pair.")
@click.option("--finish", "step", flag_value="finish", help="Remove the pair from before.")
@click.option("--early", is_flag=True, help="Don't wait a day between two steps.")
@as_json
@pass_tools
def rollover(tools: Tools, step: str | None, early: bool, as_json: bool) -> int:
    """Change our own keys in three steps.

    Without a step, it says where the change stands. Portals that run take each step up by themselves, so
    nobody's sign-in fails in between. With several portals, copy the files to each within the day.
    """
    settings, now = tools.settings.saml, tools.clock()
    try:
        if step == "start":
            keys.start(settings, now)
        elif step == "switch":
            keys.switch(settings, now, early=early)
        elif step == "finish":
            keys.finish(settings, now, early=early)
        found = keys.state(settings)
    except keys.RolloverRefused as error:
        raise Refused(f"{error} Nothing was changed.") from error
    if step:
        with tools.store.transaction() as tx:
            details = {"current": found.current, "next": found.following, "previous": found.previous}
            ledger.append(tx, f"key rollover {step}", operator(), "sign-in keys", details, now)
    waiting = _must_be_told(tools) if found.step == "switch" else []
    show(asdict(found) | {"to_tell": waiting}, _words(found, waiting), as_json)
    return DONE


def _must_be_told(tools: Tools) -> list[str]:
    """Live providers that verify our requests; those that keep a copy of our metadata need the new one."""
    return [each.name for each in Registry(tools.store).live() if each.wants_signed_requests]


def _words(found: keys.State, to_tell: list[str]) -> str:
    lines = [f"  current   {found.current}  until {found.current_ends:%d %B %Y}"]
    lines += [f"  next      {found.following}"] if found.following else []
    lines += [f"  previous  {found.previous}"] if found.previous else []
    lines += [NEXT[found.step]]
    if to_tell:
        lines.append(f"{counted(len(to_tell), 'provider')} verify our requests: {', '.join(to_tell[:10])}.")
    return "\n".join(lines)
