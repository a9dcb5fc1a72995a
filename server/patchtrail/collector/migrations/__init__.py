"""Alembic's migrations of the collector's database."""

__all__: list[str] = []
