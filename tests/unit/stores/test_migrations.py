"""Migrations are numbered from 1 without a gap."""

from recomind.stores.migrations import MIGRATIONS, version_of


def test_migrations_are_numbered_from_one_in_order():
    assert [version_of(name) for name in MIGRATIONS] == list(range(1, len(MIGRATIONS) + 1))
    assert next(iter(MIGRATIONS)) == "0001_initial.sql"
