"""HTTP connections of the client: API key, retries while workers are busy, and errors from responses."""

import time
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec
import urllib3
from urllib3.exceptions import HTTPError

from recomind.errors import ApiError, BusyError, KeyRefusedError, RequestError, UnreachableError
from recomind.model.responses import Problem
from recomind.model.text import DOTS_MARK

RETRY_STATUSES: Final = (429, 503)
"""Statuses after which a request is retried."""

MAX_RETRIES: Final = 4
"""Retries per request, after the time in `Retry-After`, else after 0.3, 0.6, 1.2, ... seconds."""

RETRY_BACKOFF_S: Final = 0.3

STREAM_TIMEOUT_S: Final = 30.0
"""Seconds without data after which a stream counts as broken; a worker sends something every 10 seconds."""

RECONNECT_DELAY_S: Final = 1.0
"""Seconds before a stream that has ended is opened again."""

MAX_CONNECTIONS: Final = 16


class Connection:
    """Pooled connections to a worker or a load balancer."""

    def __init__(self, base: str, key: str | None, timeout: float) -> None:
        self._base = base.rstrip("/")
        self._timeout = timeout
        retries = urllib3.Retry(
            MAX_RETRIES,
            backoff_factor=RETRY_BACKOFF_S,
            status_forcelist=RETRY_STATUSES,
            allowed_methods=None,
            raise_on_status=False,
        )
        headers = {"X-API-Key": key} if key else None
        self._pool = urllib3.PoolManager(headers=headers, retries=retries, maxsize=MAX_CONNECTIONS)

    def close(self) -> None:
        """Close all connections."""
        self._pool.clear()

    def request(
        self, method: str, path: str, query: Mapping[str, Any] | None = None, body: Any = None, *, retry: bool = True
    ) -> urllib3.BaseHTTPResponse:
        """Send a request and read the whole response.

        Args:
            method: HTTP method.
            path: URL path below the base address, quoted.
            query: query parameters; those that are None are left out. A tuple becomes a parameter for each item.
            body: sent as JSON.
            retry: whether to retry while the workers are busy.

        Raises:
            ApiError: the response is an error, or there was none.
        """
        encoded = None if body is None else msgspec.json.encode(body)
        response = self._request(method, path, query, encoded, {} if retry else {"retries": False})
        _raise_for_status(response)
        return response

    def stream_events(self, path: str, query: Mapping[str, Any] | None = None) -> Iterator[tuple[str, bytes]]:
        """Server-sent events as (name, data), without end: the stream is reopened when it ends or breaks.

        Raises:
            ApiError: it cannot be opened.
        """
        while True:
            options = {"preload_content": False, "timeout": STREAM_TIMEOUT_S}
            response = self._request("GET", path, query, None, options)
            try:
                _raise_for_status(response)
                yield from _parse_events(response)
            finally:
                response.close()
            time.sleep(RECONNECT_DELAY_S)

    def _request(
        self, method: str, path: str, query: Mapping[str, Any] | None, body: bytes | None, options: dict[str, Any]
    ) -> urllib3.BaseHTTPResponse:
        parameters = [(name, value) for name, value in (query or {}).items() if value is not None]
        url = f"{self._base}{path}{'?' if parameters else ''}{urlencode(parameters, doseq=True)}"
        try:
            return self._pool.request(method, url, body=body, **{"timeout": self._timeout, **options})
        except HTTPError as error:
            raise UnreachableError(self._base, error) from error


def _parse_events(response: urllib3.BaseHTTPResponse) -> Iterator[tuple[str, bytes]]:
    name = ""
    try:
        for line in response:
            if line.startswith(b"event: "):
                name = line[7:].strip().decode()
            elif line.startswith(b"data: "):
                yield name, line[6:].strip()
    except HTTPError:
        return  # the stream broke: the caller reopens it


def _raise_for_status(response: urllib3.BaseHTTPResponse) -> None:
    """Raise the error that an unsuccessful response stands for."""
    status = response.status
    if status < 300:
        return
    try:
        problem = msgspec.json.decode(response.data, type=Problem)
    except msgspec.MsgspecError:  # not from a worker, but from a proxy or load balancer
        problem = Problem(status=status, title=response.reason or "", detail=response.data.decode(errors="replace"))
    types: dict[int, type[ApiError]] = {401: KeyRefusedError, 403: KeyRefusedError, 429: BusyError, 503: BusyError}
    error_type = types.get(status, RequestError if status < 500 else ApiError)
    raise error_type(status, problem.detail or problem.title, problem.field)


def quoted(segment: str) -> str:
    """A segment of a path. The ids "." and ".." get a mark, as they mean folders, also when they are quoted."""
    return quote(DOTS_MARK + segment if segment in (".", "..") else segment, safe="")
