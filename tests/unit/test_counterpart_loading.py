"""What each group of commands loads before it does anything: what its commands need, and not the portal.

The rule: a module loads at its top what it is for. A library that takes long to load and that most calls of
the command don't need is loaded in the function that needs it, with the reason. Every command loads
`counterpart/commands/common.py`, so that loads each of its tools when the tool is asked for.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Each takes a hundredth of a second or more, some ten times that.
SLOW = (
    "alembic asyncssh cryptography.x509 flask granian jinja2 ldap3 lxml onelogin phonenumbers PIL "
    "prometheus_client python_calamine redis scim2_models sqlalchemy sqlalchemy.dialects.postgresql tantivy"
).split()
FEEDS = {"sqlalchemy", "ldap3", "phonenumbers"}
PORTAL = set(SLOW) - {"alembic", "asyncssh", "PIL", "python_calamine", "scim2_models"}
MAY_LOAD = {
    "": set(),
    "settings": set(),
    "ledger": {"sqlalchemy"},
    "search": {"ldap3", "tantivy"},
    "sync": FEEDS,
    "scim": FEEDS,
    "device": {"sqlalchemy", "ldap3", "jinja2"},
    "person": FEEDS | {"cryptography.x509", "jinja2", "lxml", "onelogin"},
    "serve": PORTAL - {"sqlalchemy.dialects.postgresql"},
    "worker": FEEDS | {"cryptography.x509", "jinja2", "lxml", "onelogin", "PIL"},
}
# Each group in a child of a process that has loaded none of them: loading Python and click once is enough.
LOOK = """
import json, os, sys
import click
from counterpart import command
for group in json.loads(sys.argv[1]):
    if not os.fork():
        command.root.get_command(click.Context(command.root), group)
        print(json.dumps([group, sorted(sys.modules)]), flush=True)
        os._exit(0)
    os.wait()
"""


@pytest.fixture(scope="module")
def loaded() -> dict[str, set[str]]:
    command = [sys.executable, "-c", LOOK, json.dumps(list(MAY_LOAD))]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=120)
    return {group: set(modules) for group, modules in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize("group", MAY_LOAD)
def test_a_group_of_commands_loads_what_it_is_for(loaded: dict[str, set[str]], group: str) -> None:
    too_much = (loaded[group] & set(SLOW)) - MAY_LOAD[group]
    assert not too_much, (
        f"`counterpart {group}` loads {sorted(too_much)} before it knows whether that is needed: load it "
        "where it is used (python -X importtime says who loads it), or allow it here if every call needs it"
    )
    assert MAY_LOAD[group] <= loaded[group], "what it no longer loads need not be allowed"
