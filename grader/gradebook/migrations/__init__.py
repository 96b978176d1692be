"""Versions of the gradebook's tables, recorded by Alembic in the database."""
