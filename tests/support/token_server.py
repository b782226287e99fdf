"""A registry that wants a token, and the server that gives it: both are a `FakeRegistry`.

GET /v2/...    401, Bearer realm="http://TOKENS/token",service="fake",scope=...     until one of its tokens comes
GET  /token    with Basic, or anonymous          POST /token    with an identity token
"""

import base64
import json
from typing import NamedTuple

from support.fake_registry import Answer, FakeRegistry, Seen

USER, PASSWORD, IDENTITY = "deckhand", "c0rrect:h%rse", "identity-of-deckhand"


class Tokens:
    """Gives tokens called t1, t2, ... to the user and, where allowed, to anybody."""

    def __init__(self, server: FakeRegistry, *, anonymous: bool = False, expires_in: int | None = 300) -> None:
        self.server = server
        self.anonymous = anonymous
        self.expires_in = expires_in
        self.given: list[str] = []
        self.revoked: set[str] = set()
        server.on("GET", "/token", self._get)
        server.on("POST", "/token", self._post)

    def guard(self, registry: FakeRegistry, method: str, path: str, answer: Answer, scope: str) -> None:
        """Let the registry answer only to who has a token."""

        def reply(seen: Seen) -> Answer:
            token = seen.headers.get("authorization", "").removeprefix("Bearer ")
            return answer if token in self.given and token not in self.revoked else self.challenge(scope)

        registry.on(method, path, reply)

    def challenge(self, scope: str) -> Answer:
        """401, and where to get a token."""
        words = f'Bearer realm="{self.server.url}/token",service="fake",scope="{scope}"'
        body = {"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]}
        return Answer(401, json.dumps(body).encode(), (("WWW-Authenticate", words),))

    def scopes(self) -> list[list[str]]:
        """What each request was for."""
        return [sorted(seen.query.get("scope", [])) for seen in self.server.asked("GET", "/token")]

    def _get(self, seen: Seen) -> Answer:
        sent = seen.headers.get("authorization", "")
        if sent == basic(USER, PASSWORD) or (self.anonymous and not sent):
            return self._given()
        return Answer(401, b'{"details": "incorrect username or password"}')

    def _post(self, seen: Seen) -> Answer:
        return self._given() if f"refresh_token={IDENTITY}".encode() in seen.body else Answer(401)

    def _given(self) -> Answer:
        self.given.append(f"t{len(self.given) + 1}")
        lasting = {} if self.expires_in is None else {"expires_in": self.expires_in}
        return Answer(200, json.dumps({"token": self.given[-1], **lasting}).encode())


class Pause(NamedTuple):
    """What a registry was waited for."""

    seconds: list[float]

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def basic(user: str, password: str) -> str:
    """The header of a user with a password."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
