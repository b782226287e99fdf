"""A registry as networks and strangers make it: a proxy on loopback that spoils what it is told to spoil.

Every answer and every request passes whole through memory, so what is spoilt is exact: it says 100 bytes and sends 40.
A fault names the requests that it is for and how many of them; the rest pass untouched. All requests are written down.

    client  --->  FaultProxy  --->  docker-registry
                      |  redirected
                      v
                  Elsewhere, another host to the client, which has what it asks for
"""

import http.client
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import urlsplit

from support.faulty_answers import Answer, Fault, Request

_TIMEOUT_SECONDS: Final = 60
_OF_ONE_HOP: Final = frozenset({"connection", "transfer-encoding", "keep-alive"})
_METHODS: Final = ("GET", "HEAD", "PUT", "POST", "PATCH", "DELETE")


class FaultProxy:
    """One proxy before one registry."""

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream
        """HOST:PORT, plain."""
        self.host = ""
        self.faults: list[Fault] = []
        self.requests: list[Request] = []
        self.ended = threading.Event()
        self._uploads: dict[str, str] = {}
        """Paths of uploads, and with what is behind `?` since the last part: in there docker-registry keeps how far
        an upload is, and takes no question about it with anything older."""
        self._lock = threading.Lock()

    def add(self, *faults: Fault) -> None:
        """Spoil this from now on."""
        with self._lock:
            self.faults += faults

    def fault(self, request: Request) -> Fault | None:
        """Write the request down; the first fault that is for it."""
        with self._lock:
            self.requests.append(request)
            return next((fault for fault in self.faults if fault.is_for(request)), None)

    def ask(self, request: Request, body: bytes) -> Answer:
        """What the registry says to the whole request."""
        path = self._uploads.get(_bare(request.path), request.path) if request.method == "GET" else request.path
        answer = _ask(self.upstream, replace(request, path=path), body)
        if request.method == "PATCH" and "location" in answer.headers:
            parts = urlsplit(answer.headers["location"])
            self._uploads[parts.path] = f"{parts.path}?{parts.query}"
        return answer

    def asked(self, method: str, path: str) -> list[Request]:
        """The requests so far whose path matches a regular expression."""
        with self._lock:
            return [r for r in self.requests if r.method == method and re.search(path, r.path)]


@contextmanager
def before(upstream: str) -> Iterator[FaultProxy]:
    """A proxy before the registry at HOST:PORT, until the end of the block."""
    proxy = FaultProxy(upstream)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(proxy))
    server.daemon_threads = False
    proxy.host = f"127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield proxy
    finally:
        proxy.ended.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(proxy: FaultProxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = _TIMEOUT_SECONDS

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: the test looks at the requests."""

        def _pass(self) -> None:
            named = {name.lower(): value for name, value in self.headers.items()}
            request = Request(method=self.command, path=self.path, headers=named)
            fault = proxy.fault(request)
            try:
                self._serve(request, fault)
            except OSError:
                self.close_connection = True  # the client has gone, which is its right

        def _serve(self, request: Request, fault: Fault | None) -> None:
            if fault is not None and fault.cut_request_after is not None:
                _feed_and_leave(proxy.upstream, request, self.rfile.read(fault.cut_request_after))
                self.close_connection = True
                return
            body = self._body()
            if fault is not None and fault.keep_of_request is not None:
                proxy.ask(request, body[: fault.keep_of_request])
                self.close_connection = True
                return
            if fault is not None and fault.instead:
                answer = Answer(status=200, headers={}, body=b"")
            else:
                answer = proxy.ask(request, body)
            self._answer(request, fault.change(answer) if fault else answer)

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding", "") != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length", "0")))
            pieces = []
            while size := int(self._line(), 16):
                pieces.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(pieces)

        def _line(self) -> bytes:
            if line := self.rfile.readline():
                return line
            raise ConnectionResetError("the client went away within its request")

        def _answer(self, request: Request, answer: Answer) -> None:
            self.send_response(answer.status)
            kept = {name: value for name, value in answer.headers.items() if name not in _OF_ONE_HOP}
            if request.method != "HEAD":
                kept["content-length"] = str(len(answer.body))
            for name, value in kept.items():
                self.send_header(name, value)
            self.end_headers()
            if request.method != "HEAD":
                self.wfile.write(answer.body[: answer.cut_after])
            if answer.cut_after is not None:
                self.close_connection = True
                if answer.stalls:
                    proxy.ended.wait(_TIMEOUT_SECONDS)

    for method in _METHODS:
        setattr(Handler, f"do_{method}", Handler._pass)
    return Handler


def _bare(path: str) -> str:
    return path.partition("?")[0]


def _ask(upstream: str, request: Request, body: bytes) -> Answer:
    """What the registry says to the whole request."""
    connection = http.client.HTTPConnection(upstream, timeout=_TIMEOUT_SECONDS)
    try:
        passed = {name: value for name, value in request.headers.items() if name not in _OF_ONE_HOP}
        connection.request(request.method, request.path, body=body or None, headers=passed | _length(request, body))
        answer = connection.getresponse()
        named = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(status=answer.status, headers=named, body=_read(answer))
    finally:
        connection.close()


def _read(answer: http.client.HTTPResponse) -> bytes:
    try:
        return answer.read()
    except http.client.IncompleteRead as err:
        return err.partial  # docker-registry says another length than it sends where a range is beyond the end


def _length(request: Request, body: bytes) -> dict[str, str]:
    return {} if request.method in {"GET", "HEAD"} else {"content-length": str(len(body))}


def _feed_and_leave(upstream: str, request: Request, body: bytes) -> None:
    """Let the registry have the beginning of a request's body, and hang up."""
    connection = http.client.HTTPConnection(upstream, timeout=_TIMEOUT_SECONDS)
    connection.putrequest(request.method, request.path, skip_host=True, skip_accept_encoding=True)
    for name, value in request.headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    connection.send(body)
    connection.close()
