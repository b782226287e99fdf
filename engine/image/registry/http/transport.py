"""Requests to one repository of one registry: the way of each.

    request -> retries -> authorization -> redirects -> one HTTP client an origin
                  |            |              |
               waits        tokens         CDNs, without credentials

An answer that was not expected becomes an error in words. Bodies are bounded, unless they are streamed.

Source: distribution-spec 1.1.
"""

from collections.abc import Collection
from types import TracebackType
from typing import Any, Final, Self

import httpx

from engine.errors import InvalidInput, Unreachable
from engine.image.registry.access.authorization import Authorization
from engine.image.registry.access.tokens import Ask, Credentials
from engine.image.registry.hosts.endpoints import Endpoint
from engine.image.registry.http import redirects
from engine.image.registry.http.answers import clean, refusal
from engine.image.registry.http.bodies import DOCUMENT_MAX, TOKEN_MAX, shortened, whole
from engine.image.registry.http.clients import Body, Clients
from engine.image.registry.http.failures import Untrusted, told
from engine.image.registry.http.retries import STATUSES, Interrupted, Patience, Say, patiently

_HARMLESS: Final = frozenset({"GET", "HEAD", "PUT", "POST", "DELETE"})
"""All but PATCH, of which half may have been taken: a second POST begins a second upload, which nobody misses."""
_PROBE_SECONDS: Final = 5.0
_UNAUTHORIZED: Final = 401
_PATIENCE: Final = Patience()


def silent(_event: dict[str, Any]) -> None:
    """Tell nobody."""


