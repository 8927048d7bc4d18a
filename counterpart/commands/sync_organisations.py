"""`counterpart sync match` and `organisations`: what no file can say, said by a named person."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

from counterpart.commands.common import Tools, as_json, example, pass_tools
from counterpart.commands.sync_context import context_of, heal, reason_option, told
from counterpart.refused import Refused
from sync import matching
from sync.answers import NEW
from sync.context import Result
from sync.mapping_reader import load_feed
from sync.reorganising import organisations as reorganise

if TYPE_CHECKING:
    from saml.registry import Registry


@click.command(
    epilog=example(
        "counterpart sync match northern-forces",
        'counterpart sync match northern-forces 4711 --person 3f9a --reason "HR"',
        'counterpart sync match northern-forces 4711 --new --reason "A namesake"',
    )
)
@click.argument("feed", metavar="FEED")
@click.argument("key", required=False, default="")
@click.option("--person", default="", help="The row is this person: a uid of those suggested, or another.")
@click.option("--new", "is_new", is_flag=True, help="The row is somebody whom the directory does not have.")
@click.option("--part", default="", help="The part of the feed, where several ask about the key.")
@reason_option
@as_json
@pass_tools
def match(
    tools: Tools, feed: str, key: str, person: str, is_new: bool, part: str, reason: str, as_json: bool
) -> int:
    """List rows about which a person is asked, or answer one.

    FEED is a mapping file or a feed's id. The people suggested have nearly the row's name or its sign-in
    address; nobody is merged because of it. The feed's next plan goes by the answer, for this key and name.
    """
    named = load_feed(Path(feed)).id if feed.endswith(".toml") else feed
    if not key:
        return told(matching.list_questions(context_of(tools), named), as_json)
    if bool(person) == is_new:
        raise Refused("Say who it is: either --person UID, or --new. Nothing was changed.")
    who = NEW if is_new else person
    return told(matching.answer(context_of(tools), named, key, who, reason, part), as_json)


@click.command(
    epilog=example(
        "counterpart sync organisations december.toml",
        'counterpart sync organisations december.toml --apply --reason "MoG"',
    )
)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--apply", "apply_it", is_flag=True, help="Do it; without this it is only shown.")
@reason_option
@as_json
@pass_tools
def organisations(tools: Tools, file: Path, apply_it: bool, reason: str, as_json: bool) -> int:
    """Rename, merge, split or move organisations, as a map says.

    Nobody leaves or joins by it.

    Former names and codes go on being found, and feeds that send them are understood. A map is a run, and
    `sync undo` takes it back. Leaves with 2 when changes are shown.
    """
    result = reorganise(context_of(tools), file, apply_it, reason)
    if apply_it:
        heal(tools)
    ended = result.data["ended"]
    notes = _silent_providers(tools, ended) if isinstance(ended, Mapping) and ended else []
    return told(
        Result(
            exit_code=result.exit_code,
            text="\n".join([result.text, *notes]),
            data={**result.data, "providers": notes},
        ),
        as_json,
    )


def _silent_providers(tools: Tools, ended: Mapping[str, Sequence[str]]) -> list[str]:
    """Say which identity providers speak for an organisation that ended, and not for its successor."""
    # Loaded here: it is a tenth of what every command of `sync` takes to start.
    registry: Registry = import_module("saml.registry").Registry(tools.store)
    return [
        f"! {each.name} ({each.id}) speaks for an organisation that ended and not for its successor. Its "
        "people can't sign in until its provider file names the successor and `counterpart idp add` took it."
        for each in registry.all()
        if any(
            old in each.organisations and not set(new) & set(each.organisations) for old, new in ended.items()
        )
    ]


COMMANDS = (match, organisations)
