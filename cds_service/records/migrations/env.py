"""Alembic's entry: migrates over the connection that it is handed (cds_service.records.migrate)."""

from alembic import context

from cds_service.records.migrate import VERSION_TABLE
from cds_service.records.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
