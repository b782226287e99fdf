"""Bodies of answers, never more of one than is allowed.

No compression is asked for and none is undone: a blob's digest is of what travels, and a document that is compressed
is no document that anybody asked for.
"""

import time
from collections.abc import Callable
from typing import Final

import httpx

from engine.errors import InvalidInput, Unreachable

DOCUMENT_MAX: Final = 4 << 20
"""Bytes of a manifest, an index, a config, a list of tags."""
ERROR_MAX: Final = 64 << 10
TOKEN_MAX: Final = 64 << 10
SECONDS_MAX: Final = 120.0
"""For all of a document: a server that sends a byte now and then keeps nobody."""

_DESCRIBING_ELSE: Final = ("Content-Encoding", "Transfer-Encoding", "Content-Length")


def whole(answer: httpx.Response, limit: int, clock: Callable[[], float] = time.monotonic) -> httpx.Response:
    """The answer with all of its body, and closed. Raises InvalidInput above `limit` bytes, Unreachable when slow."""
    with_body = answer.request.method != "HEAD"
    try:
        data = _read(answer, limit, clock) if with_body else b""
    finally:
        answer.close()
    headers = answer.headers.copy()
    for name in _DESCRIBING_ELSE if with_body else ():
        headers.pop(name, None)
    return httpx.Response(answer.status_code, headers=headers, content=data, request=answer.request)


def shortened(answer: httpx.Response) -> httpx.Response:
    """The answer with the beginning of its body, as much as an error's words may need, and closed."""
    try:
        return whole(answer, ERROR_MAX)
    except (InvalidInput, Unreachable, httpx.TransportError):
        return httpx.Response(answer.status_code, request=answer.request)


def cut(text: str, limit: int) -> str:
    """At most `limit` characters of a text, and whether there was more."""
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def _read(answer: httpx.Response, limit: int, clock: Callable[[], float]) -> bytes:
    data, end = bytearray(), clock() + SECONDS_MAX
    host = answer.request.url.host
    for piece in answer.iter_raw():
        data += piece
        if len(data) > limit:
            raise InvalidInput(f"{host} sent more than {limit} bytes where a document was asked for")
        if clock() > end:
            raise Unreachable(f"{host} took more than {SECONDS_MAX:.0f} s to send a document", hint="try again later")
    return bytes(data)
