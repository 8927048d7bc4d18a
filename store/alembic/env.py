"""Runs migrations inside the connection that `store.migration` opened, so that all of them commit together or
not at all.
"""

from alembic import context

from store.models import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    transactional_ddl=True,  # SQLite can; Alembic assumes that it can't
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
