"""Writes docs/settings.md from the settings classes, so that the page can't fall behind the code.

python -m dev.settings_page >docs/settings.md
"""

import sys

from counterpart.settings import every_setting

HEAD = """# Settings

Made from the code by `make docs`; `tests/rules/test_settings.py` compares the two.

Every setting is an environment variable, or a line `NAME=value` in the file that `COUNTERPART_SETTINGS`
names (without it, `var/counterpart.env` in the working directory, where that exists). The environment wins.
A secret is never a setting: a setting names the file that holds it. A wrong or misspelt setting stops the
start with one line that names it.
"""


def page() -> str:
    """Return the whole page: one table an area, each row a name, its default and what it means."""
    lines, area = [HEAD], ""
    for setting in every_setting():
        found = setting.name.split("_")[1].lower()
        if found != area:
            area = found
            lines.append(f"\n## {area.capitalize()}\n\n| name | default | what it means |\n|---|---|---|")
        default = f"`{setting.default}`" if setting.default else "empty"
        lines.append(f"| `{setting.name}` | {default} | {setting.meaning} ({setting.kind}) |")
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    sys.stdout.write(page())
