"""`counterpart person`: one person's record, and the roles that a person holds."""

from dataclasses import asdict

import click

from counterpart.commands import (
    person_by_hand,
    person_erasure,
    person_facts,
    person_grants,
    person_links,
    person_seals,
    person_suspension,
)
from counterpart.commands.common import InOrder, Tools, as_json, example, operator, pass_tools, show
from counterpart.commands.people import find_person
from ldap_schema.groups import DIRECTORY_MANAGERS
from ldap_schema.people import Person
from ldap_schema.posts import Post, Tenure
from ldap_schema.provenance import disputes_of
from saml.held_keys import keys_of, was_cut_off
from store import ledger


@click.group(cls=InOrder)
def person() -> None:
    """Show, add and change people; grant roles, suspend somebody, conceal somebody in danger."""


@person.command("show", epilog=example("counterpart person show ada.quill@rivers-and-coasts.example"))
@click.argument("reference", metavar="ADDRESS|UID")
@as_json
@pass_tools
def show_person(tools: Tools, reference: str, as_json: bool) -> None:
    """Show what the directory holds about a person."""
    directory = tools.directory
    found = find_person(directory, reference)
    posts = directory.posts.held_by(found.uid)
    roles = sorted(directory.groups.roles_of(found.uid))
    offices = directory.offices.serving(found.uid)
    data = asdict(found) | {
        "federated_ids": keys_of(found),
        "cut_off": was_cut_off(found),
        "posts": [{"post": asdict(post), "tenure": asdict(tenure)} for post, tenure in posts],
        "roles": roles,
        "offices": [asdict(office) for office in offices],
    }
    show(data, _text(found, posts, roles, [office.name for office in offices]), as_json)


@person.command(
    epilog=example(
        "counterpart person role rowan@leadership.example directory-managers",
        "counterpart person role rowan@leadership.example directory-managers --revoke",
    )
)
@click.argument("reference", metavar="ADDRESS|UID")
@click.argument("role", metavar="ROLE", type=click.Choice((DIRECTORY_MANAGERS,)))
@click.option("--revoke", is_flag=True, help="End the role instead.")
@as_json
@pass_tools
def role(tools: Tools, reference: str, role: str, revoke: bool, as_json: bool) -> None:
    """Grant a person a role, or end it.

    ROLE is directory-managers: they see the desk and act there. The act is written into the ledger.
    """
    directory = tools.directory
    found = find_person(directory, reference)
    changed = (found.uid in directory.groups.members(role)) == revoke
    if changed:
        with tools.store.transaction() as tx:  # no role without its entry in the ledger
            event = "role ended" if revoke else "role granted"
            ledger.append(tx, event, operator(), found.uid, {"role": role}, tools.clock())
            (directory.groups.revoke if revoke else directory.groups.grant)(role, found.uid)
    data = {"uid": found.uid, "role": role, "held": not revoke, "changed": changed}
    words = "no longer holds" if revoke else "holds"
    show(data, f"{found.full_name} {words} the role {role}{'' if changed else ', as before'}.", as_json)


for command in (
    *person_by_hand.COMMANDS,
    *person_facts.COMMANDS,
    *person_suspension.COMMANDS,
    *person_erasure.COMMANDS,
    *person_seals.COMMANDS,
    *person_grants.COMMANDS,
    *person_links.COMMANDS,
):
    person.add_command(command)


def _text(person: Person, posts: list[tuple[Post, Tenure]], roles: list[str], offices: list[str]) -> str:
    lines = [
        person.display_name or person.full_name,
        f"  uid           {person.uid}",
        f"  status        {person.status}{', sealed' if person.sealed else ''}",
    ]
    facts = {
        "post": "; ".join(f"{post.title} ({_days(tenure)})" for post, tenure in posts),
        "organisation": person.organisation_name,
        "mail": ", ".join(person.mail),
        "telephone": ", ".join(person.telephone),
        "mobile": ", ".join(person.mobile),
        "shown to": ", ".join(person.show) or "nobody",
        "signs in as": person.sign_in_address,
        "linked to": "nobody: the last was cut off" if was_cut_off(person) else ", ".join(keys_of(person)),
        "from feed": " ".join(part for part in (person.feed, person.feed_part, person.feed_key) if part),
        "disputed": "; ".join(f"{of}: {each.says}" for of, each in disputes_of(person).items()),
        "roles": ", ".join(roles),
        "offices": ", ".join(offices),
    }
    return "\n".join([*lines, *(f"  {name:<12}  {value}" for name, value in facts.items() if value)])


def _days(tenure: Tenure) -> str:
    since = f" since {tenure.first_day.isoformat()}" if tenure.first_day else ""
    until = f" until {tenure.last_day.isoformat()}" if tenure.last_day else ""
    return f"{tenure.kind}{since}{until}"
