"""A web server on loopback that answers as a test says, and remembers what it was asked.

with serving() as registry:
    registry.on("GET", "/v2/app/manifests/1", Answer(200, b"{}"))          always
    registry.on("GET", "/v2/app/blobs/x", Answer(503), Answer(200))        one after the other, the last one for ever
    registry.on("HEAD", "/v2/", lambda seen: Answer(401 if not seen.headers.get("authorization") else 200))
"""

import contextlib
import http.server
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from support.waiting import SLOW

_TLS_HANDSHAKE = b"\x16"


class Answer(NamedTuple):
    """What the server sends."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    cut_after: int | None = None
    """Bytes of the body after which the connection is closed."""
    dropped: bool = False
    """Nothing at all is sent."""
    stalled: bool = False
    """Nothing is sent until the server ends."""
    dripping: bool = False
    """The length is not told: the body is sent in chunks, for ever again."""


class Seen(NamedTuple):
    """What it was asked."""

    method: str
    path: str
    """Without the query."""
    query: dict[str, list[str]]
    headers: dict[str, str]
    """By names in lower case."""
    body: bytes


Reply = Answer | Callable[[Seen], Answer]


class FakeRegistry(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """The server; `serving` makes and ends it."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.context = context
        self.seen: list[Seen] = []
        self.ended = threading.Event()
        self._replies: dict[tuple[str, str], list[Reply]] = {}
        self._lock = threading.Lock()

    @property
    def host(self) -> str:
        """127.0.0.1:PORT."""
        return f"127.0.0.1:{self.server_address[1]}"

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"{'https' if self.context else 'http'}://{self.host}"

    def on(self, method: str, path: str, *replies: Reply) -> None:
        """Say what is answered; to anything else it is 404."""
        self._replies[method, path] = list(replies)

    def asked(self, method: str, path: str) -> list[Seen]:
        """All requests of this kind so far."""
        return [seen for seen in self.seen if (seen.method, seen.path) == (method, path)]

    def reply(self, seen: Seen) -> Answer:
        """The answer to a request, which is remembered."""
        with self._lock:
            self.seen.append(seen)
            left = self._replies.get((seen.method, seen.path), [Answer(404)])
            reply = left.pop(0) if len(left) > 1 else left[0]
        return reply(seen) if callable(reply) else reply

    def get_request(self) -> tuple[Any, Any]:
        """Each connection gets an end, so that a broken client does not keep a test."""
        connection, address = super().get_request()
        connection.settimeout(30 * SLOW)
        return connection, address

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Hand a connection to its handler; a client that speaks TLS to a plain server is told that by Go's answer."""
        with contextlib.suppress(OSError):  # the client is gone, or does not trust the certificate
            if self.context is None and request.recv(1, socket.MSG_PEEK) == _TLS_HANDSHAKE:
                request.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")
                return
            wrapped = self.context.wrap_socket(request, server_side=True) if self.context else request
            super().finish_request(wrapped, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is none of the test's business."""


class _Handler(http.server.BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: FakeRegistry

    def do(self) -> None:
        """One request."""
        url = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.server.reply(Seen(self.command, url.path, parse_qs(url.query), headers, self._body()))
        if answer.stalled:
            self.server.ended.wait(30 * SLOW)
        if answer.dropped or answer.stalled:
            self.close_connection = True
            return
        self._send(answer)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do  # noqa: N815 - http.server's names

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.send_header(
            *(("Transfer-Encoding", "chunked") if answer.dripping else ("Content-Length", str(len(answer.body))))
        )
        self.end_headers()
        while answer.dripping and not self.server.ended.is_set():
            self.wfile.write(b"%x\r\n%s\r\n" % (len(answer.body), answer.body))
        if self.command != "HEAD":
            self.wfile.write(answer.body[: answer.cut_after])
        self.close_connection = self.close_connection or answer.cut_after is not None

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        pieces = []
        while size := int(self.rfile.readline(), 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[FakeRegistry]:
    """A server until the end of the block."""
    with FakeRegistry(context) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.ended.set()
            server.shutdown()
            thread.join()
