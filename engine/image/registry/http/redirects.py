"""Where an answer may send a request on to.

    any scheme but http(s)                    refused
    https -> http                             refused: what was protected stays protected
    elsewhere -> loopback or link-local       refused: a registry has no business with what only this host reaches
    another scheme, host or port              followed without Authorization

The third looks at addresses as they are written and at `localhost`; a name that a resolver turns into one of them is
followed. What a request can do there is little: it is a GET without credentials over TLS, and its answer is shown to
nobody and refused unless it has the digest that was asked for.

Source: RFC 9110, section 15.4; distribution-spec 1.1, "Pulling blobs".
"""

import re
from typing import Final

import httpx

from engine.errors import InvalidInput
from engine.image.registry.hosts.endpoints import is_loopback, is_private_to_host

MOST: Final = 5
STATUSES: Final = frozenset({301, 302, 303, 307, 308})
_KEEPING_METHOD: Final = frozenset({307, 308})
_READING: Final = frozenset({"GET", "HEAD"})
_HOST: Final = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+", re.ASCII)
PORT_MAX: Final = 65535
_PORTS: Final = {"http": 80, "https": 443}

Origin = tuple[str, str, int]


def origin(url: httpx.URL) -> Origin:
    """What credentials belong to: scheme, host, port."""
    return url.scheme, url.host, url.port or _PORTS.get(url.scheme, 0)


def can_follow(status: int, method: str) -> bool:
    """Whether a request may be sent again to another address: others than GET only as they are."""
    return status in STATUSES and (method in _READING or status in _KEEPING_METHOD)


def target(answer: httpx.Response, registry: httpx.URL) -> httpx.URL:
    """The address that an answer of a request to `registry` leads to. Raises InvalidInput."""
    came_from = answer.request.url
    url = address(came_from, answer.headers.get("Location", ""))
    check(url, registry)
    check(url, came_from)
    return url


def address(base: httpx.URL, location: str) -> httpx.URL:
    """An address as a server writes it, perhaps a relative one. Raises InvalidInput."""
    try:
        is_whole = location.lower().startswith(("https:", "http:"))  # joined, half of one would be completed
        url = (httpx.URL(location) if is_whole else base.join(location)).copy_with(fragment=None)
    except (httpx.InvalidURL, ValueError, TypeError) as err:
        raise _refused(base, "to an address that cannot be read") from err
    is_right = _HOST.fullmatch(url.raw_host.decode("ascii")) and url.scheme in _PORTS
    if not location or not is_right or url.userinfo or (url.port or 0) > PORT_MAX:
        raise _refused(base, "to what is no address of a web server")
    return url


def check(url: httpx.URL, registry: httpx.URL) -> None:
    """Whether an address that a registry named may be asked. Raises InvalidInput.

    A server somewhere else has no say about what only this host can reach, and what is protected stays so.
    """
    same = url.host == registry.host
    if not same and is_private_to_host(url.host) and not is_loopback(registry.host):
        raise _refused(registry, f"to {url.host}, which only this host can reach")
    if registry.scheme == "https" and url.scheme != "https":
        raise _refused(registry, f"to plain HTTP at {url.host}")


def _refused(url: httpx.URL, reason: str) -> InvalidInput:
    return InvalidInput(f"{url.host} leads {reason}", hint="do not use this registry before that has an explanation")
