"""`counterpart settings`: every setting, what it is now and what it means."""

from dataclasses import asdict

import click

from counterpart.commands.common import Tools, as_json, example, pass_tools, show
from counterpart.settings import Setting, every_setting, values


@click.command(epilog=example("counterpart settings", "counterpart settings --markdown > docs/settings.md"))
@click.option("--markdown", is_flag=True, help="Print the documentation page instead of the values in force.")
@as_json
@pass_tools
def settings(tools: Tools, as_json: bool, markdown: bool) -> None:
    """Show every setting, its value now and what it means."""
    if markdown:
        click.echo(documentation(), nl=False)
        return
    now = values(tools.settings)
    listed = [asdict(setting) | {"value": now[setting.name]} for setting in every_setting()]
    show(listed, "\n\n".join(_entry(setting, now[setting.name]) for setting in every_setting()), as_json)


def documentation() -> str:
    """The settings as a page of documentation, made from the classes that declare them."""
    rows = [
        f"| `{each.name}` | {each.kind} | {_default(each)} | {each.meaning} |" for each in every_setting()
    ]
    head = [
        "# Settings",
        "",
        "Each is an environment variable, or a line `NAME=value` of the file named by `COUNTERPART_SETTINGS`",
        "(else `var/counterpart.env`). The environment wins. No secret stands here: a setting names the file",
        "that holds it.",
        "This page is printed by `counterpart settings --markdown`; change the classes, not the page.",
        "",
        "| setting | kind | default | meaning |",
        "|---|---|---|---|",
    ]
    return "\n".join([*head, *rows]) + "\n"


def _entry(setting: Setting, value: str) -> str:
    changed = "" if value == setting.default else f"   (default: {setting.default or 'empty'})"
    return f"{setting.name}={value}{changed}\n{click.wrap_text(setting.meaning, 76, '    ', '    ')}"


def _default(setting: Setting) -> str:
    return f"`{setting.default}`" if setting.default else "empty"
