"""Tokens: what a token server gives for a challenge, and how long it is good.

    GET  REALM?service=SERVICE&scope=SCOPE&scope=...      anonymous, or with Basic
    POST REALM  grant_type=refresh_token&...              with an identity token, which stands for user and password
    200  {"token": "...", "expires_in": 300}              or access_token, as OAuth calls it

The realm may be on any host: that is how Docker Hub does it, and whoever has to know the password there is for the
registry to say. It is asked over TLS, or plainly where the registry itself is spoken to plainly or is on loopback.

Source: distribution's docs/spec/auth/{token,oauth,scope}.md.
"""

import base64
import re
from collections.abc import Callable, Collection
from typing import Final, NamedTuple
from urllib.parse import urlencode

import httpx
import msgspec

from engine.errors import InvalidInput
from engine.image.registry.access.challenge import Challenge
from engine.image.registry.hosts.endpoints import is_loopback
from engine.image.registry.http import redirects

CLIENT: Final = "quarterdeck"
_SECONDS_DEFAULT: Final = 60.0
"""As the specification has it where a server says nothing; it also is the shortest time that one may mean."""
_SECONDS_MAX: Final = 86_400.0
_EARLY: Final = 0.2
"""So much of a token's time before its end another one is fetched: a request must not outlive it."""
_EARLY_SECONDS_MAX: Final = 30.0
_TOKEN: Final = re.compile(r"[!-~]{1,65536}", re.ASCII)


class Credentials(NamedTuple):
    """Who asks. Never shown, not even by repr."""

    username: str = ""
    password: str = ""
    identity_token: str = ""
    """Stands for user and password at a token server."""
    registry_token: str = ""
    """Sent to the registry as it is."""

    def __repr__(self) -> str:
        return f"Credentials(of {self.username or 'a token'!a})"

    @property
    def basic(self) -> str:
        """The value of an Authorization header; empty without a user."""
        if not self.username:
            return ""
        return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode("ascii")


class Token(NamedTuple):
    """A bearer token."""

    text: str
    good_until: float
    """By the clock that never steps, in seconds."""

    def __repr__(self) -> str:
        return "Token()"


class Ask(NamedTuple):
    """A request for a token."""

    method: str
    url: httpx.URL
    headers: dict[str, str]
    content: bytes | None

    def __repr__(self) -> str:
        return f"Ask(by {self.method} at {self.url.host})"


class _Answer(msgspec.Struct):
    token: str | None = ""
    access_token: str | None = ""
    expires_in: int | float | None = None


def ask(challenge: Challenge, scopes: Collection[str], who: Credentials | None, registry: httpx.URL) -> Ask:
    """How to ask for a token. Raises InvalidInput for a realm that must not be asked."""
    url = realm(challenge, registry)
    service = challenge.parameters.get("service", "")
    if who and who.identity_token:
        form = {"grant_type": "refresh_token", "refresh_token": who.identity_token, "client_id": CLIENT}
        form |= {"service": service, "scope": " ".join(scopes)}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return Ask("POST", url, headers, urlencode(form).encode("ascii"))
    query = [("service", service)] if service else []
    query += [("scope", scope) for scope in scopes]
    query += [("account", who.username)] if who and who.username else []
    headers = {"Authorization": who.basic} if who and who.basic else {}
    return Ask("GET", url.copy_merge_params(httpx.QueryParams([*url.params.multi_items(), *query])), headers, None)


def realm(challenge: Challenge, registry: httpx.URL) -> httpx.URL:
    """The address of the token server. Raises InvalidInput."""
    text = challenge.parameters.get("realm", "")
    if not text.startswith(("https://", "http://")):
        raise InvalidInput(f"{registry.host} asks for a token, but not at an address of a token server")
    url = redirects.address(registry, text)
    if not is_loopback(registry.host):
        redirects.check(url, registry)
    return url


def read_token(data: bytes, clock: Callable[[], float]) -> Token:
    """The token in a server's answer, good from now on. Raises InvalidInput."""
    try:
        answer = msgspec.json.decode(data, type=_Answer)
    except (msgspec.DecodeError, UnicodeDecodeError) as err:
        raise InvalidInput("the answer of the token server cannot be read", hint="is that a token server?") from err
    text = answer.token or answer.access_token or ""
    if not _TOKEN.fullmatch(text):
        raise InvalidInput("the answer of the token server has no token in it", hint="is that a token server?")
    lasting = answer.expires_in if answer.expires_in else _SECONDS_DEFAULT
    lasting = min(max(float(lasting), _SECONDS_DEFAULT), _SECONDS_MAX)
    return Token(text, clock() + lasting - min(lasting * _EARLY, _EARLY_SECONDS_MAX))
