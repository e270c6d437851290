"""Run by Alembic for each upgrade."""

from alembic import context
from sqlalchemy import create_engine, event, pool

from bus.tables import METADATA

engine = create_engine(context.config.attributes["url"], poolclass=pool.NullPool)
if engine.dialect.name == "sqlite":

    @event.listens_for(engine, "connect")
    def _durable(connection: object, record: object) -> None:
        connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;")  # type: ignore[attr-defined]


with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=METADATA, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
