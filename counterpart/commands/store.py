"""`counterpart migrate`: makes or updates the store's tables."""

import click

from counterpart.commands.common import Tools, as_json, example, pass_tools, show
from store import migration
from store.database import Store


@click.command(epilog=example("counterpart migrate"))
@as_json
@pass_tools
def migrate(tools: Tools, as_json: bool) -> None:
    """Make the store's tables, or bring them to this version.

    Does nothing when they are there already. All of it happens in one transaction.
    """
    store = Store.open(tools.settings.store)
    try:
        migration.migrate(store)
        store.check()
    finally:
        store.close()
    show({"store": store.place}, f"The store {store.place} is ready.", as_json)