class Registry:
    """One repository on one registry host. Any number of threads may request."""

    def __init__(
        self,
        endpoint: Endpoint,
        repository: str = "",
        actions: str = "pull",
        *,
        credentials: Credentials | None = None,
        tls_verify: bool | None = None,
        cert_dir: str | None = None,
        also: Collection[str] = (),
        patience: Patience = _PATIENCE,
        say: Say = silent,
    ) -> None:
        """`repository`: another than the endpoint's. `actions`: what tokens are asked for, "pull" or "pull,push".

        `also`: further repositories to pull from, for blobs that are mounted. `tls_verify`: True, False, or None for
        what the configuration says. `say` is told of retries: `{"step": "retrying in 3 s"}`.
        """
        self.endpoint = endpoint
        self.repository = repository or endpoint.repository
        self._patience = patience
        self._say = say
        self._tls_verify = tls_verify
        self._clients = Clients(endpoint, patience, tls_verify=tls_verify, cert_dir=cert_dir)
        scopes = [f"repository:{self.repository}:{actions}"] if self.repository else []
        scopes += [f"repository:{other}:pull" for other in also]
        self._authorization = Authorization(endpoint.host, scopes, credentials, self._fetch_token)
        self._base: httpx.URL | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, err: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._clients.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        headers: dict[str, str] | None = None,
        content: Body = None,
        stream: bool = False,
        expected: Collection[int],
        limit: int = DOCUMENT_MAX,
        what: str = "",
        say: Say | None = None,
    ) -> httpx.Response:
        """The answer, whose status is one of `expected`; its body has been read, at most `limit` bytes.

        `path`: "manifests/latest" of the repository, "/v2/" of the registry, or an address, such as one that a Location
        led to. `content`: an iterable may be sent again where it can be iterated again. `stream`: the body of an
        expected answer is the caller's to read (`iter_raw`, which raises httpx.TransportError) and to close.
        `what` is what errors call the thing that is asked for.

        Raises NotFound, Denied, InvalidInput by what the registry says; Unreachable where it does not answer.
        """
        url = self._url(path)
        answer = patiently(
            lambda: self._authorized(method, url, headers or {}, content),
            self._patience,
            say or self._say,
            is_repeatable=not _is_used_up(content),
            is_harmless=method in _HARMLESS,
        )
        if answer.status_code not in expected:
            raise refusal(shortened(answer), self.endpoint.host, what or self._what(path))
        with told(url):
            return answer if stream else whole(answer, limit)

    def _url(self, path: str) -> httpx.URL:
        base = self._base_url()
        if path.startswith(("https://", "http://")):
            url = redirects.address(base, path)
            redirects.check(url, base)
            return url
        return redirects.address(base, path if path.startswith("/") else f"/v2/{self.repository}/{path}")

    def _base_url(self) -> httpx.URL:
        """Where the registry answers; found out by asking where plain HTTP is allowed. Two threads may both ask."""
        if self._base is None:
            urls = [self._root(scheme) for scheme in self.endpoint.schemes(self._tls_verify)]
            self._base = urls[0] if len(urls) == 1 or self._speaks(urls[0]) else urls[1]
        return self._base

    def _root(self, scheme: str) -> httpx.URL:
        try:
            url = redirects.address(httpx.URL(), f"{scheme}://{self.endpoint.address}/")
        except InvalidInput:
            url = httpx.URL()
        if url.path != "/" or not url.host:
            raise InvalidInput(f"{self.endpoint.host!a} is no address of a registry", hint="HOST or HOST:PORT")
        return url

    def _speaks(self, url: httpx.URL) -> bool:
        """Whether there is a server with TLS. One whose certificate is wrong is one."""
        seconds = min(_PROBE_SECONDS, self._patience.silence_seconds)
        try:
            self._clients.send("HEAD", url.join("/v2/"), {}, seconds=seconds).close()
        except Untrusted:
            raise
        except Unreachable:
            return False
        return True

    def _authorized(self, method: str, url: httpx.URL, headers: dict[str, str], content: Body) -> httpx.Response:
        """An answer; where the registry wants to know who asks, the one to a second request that says so."""
        sent = self._authorization.header()
        answer = self._followed(method, url, headers, content, sent)
        if answer.status_code != _UNAUTHORIZED or not self._is_own(answer.request.url) or _is_used_up(content):
            return answer
        better = self._authorization.answer(answer, sent)
        if not better:
            return answer
        answer.close()
        return self._followed(method, url, headers, content, better)

    def _followed(
        self, method: str, url: httpx.URL, headers: dict[str, str], content: Body, authorization: str
    ) -> httpx.Response:
        for _ in range(redirects.MOST + 1):
            known = {"Authorization": authorization} if authorization and self._is_own(url) else {}
            answer = self._clients.send(method, url, {**headers, **known}, content)
            if not redirects.can_follow(answer.status_code, method) or _is_used_up(content):
                return answer
            answer.close()
            url = redirects.target(answer, self._base_url())
        raise Unreachable(f"{self.endpoint.host} led on more than {redirects.MOST} times", hint="try again later")

    def _is_own(self, url: httpx.URL) -> bool:
        return redirects.origin(url) == redirects.origin(self._base_url())

    def _fetch_token(self, wanted: Ask) -> httpx.Response:
        """The answer of a token server. Raises Interrupted where it may have a better one later."""
        answer = self._clients.send(wanted.method, wanted.url, wanted.headers, wanted.content)
        if answer.status_code in STATUSES:
            answer.close()
            raise Interrupted(
                f"the token server {wanted.url.host} answered {answer.status_code}", hint="try again later"
            )
        if answer.status_code != httpx.codes.OK:
            return shortened(answer)
        with told(wanted.url):
            return whole(answer, TOKEN_MAX)

    def _what(self, path: str) -> str:
        """What a person calls the thing at a path."""
        kind, _, rest = path.partition("/")
        if kind == "manifests":
            return f"{self.repository}{'@' if ':' in rest else ':'}{rest}"
        if kind == "blobs" and not rest.startswith("uploads"):
            return f"blob {rest[:19]} of {self.repository}"
        return clean(path, 60) if path.startswith(("/", "http")) else self.repository


def _is_used_up(content: Body) -> bool:
    """Whether a body can be sent but once."""
    return content is not None and not isinstance(content, bytes) and iter(content) is content
