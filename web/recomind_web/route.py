"""A route: method, path, handler, parameters, and the types of bodies."""

from collections.abc import Callable
from typing import Any, NamedTuple

from aiohttp import web

from recomind.runtime.api_keys import READ, WRITE


class Route(NamedTuple):
    """One endpoint."""

    method: str
    path: str
    handler: Callable[[web.Request], Any]
    response_type: Any = None
    """Type of the JSON body of the response."""
    body_type: Any = None
    """Type of the JSON body of the request."""
    status: int = 200
    has_n: bool = False
    """Whether it has the parameter `n`; likewise `window` (with `tag`), `after`, `exclude` and `cursor`."""
    has_window: bool = False
    has_after: bool = False
    has_exclude: bool = False
    has_cursor: bool = False
    has_scenario: bool = False
    """Whether it has the parameters `scenario` and `filter`, and those of the local context; likewise `ranker`."""
    has_ranker: bool = False
    has_country: bool = False
    has_since: bool = False
    media_type: str = "application/json"
    """Media type of the response."""
    other_statuses: tuple[int, ...] = ()
    """Further statuses, beside those that follow from the other fields."""
    response_headers: tuple[str, ...] = ()
    """RecoMind's own headers of the response."""
    scope: str | None = None
    """The scope that a key needs; `PUBLIC`: no key is needed; None: `read` for GET, `write` for other methods."""

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods that are served: HEAD wherever GET is, by the same handler."""
        return ("GET", "HEAD") if self.method == "GET" else (self.method,)

    @property
    def required_scope(self) -> str:
        """The scope that a key needs."""
        return (READ if self.method == "GET" else WRITE) if self.scope is None else self.scope
