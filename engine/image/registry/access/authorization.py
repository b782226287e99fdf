"""Who asks, told to one registry as it wants to hear it.

request            ->  401, WWW-Authenticate: Bearer ...
(a token, for all that will be asked of this repository)
request with it    ->  answer
...and with the same token, until shortly before it ends
"""

import re
import threading
import time
from collections.abc import Callable, Collection, Iterable
from typing import Final

import httpx

from engine.errors import InvalidInput
from engine.image.registry.access.challenge import Challenge, read_challenges
from engine.image.registry.access.tokens import Ask, Credentials, Token, ask, read_token
from engine.image.registry.http.answers import clean, denied

_SCOPES_MAX: Final = 16
_REFUSED: Final = frozenset({400, 401, 403})
_READING: Final = re.compile(r"repository:[a-z0-9._/-]{1,255}:pull|registry:catalog:\*", re.ASCII)
"""What a registry may ask for beyond what was wanted: to read another repository, from which a blob is taken over."""


class Authorization:
    """The Authorization header of one registry. Any number of threads may ask for it."""

    def __init__(
        self,
        host: str,
        scopes: Collection[str],
        credentials: Credentials | None,
        fetch: Callable[[Ask], httpx.Response],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`fetch` sends a request for a token and gives the answer, read, whatever its status."""
        self._host = host
        self._scopes = dict.fromkeys(scopes)
        self._credentials = credentials
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._registry: httpx.URL | None = None
        self._challenge: Challenge | None = None
        self._token: Token | None = None
        self._header = ""

    def header(self) -> str:
        """What to send now; empty where the registry has not asked for anything."""
        with self._lock:
            if self._token and self._challenge and self._token.good_until <= self._clock():
                self._renew(self._challenge)
            return self._header

    def answer(self, refused: httpx.Response, sent: str) -> str:
        """What to send instead of `sent`, with which a request was `refused`; empty where there is nothing better."""
        with self._lock:
            if self._header != sent:
                return self._header  # another thread was faster
            offered = read_challenges(refused.headers.get_list("WWW-Authenticate"))
            self._registry = refused.request.url
            self._choose(offered)
            return "" if self._header == sent else self._header

    def _choose(self, offered: Iterable[Challenge]) -> None:
        """A token where one is offered, else user and password."""
        by_scheme = {challenge.scheme: challenge for challenge in reversed(list(offered))}
        if bearer := by_scheme.get("bearer"):
            self._renew(bearer)
        elif "basic" in by_scheme:
            self._token = None
            self._header = self._credentials.basic if self._credentials else ""
        elif by_scheme:
            raise InvalidInput(f"{self._host} wants a login by {clean(', '.join(by_scheme), 60)}, not Bearer or Basic")

    def _renew(self, challenge: Challenge) -> None:
        """Another token. One that is refused changes nothing: what was wanted once more may be why."""
        if self._credentials and self._credentials.registry_token:
            self._header = f"Bearer {self._credentials.registry_token}"
            return
        assert self._registry, "a token follows a challenge"
        scopes = self._widened(challenge.parameters.get("scope", ""))
        answer = self._fetch(ask(challenge, scopes, self._credentials, self._registry))
        if answer.status_code in _REFUSED:
            raise denied(self._host, "the token server" if self._credentials else "anybody without a login")
        self._token = read_token(answer.content, self._clock)
        self._header = f"Bearer {self._token.text}"
        self._challenge, self._scopes = challenge, scopes

    def _widened(self, wanted: str) -> dict[str, None]:
        """The scopes, and what else the registry may ask for."""
        scopes = dict(self._scopes)
        for scope in wanted.split()[:_SCOPES_MAX]:
            if _READING.fullmatch(scope) and len(scopes) < _SCOPES_MAX and not self._covers(scope):
                scopes[scope] = None
        return scopes

    def _covers(self, scope: str) -> bool:
        return any(own.startswith(scope) for own in self._scopes)
