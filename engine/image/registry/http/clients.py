"""Connections, kept apart by where they lead: certificates and cookies of one host are never another's.

Proxies come from HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY; loopback is never asked for through one.
"""

import os
import ssl
import threading
from collections.abc import Callable, Iterable
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final

import httpx

from engine.errors import InvalidInput, MissingFeature
from engine.image.registry.hosts.endpoints import DOCKER, DOCKER_NAMES, Endpoint, is_loopback, name_of
from engine.image.registry.http import certificates
from engine.image.registry.http.bodies import cut
from engine.image.registry.http.failures import is_misheard, told
from engine.image.registry.http.redirects import Origin, origin
from engine.image.registry.http.retries import Patience

USER_AGENT: Final = "quarterdeck/0.1"
_CONNECTIONS_MAX: Final = 8
"""To one host at once."""

Body = bytes | Iterable[bytes] | None


class Clients:
    """One HTTP client for each origin, made when it is needed. Any number of threads may send."""

    def __init__(
        self, endpoint: Endpoint, patience: Patience, *, tls_verify: bool | None = None, cert_dir: str | None = None
    ) -> None:
        self._endpoint = endpoint
        self._patience = patience
        self._tls_verify = tls_verify
        self._cert_dir = cert_dir
        self._clients: dict[Origin, httpx.Client] = {}
        self._lock = threading.Lock()

    def send(
        self,
        method: str,
        url: httpx.URL,
        headers: dict[str, str],
        content: Body = None,
        seconds: float | None = None,
    ) -> httpx.Response:
        """One request, one answer, whose body is still to be read. Follows nothing, repeats nothing.

        Raises Interrupted where it may succeed the next time, Unreachable, InvalidInput.
        """
        client = self._client(url)
        silence = seconds or self._patience.silence_seconds
        timeout = httpx.Timeout(silence, connect=min(self._patience.connect_seconds, silence))
        with told(url):
            request = client.build_request(method, url, headers=headers, content=content, timeout=timeout)
            try:
                return client.send(request, stream=True, follow_redirects=False)
            except httpx.ConnectError as err:
                if not is_misheard(err):
                    raise
            return client.send(request, stream=True, follow_redirects=False)  # nothing of it had been sent

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            clients, self._clients = self._clients, {}
        for client in clients.values():
            client.close()

    def _client(self, url: httpx.URL) -> httpx.Client:
        where = origin(url)
        with self._lock:
            if where not in self._clients:
                self._clients[where] = self._made(url)
            return self._clients[where]

    def _made(self, url: httpx.URL) -> httpx.Client:
        through_proxy = not is_loopback(url.host)
        return _with_words(
            lambda: httpx.Client(
                verify=self._context(url),
                trust_env=through_proxy,
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
                limits=httpx.Limits(max_connections=_CONNECTIONS_MAX),
                headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
            )
        )

    def _context(self, url: httpx.URL) -> ssl.SSLContext:
        """The registry's own certificates for its own address; its trust for its own name, whatever the port."""
        if url.scheme == "http":
            return certificates.context(verified=False)
        host, name = self._endpoint.address, name_of(self._endpoint.address)
        is_own = url.netloc.decode("ascii") == httpx.URL(f"{url.scheme}://{host}").netloc.decode("ascii")
        hosts = (host, *((DOCKER,) if self._endpoint.host in DOCKER_NAMES else ()))
        folder = certificates.folder_of(hosts, self._cert_dir, os.environ) if is_own else None
        verified = url.host != name or self._endpoint.is_verified(self._tls_verify)
        return certificates.context(folder=folder, verified=verified)


def _with_words(make: Callable[[], httpx.Client]) -> httpx.Client:
    """A client; what is wrong with a proxy's address shows when it is made."""
    try:
        return make()
    except (ValueError, httpx.InvalidURL) as err:
        words = f"the proxy that the environment names cannot be used: {cut(str(err), 100)}"
        raise InvalidInput(words, hint="HTTPS_PROXY=http://HOST:PORT") from err
    except ImportError as err:
        words = "proxies that speak SOCKS need a library that is not installed"
        raise MissingFeature(words, hint="name an HTTP proxy") from err
