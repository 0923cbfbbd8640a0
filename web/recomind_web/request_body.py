"""Read the body of a request: bounded in size and time, compressed or not.

Only handlers read bodies, so the API key of a request has been checked before. A compressed body is inflated after it
has been read, in a thread, and no further than the limit.
"""

import asyncio
import zlib
from typing import Final

from aiohttp import web

from recomind_web.problem_json import BadRequestError

BODY_TIMEOUT_S: Final = 30.0
"""Seconds in which a client must send the body of a request."""

MAX_BYTES_READ: Final = 64 << 20
"""Bytes of bodies that a worker holds at most while they are being read."""

GZIP: Final = 31
ZLIB: Final = 15
RAW_DEFLATE: Final = -15
"""Formats, as the window bits that zlib takes."""

FORMATS: Final = {"gzip": (GZIP,), "x-gzip": (GZIP,), "deflate": (ZLIB, RAW_DEFLATE)}
"""Content coding to its formats: with `deflate` some clients mean zlib's format, others the bare one."""


class TooLargeError(ValueError):
    """The inflated body is larger than the limit."""


class BodyReader:
    """Reads bodies, and knows how many bytes are being held."""

    def __init__(self, max_bytes: int, timeout_s: float = BODY_TIMEOUT_S, max_total: int = MAX_BYTES_READ) -> None:
        self._max_bytes, self._timeout_s, self._max_total = max_bytes, timeout_s, max_total
        self._held = 0

    async def read(self, request: web.Request) -> bytes:
        """The body of a request, inflated.

        Raises:
            BadRequestError: the body is not of the coding that the request names, or that coding is unknown.
            web.HTTPException: it is too large (413), comes too slowly (408), or too many bodies are being read (503).
        """
        coding = request.headers.get("Content-Encoding", "").strip().lower()
        if coding not in {"", "identity", *FORMATS}:
            raise BadRequestError(f"the Content-Encoding {coding[:40]!r} is not supported: send gzip, deflate or none")
        if (request.content_length or 0) > self._max_bytes:
            raise self._too_large()
        body = await self._read(request)
        if coding not in FORMATS or not body:
            return body
        try:
            return await asyncio.to_thread(inflate, body, FORMATS[coding], self._max_bytes)
        except TooLargeError as error:
            raise self._too_large() from error
        except zlib.error as error:
            raise BadRequestError(f"the body is not {coding}, though Content-Encoding says so: {error}") from error

    async def _read(self, request: web.Request) -> bytes:
        body = bytearray()
        try:
            async with asyncio.timeout(self._timeout_s):
                while chunk := await request.content.readany():
                    self._held += len(chunk)
                    body += chunk
                    self._check_sizes(len(body))
        except TimeoutError as error:
            raise web.HTTPRequestTimeout(text=f"the body did not come within {self._timeout_s:g} s") from error
        except (web.RequestPayloadError, ConnectionError) as error:
            raise BadRequestError(f"the body cannot be read: {error}") from error
        finally:
            self._held -= len(body)
        return bytes(body)

    def _check_sizes(self, length: int) -> None:
        if length > self._max_bytes:
            raise self._too_large()
        if self._held > self._max_total:
            raise web.HTTPServiceUnavailable(
                text="too many large bodies are being read: try again", headers={"Retry-After": "2"}
            )

    def _too_large(self) -> web.HTTPException:
        text = f"the body is larger than {self._max_bytes} bytes, the limit that RECOMIND_BODY_LIMIT sets"
        return web.HTTPRequestEntityTooLarge(self._max_bytes, text=text)


def inflate(body: bytes, formats: tuple[int, ...], max_bytes: int) -> bytes:
    """Inflate a body of the first of the formats that fits; never more than `max_bytes` and one byte.

    Raises:
        TooLargeError: it holds more.
        zlib.error: it has none of the formats, or ends too early.
    """
    for window_bits in formats[:-1]:
        try:
            return _inflate(body, window_bits, max_bytes)
        except zlib.error:
            continue
    return _inflate(body, formats[-1], max_bytes)


def _inflate(body: bytes, window_bits: int, max_bytes: int) -> bytes:
    found = bytearray()
    while body:  # gzip allows several parts, one after the other
        decompressor = zlib.decompressobj(window_bits)
        found += decompressor.decompress(body, max_bytes + 1 - len(found))
        if len(found) > max_bytes:
            raise TooLargeError
        if not decompressor.eof:
            raise zlib.error("it ends too early")
        body = decompressor.unused_data
    return bytes(found)
