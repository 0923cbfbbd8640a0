"""Error responses as `application/problem+json` (RFC 9457), with the name of the field at fault if there is one."""

from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
from aiohttp import web
from mode.utils.logging import get_logger

from recomind.errors import RefusedError, UnavailableError
from recomind.errors.circuit_breaker import unavailable_servers
from recomind.model.events import faulty_field
from recomind.model.responses import Problem
from recomind.model.text import InvalidFieldError
from recomind_web.headers import DEGRADED_HEADER

logger = get_logger(__name__)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

RETRY_AFTER_S: Final = "2"
"""Value of `Retry-After` in a 503 response, in seconds."""

PRESERVED_HEADERS: Final = ("Allow", "Retry-After", "WWW-Authenticate")
"""Headers of an aiohttp error that are copied to the response."""


class BadRequestError(Exception):
    """The request is invalid; `field` names the field or parameter at fault, if there is one."""

    def __init__(self, detail: str, field: str | None = None) -> None:
        super().__init__(detail)
        self.field = field


@web.middleware
async def problem_json_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn exceptions into problem responses, and list unavailable servers in `X-RecoMind-Degraded`."""
    unavailable: set[str] = set()
    unavailable_servers.set(unavailable)
    response = await _handle(request, handler)
    if unavailable and not response.prepared:
        response.headers[DEGRADED_HEADER] = ", ".join(sorted(unavailable))
    if not response.prepared and not request.content.is_eof():
        response.force_close()  # the rest of the body is not worth waiting for
    return response


async def _handle(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return problem_response(error.status, error.reason, _detail(error), headers=_preserved_headers(error))
    except (BadRequestError, InvalidFieldError) as error:
        return problem_response(400, "Bad Request", str(error), error.field)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return problem_response(400, "Bad Request", str(error), faulty_field(str(error)))
    except UnavailableError as error:
        return problem_response(503, "Service Unavailable", str(error), headers={"Retry-After": RETRY_AFTER_S})
    except ConnectionResetError:  # the client has gone, or reads too slowly
        raise
    except Exception as error:
        logger.exception("%s %s failed", request.method, request.path)
        detail = str(error) if isinstance(error, RefusedError) else "internal error: see the worker's log"
        return problem_response(500, "Internal Server Error", detail)


def problem_response(
    status: int, title: str, detail: str, field: str | None = None, headers: dict[str, str] | None = None
) -> web.Response:
    """A response with a problem document as its body."""
    body = msgspec.json.encode(Problem(status=status, title=title, detail=detail, field=field))
    return web.Response(body=body, status=status, content_type="application/problem+json", headers=headers)


def _detail(error: web.HTTPException) -> str:
    """What is wrong, in words; aiohttp's own texts only repeat the status."""
    if isinstance(error, web.HTTPMethodNotAllowed):
        return f"{error.method} is not possible here: use {' or '.join(sorted(error.allowed_methods))}"
    if isinstance(error, web.HTTPNotFound) and error.text == f"404: {error.reason}":
        return "there is nothing at this path: see /docs"
    return error.text or ""


def _preserved_headers(error: web.HTTPException) -> dict[str, str]:
    return {name: error.headers[name] for name in PRESERVED_HEADERS if name in error.headers}
