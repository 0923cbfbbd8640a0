"""Errors as `application/problem+json` (RFC 9457), with the field at fault where there is one."""

from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
from aiohttp import web
from mode.utils.logging import get_logger

from recomind.errors import UnavailableError
from recomind.errors.circuit_breaker import missed
from recomind.model.events import InvalidActionError, fault_of
from recomind.model.responses import Problem

logger = get_logger(__name__)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

DEGRADED: Final = "X-RecoMind-Degraded"
"""Header: the servers that are away, where an answer had to do without them."""

RETRY_AFTER: Final = "2"
"""Seconds after which a client may try again what could not be done."""


class BadRequestError(Exception):
    """The request cannot be understood; names the field where one is at fault."""

    def __init__(self, detail: str, field: str | None = None) -> None:
        super().__init__(detail)
        self.field = field


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn errors into problems, and say which servers an answer had to do without."""
    away: set[str] = set()
    missed.set(away)
    answer = await _answered(request, handler)
    if away and not answer.prepared:
        answer.headers[DEGRADED] = ", ".join(sorted(away))
    return answer


async def _answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return problem(error.status, error.reason, error.text or "", headers=_kept(error))
    except (BadRequestError, InvalidActionError) as error:
        return problem(400, "Bad Request", str(error), error.field)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return problem(400, "Bad Request", str(error), fault_of(str(error)))
    except UnavailableError as error:
        return problem(503, "Service Unavailable", str(error), headers={"Retry-After": RETRY_AFTER})
    except Exception:
        logger.exception("%s %s failed", request.method, request.path)
        return problem(500, "Internal Server Error", "the worker's log has the cause")


def problem(
    status: int, title: str, detail: str, field: str | None = None, headers: dict[str, str] | None = None
) -> web.Response:
    """The answer that tells a problem."""
    body = msgspec.json.encode(Problem(status=status, title=title, detail=detail, field=field))
    return web.Response(body=body, status=status, content_type="application/problem+json", headers=headers)


def _kept(error: web.HTTPException) -> dict[str, str]:
    """Headers of an error that its problem keeps."""
    return {name: error.headers[name] for name in ("Allow", "Retry-After", "WWW-Authenticate") if name in error.headers}
