"""What goes wrong below HTTP, in words: names, connections, TLS, proxies.

Interrupted      the same request may succeed
Unreachable      it will not before somebody does something
"""

import errno
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import httpx

from engine.errors import EngineError, InvalidInput, Unreachable
from engine.image.registry.http.answers import clean
from engine.image.registry.http.retries import Interrupted

_FAILED: Final = (httpx.TransportError, httpx.InvalidURL, ssl.SSLError)


class Untrusted(Unreachable):
    """A certificate that nobody vouches for, or that is of another host."""


@contextmanager
def told(url: httpx.URL) -> Iterator[None]:
    """Raises the error of this page that a failed request to `url` means."""
    try:
        yield
    except _FAILED as err:
        raise failure(err, url) from err


def is_misheard(err: httpx.ConnectError) -> bool:
    """Whether the far side took our greeting for another, which a second one puts right."""
    cause = _cause(err)
    return isinstance(cause, ssl.SSLError) and "ALERT_UNEXPECTED_MESSAGE" in (cause.reason or "")


def failure(err: Exception, url: httpx.URL) -> EngineError:
    """The error in our words."""
    where = url.netloc.decode("ascii", "replace")
    if isinstance(err, httpx.InvalidURL | httpx.UnsupportedProtocol | httpx.LocalProtocolError):
        return InvalidInput(
            f"a request to {where} cannot be made: {clean(str(err))}", hint="check the name and the configuration"
        )
    if isinstance(err, httpx.ProxyError):
        return Unreachable(
            f"the proxy on the way to {where} refuses: {clean(str(err))}", hint="check HTTPS_PROXY and NO_PROXY"
        )
    if isinstance(err, httpx.ConnectError | ssl.SSLError):
        return _not_connected(err, where)
    if isinstance(err, httpx.TimeoutException):
        return Interrupted(f"{where} was silent for too long", hint="check the network; try again later")
    return Interrupted(f"the connection to {where} was cut", hint="check the network; try again")


def _not_connected(err: Exception, where: str) -> EngineError:
    cause = _cause(err)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return Untrusted(
            f"the certificate of {where} is not trusted: {cause.verify_message}",
            hint=f"put its authority into /etc/containers/certs.d/{where}/ca.crt; --tls-verify=false trusts anybody",
        )
    if isinstance(cause, ssl.SSLError):
        hint = "if it speaks plain HTTP: insecure = true in registries.conf, or --tls-verify=false"
        return Unreachable(f"{where} does not speak TLS as it should: {_ssl_words(cause)}", hint=hint)
    if isinstance(cause, socket.gaierror):
        if cause.errno == socket.EAI_AGAIN:
            return Interrupted(f"the name {where} cannot be looked up now", hint="is there a network? try again later")
        return Unreachable(f"there is no host {where}", hint="check the name of the registry")
    if isinstance(cause, OSError) and cause.errno == errno.ECONNRESET:
        return Interrupted(f"{where} reset the connection", hint="try again later")
    reason = cause.strerror if isinstance(cause, OSError) and cause.strerror else clean(str(err))
    return Unreachable(f"{where} cannot be reached: {reason}", hint="check the name, the port and the network")


def _ssl_words(cause: ssl.SSLError) -> str:
    return (cause.reason or str(cause)).replace("_", " ").lower()


def _cause(err: BaseException) -> BaseException:
    """What the system or OpenSSL said first; libraries wrap it twice."""
    while True:
        inner = err.__cause__ or err.__context__
        if inner is None or isinstance(err, ssl.SSLError | socket.gaierror):
            return err
        err = inner
