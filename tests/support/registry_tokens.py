"""A token server for docker-registry: Basic in, a JSON Web Token out, signed by openssl.

Source: distribution's docs/spec/auth/jwt.md and token.md: the claims, and x5c in the header.
"""

import base64
import json
import os
import ssl
import subprocess
import threading
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from support.registry_server import PASSWORD, USER, make_certificate

SERVICE, ISSUER = "registry of the tests", "tokens of the tests"
ANYBODY = {"pull"}
"""What may be done without a password."""


class TokenServer:
    """The realm of one registry; says what it was asked for."""

    def __init__(self, folder: str) -> None:
        self._certificate = make_certificate(folder, "tokens")
        self._key = self._certificate.replace(".crt", ".key")
        with open(self._certificate) as file:
            self._x5c = base64.b64encode(ssl.PEM_cert_to_DER_cert(file.read())).decode()
        self.scopes: list[list[str]] = []
        """Of each token that was asked for, in order."""
        self.users: list[str] = []
        """Who asked; empty is anybody."""
        self.seconds = 300
        """How long a token is good."""
        self.url = ""

    @property
    def auth(self) -> dict[str, str]:
        """docker-registry's `auth.token`."""
        bundle = {"rootcertbundle": self._certificate}
        return {"realm": f"{self.url}/token", "service": SERVICE, "issuer": ISSUER, **bundle}

    def token(self, user: str, scopes: list[str]) -> str:
        """A token for what the user may do of what was asked."""
        allowed = {"pull", "push", "delete"} if user else ANYBODY
        access = []
        for scope in scopes:
            kind, name, actions = scope.split(":", 2)
            access.append({"type": kind, "name": name, "actions": sorted(allowed & set(actions.split(",")))})
        now = int(time.time())
        claims = {"iss": ISSUER, "sub": user, "aud": SERVICE, "exp": now + self.seconds, "nbf": now - 10, "iat": now}
        return self._signed({**claims, "jti": os.urandom(8).hex(), "access": access})

    def _signed(self, claims: dict[str, Any]) -> str:
        header = {"typ": "JWT", "alg": "RS256", "x5c": [self._x5c]}
        text = f"{_url64(json.dumps(header).encode())}.{_url64(json.dumps(claims).encode())}"
        command = ["openssl", "dgst", "-sha256", "-sign", self._key]
        signature = subprocess.run(command, input=text.encode(), check=True, capture_output=True).stdout
        return f"{text}.{_url64(signature)}"


@contextmanager
def running(folder: str) -> Iterator[TokenServer]:
    """A token server on loopback until the end of the block; its keys lie in `folder`."""
    tokens = TokenServer(folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(tokens))
    tokens.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield tokens
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(tokens: TokenServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Nothing: a test says what went wrong."""

        def do_GET(self) -> None:
            asked = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
            user = _user(self.headers.get("Authorization", ""))
            scopes = [scope for text in asked.get("scope", []) for scope in text.split()]
            if user is None or asked.get("service") != [SERVICE]:
                self._answer(401, {"errors": [{"code": "UNAUTHORIZED", "message": "who are you"}]})
                return
            tokens.scopes.append(scopes)
            tokens.users.append(user)
            self._answer(200, {"token": tokens.token(user, scopes), "expires_in": tokens.seconds})

        def do_POST(self) -> None:
            self._answer(404, {"errors": []})  # as registries without OAuth 2 do

        def _answer(self, status: int, body: dict[str, Any]) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    return Handler


def _user(authorization: str) -> str | None:
    """Empty for anybody, None for a wrong password."""
    if not authorization:
        return ""
    expected = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    return USER if authorization == f"Basic {expected}" else None


def _url64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
