"""The schema of the archive, as numbered SQL files: `0001_initial.sql`, `0002_....sql` and so on.

A released file never changes; to change the schema, add the next one. Write it so that workers of the version before
can go on with the new schema, since a deployment replaces workers one by one.
"""

import re
from importlib.resources import files
from typing import Any, Final

from recomind.errors import NewerEncodingError, SchemaMismatchError
from recomind.stores.sql import QUERIES

STATEMENT_TIMEOUT_S: Final = 600.0
"""Time that a migration may take, and for which a worker waits while another one migrates."""

_FILE_NAME: Final = re.compile(r"(\d{4})_\w+\.sql")


def read_migrations() -> dict[str, str]:
    """File name to statements, in order of version."""
    found = [file for file in files(__name__).iterdir() if _FILE_NAME.fullmatch(file.name)]
    return {file.name: file.read_text() for file in sorted(found, key=lambda file: file.name)}


MIGRATIONS: Final = read_migrations()


def version_of(name: str) -> int:
    """The version of a file.

    >>> version_of("0012_creators.sql")
    12
    """
    return int(name.partition("_")[0])


async def migrate(connection: Any) -> None:
    """Bring a database to the latest version, one transaction per file; workers that start together take turns.

    Raises:
        NewerEncodingError: the database has a later version than the last file.
        SchemaMismatchError: somebody else created tables of our names that do not fit.
    """
    async with connection.transaction():  # with the lock: columns of tables that another worker creates appear late
        await connection.execute(QUERIES["lock_schema"], timeout=STATEMENT_TIMEOUT_S)
        repairs = [row[0] for row in await connection.fetch(QUERIES["schema_repairs"])]
    if repairs:
        raise SchemaMismatchError(repairs)
    while await _apply_next(connection):
        pass


async def _apply_next(connection: Any) -> bool:
    """Apply the first file that is later than the database's version; returns False if there is none."""
    async with connection.transaction():
        await connection.execute(QUERIES["lock_schema"], timeout=STATEMENT_TIMEOUT_S)
        await connection.execute(QUERIES["create_schema_migrations"])
        version = await connection.fetchval(QUERIES["schema_version"])
        latest = max(map(version_of, MIGRATIONS))
        if version > latest:
            raise NewerEncodingError("PostgreSQL (table schema_migrations)", str(version), latest)
        name = next((name for name in MIGRATIONS if version_of(name) > version), None)
        if name is None:
            return False
        await connection.execute(MIGRATIONS[name], timeout=STATEMENT_TIMEOUT_S)
        await connection.execute(QUERIES["record_migration"], version_of(name), name)
        return True
