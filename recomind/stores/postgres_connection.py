"""Addresses of PostgreSQL: what libpq understands and asyncpg does not, and poolers in front of the server.

asyncpg passes each parameter of an address that it does not know to the server, which then refuses the connection.
"""

from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import asyncpg

from recomind.errors import SettingsError
from recomind.settings import TRANSACTION_POOLING
from recomind.stores.sql import QUERIES

REQUEST_TIMEOUT_S: Final = 1.0
"""Time in which PostgreSQL must answer a query that an HTTP request waits for, and again to release the connection."""

IGNORED_PARAMETERS: Final = frozenset(
    {
        *("fallback_application_name", "gssdelegation", "gssencmode", "load_balance_hosts", "scram_client_key"),
        *("keepalives", "keepalives_count", "keepalives_idle", "keepalives_interval", "tcp_user_timeout"),
        *("scram_server_key", "sslcertmode", "sslcompression", "sslkeylogfile", "sslsni"),
    }
)
"""Parameters of libpq that do not change what a connection does or how safe it is: they are left out."""

REFUSED_PARAMETERS: Final = frozenset(
    {"hostaddr", "replication", "require_auth", "requirepeer", "requiressl", "service", "sslcrldir", "sslnegotiation"}
)
"""Parameters of libpq that would change it, and that asyncpg does not have."""

POOLER_ERRORS: Final = (asyncpg.DuplicatePreparedStatementError, asyncpg.InvalidSQLStatementNameError)
"""What a statement raises if a pooler has moved the connection to another session between two transactions."""

POOLER_ADVICE: Final = (
    "PostgreSQL is behind a pooler in transaction mode, such as PgBouncer: set RECOMIND_POSTGRES_POOLING=transaction"
)


def connection_options(dsn: str, pooling: str) -> dict[str, Any]:
    """The arguments of `asyncpg.create_pool` for an address as libpq reads it.

    Raises:
        SettingsError: a parameter cannot be respected; the message names it.

    >>> connection_options("postgresql://u@h/db?sslmode=require&connect_timeout=5&keepalives=1", "session")
    {'dsn': 'postgresql://u@h/db?sslmode=require', 'timeout': 5.0}
    """
    parts, options = urlsplit(dsn), dict[str, Any]()
    passed = []
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name == "connect_timeout":
            options["timeout"] = _seconds(value)
        elif name in REFUSED_PARAMETERS or (name == "channel_binding" and value == "require"):
            raise SettingsError(_refusal(name, value))
        elif name not in IGNORED_PARAMETERS and name != "channel_binding":
            passed.append((name, value))
    if pooling == TRANSACTION_POOLING:
        options["statement_cache_size"] = 0
    return {"dsn": urlunsplit(parts._replace(query=urlencode(passed, safe="/:@"))), **options}


async def check_pooling(pool: Any) -> None:
    """Find out whether connections have a session each. They are asked in turn, so that a pooler needs one only.

    Raises:
        SettingsError: two connections share a session, so statements that are prepared in it are mixed up.
    """
    async with pool.acquire() as first, pool.acquire() as second:
        try:
            sessions = [await connection.fetchval(QUERIES["session_id"]) for connection in (first, second)]
        except POOLER_ERRORS as error:
            raise SettingsError(POOLER_ADVICE) from error
    if sessions[0] == sessions[1]:
        raise SettingsError(POOLER_ADVICE)


def _seconds(value: str) -> float | None:
    """The timeout that `connect_timeout` means; None is for ever, which libpq writes as zero or less."""
    try:
        seconds = float(value)
    except ValueError as error:
        raise SettingsError(f"RECOMIND_POSTGRES_DSN: connect_timeout={value} is not a number of seconds") from error
    return seconds if seconds > 0 else None


def _refusal(name: str, value: str) -> str:
    if name == "channel_binding":
        advice = "remove it, and let sslmode=verify-full with sslrootcert check whom the worker talks to"
        return f"RECOMIND_POSTGRES_DSN: channel_binding={value} is not supported: {advice}"
    return f"RECOMIND_POSTGRES_DSN: the parameter {name} is not supported: remove it"


UNREACHABLE_ERRORS: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    OSError,
    TimeoutError,
)
"""Errors that mean that PostgreSQL is away. An error in a statement is none of them and is raised as it is."""


CONNECTION_ERRORS: Final = (asyncpg.InterfaceError, asyncpg.InternalClientError)
"""Errors of asyncpg when a connection is closed, also at the start of a statement."""


class PooledConnection(asyncpg.Connection):  # type: ignore[misc]  # asyncpg ships no types
    """A connection that is released without a reset statement: our statements leave nothing in the session."""

    def get_reset_query(self) -> str:
        """No statement. The pool still rolls back an open transaction."""
        return ""
