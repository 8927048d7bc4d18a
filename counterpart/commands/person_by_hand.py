"""`counterpart person add`, `edit`, `leave` and `deceased`: what an organisation without a feed needs."""

import shutil
import sys
from collections.abc import Callable
from datetime import date
from typing import Any, Literal

import click

from counterpart.commands.common import DAY, Tools, as_json, example, pass_tools, show
from counterpart.commands.people import find_person
from counterpart.commands.sync_context import context_of
from counterpart.exit_codes import DONE
from counterpart.refused import Refused
from ldap_schema.people import Person
from ldap_schema.posts import ACTING, COVER, INTERIM, JOB_SHARE, SECONDMENT, SUBSTANTIVE
from sync import hand_acts
from sync.by_hand import Act
from sync.context import PLANNED, SyncContext
from sync.hand_values import Edits, Wanted
from sync.render import plan_text

ADA = "ada@rivers.example"
KINDS = (SUBSTANTIVE, ACTING, INTERIM, SECONDMENT, COVER, JOB_SHARE)
REASON = click.option("--reason", default="", help="Why; kept in the ledger.")
YES = click.option("--yes", is_flag=True, help="Do it without asking.")


def _detail(name: str, words: str) -> Callable[[Any], Any]:
    return click.option(f"--{name}", multiple=True, help=f"{words} Several: give it again.")


@click.command(
    epilog=example(
        'counterpart person add "Dame Ada Quill DBE" --post "Chief executive" \\',
        '    --organisation "Northmere Council" --mail ada.quill@northmere.example \\',
        "    --sign-in-address ada.quill@northmere.example",
    )
)
@click.argument("name")
@click.option("--post", required=True, help="Title of the post.")
@click.option("--organisation", required=True, help="Its id, a code or its name.")
@_detail("mail", "Address for contact.")
@_detail("telephone", "Office number.")
@_detail("mobile", "Mobile number.")
@click.option("--sign-in-address", default="", help="The address that their identity provider knows.")
@click.option("--kind", type=click.Choice(KINDS), default=SUBSTANTIVE, help="How the post is held.")
@click.option("--first-day", type=DAY, help="First day in the post; before it nobody sees them.")
@click.option("--last-day", type=DAY, help="Last day in the post, inclusive.")
@click.option("--same", default="", metavar="UID", help="They are this person: another post, or back again.")
@click.option("--not", "different", multiple=True, metavar="UID", help="They are not this person.")
@click.option("--again", default="", metavar="REASON", help="Why somebody who was erased is listed again.")
@REASON
@YES
@as_json
@pass_tools
def add(
    tools: Tools,
    /,
    same: str,
    different: tuple[str, ...],
    again: str,
    reason: str,
    yes: bool,
    as_json: bool,
    **given: Any,
) -> int:
    """Add a person by hand: prints the plan, and asks.

    For organisations without an HR feed. NAME is as one writes it; honorific and honours are taken from it.
    Somebody of the same name is a question: answer it with --same or --not. With --json and without --yes the
    plan is only shown.
    """
    context = context_of(tools)
    if same:
        same = find_person(tools.directory, same).uid
    may = bool(again.strip())
    act = hand_acts.plan_add(context, Wanted(**given), same=same, different=different, again=may)
    return _decide(context, act, reason, yes=yes, as_json=as_json, again=again)


@click.command(
    epilog=example(
        f"counterpart person edit {ADA} --telephone '020 7946 0001'",
        f"counterpart person edit {ADA} --mail office@rivers.example \\",
        "    --until 2027-03-31 --reason 'HR corrects it in March'",
    )
)
@click.argument("reference", metavar="ADDRESS|UID")
@click.option("--name", help="The whole name, as one writes it.")
@_detail("mail", "Address for contact, instead of those there are; '' takes it away.")
@_detail("telephone", "Office number, likewise.")
@_detail("mobile", "Mobile number, likewise.")
@click.option("--sign-in-address", help="The address that their identity provider knows.")
@click.option("--until", type=DAY, help="Over an HR feed's value: the last day on which this one stands.")
@REASON
@YES
@as_json
@pass_tools
def edit(
    tools: Tools, /, reference: str, until: date | None, reason: str, yes: bool, as_json: bool, **given: Any
) -> int:
    """Change a person's details: prints the plan, and asks.

    What an HR feed sends is changed there (`person dispute` tells it); until that is done, --until DAY and
    --reason put another value over the feed's. What only the person may change is not offered here.
    """
    context, found = context_of(tools), find_person(tools.directory, reference)
    edits = {name: None if value == () else value for name, value in given.items()}
    if not any(value is not None for value in edits.values()):
        raise Refused("Say what shall be changed, e.g. --telephone. Nothing was changed.")
    act = hand_acts.plan_edit(context, found, Edits(**edits), until)
    return _decide(context, act, reason, yes=yes, as_json=as_json)


@click.command(epilog=example(f"counterpart person leave {ADA} --last-day 2027-03-31"))
@click.argument("reference", metavar="ADDRESS|UID")
@click.option("--last-day", type=DAY, required=True, help="The last day in their posts, inclusive.")
@REASON
@YES
@as_json
@pass_tools
def leave(tools: Tools, reference: str, last_day: date, reason: str, yes: bool, as_json: bool) -> int:
    """Enter somebody's last day: prints the plan, and asks.

    From the day after they are hidden, can't sign in, and their posts are vacant. Whom an HR feed keeps
    leaves by that feed.
    """
    context, found = context_of(tools), find_person(tools.directory, reference)
    act = hand_acts.plan_leave(context, found, last_day)
    return _decide(context, act, reason, yes=yes, as_json=as_json)


@click.command(epilog=example(f"counterpart person deceased {ADA}"))
@click.argument("reference", metavar="ADDRESS|UID")
@REASON
@YES
@as_json
@pass_tools
def deceased(tools: Tools, reference: str, reason: str, yes: bool, as_json: bool) -> int:
    """Record that somebody died: prints the plan, and asks.

    They are hidden at once, their posts are vacant, nobody is written to, and no HR feed brings them back.
    """
    context, found = context_of(tools), find_person(tools.directory, reference)
    return _decide(context, hand_acts.plan_deceased(context, found), reason, yes=yes, as_json=as_json)


def _decide(context: SyncContext, act: Act, reason: str, *, yes: bool, as_json: bool, again: str = "") -> int:
    """Show the plan, ask unless told not to, and do it."""
    if as_json and not yes:
        show(_data(act.person, done=False), "", as_json)
        return PLANNED
    if not as_json:
        width, colour = shutil.get_terminal_size().columns, sys.stdout.isatty()
        click.echo(plan_text(act.plan, (), "", width, colour), nl=False)
        for hold in act.holds:
            click.echo(f"  Needs a reason: {hold}.")
    if not yes and not click.confirm("Do it?", default=False):
        click.echo("Nothing was changed.", err=True)
        return PLANNED
    hand_acts.carry_out(context, act, reason, again)
    show(_data(act.person, done=True), f"Done: {act.person.full_name}, uid {act.person.uid}.", as_json)
    return DONE


def _data(person: Person, *, done: bool) -> dict[str, object]:
    state: Literal["done", "planned"] = "done" if done else "planned"
    return {"uid": person.uid, "name": person.full_name, "status": person.status, "state": state}


COMMANDS = (add, edit, leave, deceased)
