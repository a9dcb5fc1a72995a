"""Alembic's entry: migrate over the connection that the collector already holds."""

from __future__ import annotations

from alembic import context

import patchtrail.collector.forgetting_tables
import patchtrail.collector.pattern_tables
import patchtrail.collector.qa_tables  # noqa: F401 -- its tables join the metadata
from patchtrail.collector.tables import metadata

__all__: list[str] = []

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
