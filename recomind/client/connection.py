"""How the client asks: with its key, again while the workers are busy, and with every refusal turned into an error."""

import time
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
import urllib3
from urllib3.exceptions import HTTPError

from recomind.errors import ApiError, BusyError, KeyRefusedError, RequestError, UnreachableError
from recomind.model.responses import Problem

BUSY: Final = (429, 503)
"""Statuses after which it makes sense to try again."""

TRIES: Final = 4
"""How often a request is made again, at the time that `Retry-After` tells, else after 0.3, 0.6, 1.2, ... seconds."""

SILENCE: Final = 30.0
"""Seconds without a word after which a stream is taken for broken; a worker says something every ten."""

AGAIN: Final = 1.0
"""Seconds until a stream that has ended is opened again."""


class Connection:
    """Connections to a worker, or to what stands before several."""

    def __init__(self, base: str, key: str | None, timeout: float) -> None:
        self._base = base.rstrip("/")
        self._timeout = timeout
        again = urllib3.Retry(
            TRIES, backoff_factor=0.3, status_forcelist=BUSY, allowed_methods=None, raise_on_status=False
        )
        headers = {"X-API-Key": key} if key else None
        self._pool = urllib3.PoolManager(headers=headers, retries=again, maxsize=16)

    def close(self) -> None:
        """Close what is open."""
        self._pool.clear()

    def ask(
        self, method: str, path: str, query: Mapping[str, Any] | None = None, body: Any = None, *, patient: bool = True
    ) -> urllib3.BaseHTTPResponse:
        """Ask, and read the whole answer; parts of the query that are None are left out.

        Args:
            method: HTTP's.
            path: below the base address, quoted.
            query: name to value.
            body: sent as JSON.
            patient: whether to try again while the workers are busy.

        Raises:
            ApiError: the answer is no; see its kinds.
        """
        encoded = None if body is None else msgspec.json.encode(body)
        response = self._request(method, path, query, encoded, {} if patient else {"retries": False})
        _check(response)
        return response

    def follow(self, path: str, query: Mapping[str, Any] | None = None) -> Iterator[tuple[str, bytes]]:
        """The events of a stream as (name, data), without end: it is opened again when it ends or breaks off.

        Raises:
            ApiError: it cannot be opened.
        """
        while True:
            response = self._request("GET", path, query, None, {"preload_content": False, "timeout": SILENCE})
            try:
                _check(response)
                yield from _events(response)
            finally:
                response.close()
            time.sleep(AGAIN)

    def _request(
        self, method: str, path: str, query: Mapping[str, Any] | None, body: bytes | None, options: dict[str, Any]
    ) -> urllib3.BaseHTTPResponse:
        fields = {name: str(value) for name, value in (query or {}).items() if value is not None}
        url = f"{self._base}{path}{'?' if fields else ''}{urlencode(fields)}"
        try:
            return self._pool.request(method, url, body=body, **{"timeout": self._timeout, **options})
        except HTTPError as error:
            raise UnreachableError(self._base, error) from error


def _events(response: urllib3.BaseHTTPResponse) -> Iterator[tuple[str, bytes]]:
    name = ""
    try:
        for line in response:
            if line.startswith(b"event: "):
                name = line[7:].strip().decode()
            elif line.startswith(b"data: "):
                yield name, line[6:].strip()
    except HTTPError:
        return  # it has broken off: the caller opens it again


def _check(response: urllib3.BaseHTTPResponse) -> None:
    """Raise what an answer that says no stands for."""
    status = response.status
    if status < 300:
        return
    try:
        problem = msgspec.json.decode(response.data, type=Problem)
    except msgspec.MsgspecError:  # not from a worker: from what stands before it
        problem = Problem(status=status, title=response.reason or "", detail=response.data.decode(errors="replace"))
    kinds: dict[int, type[ApiError]] = {401: KeyRefusedError, 403: KeyRefusedError, 429: BusyError, 503: BusyError}
    kind = kinds.get(status, RequestError if status < 500 else ApiError)
    raise kind(status, problem.detail or problem.title, problem.field)
