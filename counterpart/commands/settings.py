"""`counterpart settings`: every setting, what it is now and what it means."""

from dataclasses import asdict

import click

from counterpart.commands.common import Tools, as_json, example, pass_tools, show
from counterpart.settings import Setting, every_setting, values


@click.command(epilog=example("counterpart settings"))
@as_json
@pass_tools
def settings(tools: Tools, as_json: bool) -> None:
    """Show every setting, its value now and what it means."""
    now = values(tools.settings)
    listed = [asdict(setting) | {"value": now[setting.name]} for setting in every_setting()]
    show(listed, "\n\n".join(_entry(setting, now[setting.name]) for setting in every_setting()), as_json)


def _entry(setting: Setting, value: str) -> str:
    changed = "" if value == setting.default else f"   (default: {setting.default or 'empty'})"
    return f"{setting.name}={value}{changed}\n{click.wrap_text(setting.meaning, 76, '    ', '    ')}"
