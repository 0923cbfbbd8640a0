"""Requests come before computing: agents compute in short slices while requests are answered."""

from typing import Final

from aiohttp import web

from recomind_web.problem_json import Handler
from recomind_web.request_parsing import app_of

EVENT_STREAMS: Final = "/events/"
"""Paths of responses that do not end: nobody waits for their end."""


@web.middleware
async def time_slices_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer a request, and have the worker's time slices be short meanwhile."""
    if request.path.startswith(EVENT_STREAMS):
        return await handler(request)
    with app_of(request).time_slices.answering():
        return await handler(request)
