"""Where a repository is asked for, and which hosts are this one.

docker.io/library/alpine     host docker.io, which answers at registry-1.docker.io
localhost:5000/app           host localhost:5000: loopback, so that plain HTTP is tried, too
[::1]:5000/app               the same
"""

import ipaddress
import socket
from typing import Final, NamedTuple

DOCKER: Final = "docker.io"
DOCKER_NAMES: Final = frozenset({DOCKER, "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"})
"""All of these mean Docker Hub, in names and in files with credentials."""
_DOCKER_ADDRESS: Final = "registry-1.docker.io"

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Endpoint(NamedTuple):
    """One registry host that may have a repository, and how far it is trusted."""

    host: str
    """HOST[:PORT] as in names and in files with credentials: docker.io, localhost:5000."""
    repository: str = ""
    """The repository's path there, rewritten as the configuration says; empty for the registry itself."""
    insecure: bool = False
    """Plain HTTP and certificates of anybody's are allowed."""
    is_mirror: bool = False

    @property
    def address(self) -> str:
        """HOST[:PORT] to connect to."""
        return _DOCKER_ADDRESS if self.host in DOCKER_NAMES else self.host

    def schemes(self, tls_verify: bool | None) -> tuple[str, ...]:
        """In the order in which they are tried. `tls_verify`: what an operator said, None where nothing."""
        may_be_plain = (self.insecure or is_loopback(name_of(self.host))) if tls_verify is None else not tls_verify
        return ("https", "http") if may_be_plain else ("https",)

    def is_verified(self, tls_verify: bool | None) -> bool:
        """Whether the certificate must be a trusted one. It must on loopback, too, where there is one."""
        return not self.insecure if tls_verify is None else tls_verify


def name_of(host: str) -> str:
    """HOST of HOST:PORT, without brackets, in lower case."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()


def is_loopback(name: str) -> bool:
    """Whether a host's name, as it is written, means this host. What a resolver makes of others is not looked at."""
    address = _address(name)
    if address is None:
        return f".{name.rstrip('.').lower()}".endswith(".localhost")
    return address.is_loopback


def is_private_to_host(name: str) -> bool:
    """Whether an address means this host or its link alone: loopback, link-local, unspecified, multicast."""
    address = _address(name)
    if address is None:
        return is_loopback(name)
    return address.is_loopback or address.is_link_local or address.is_unspecified or address.is_multicast


def _address(name: str) -> Address | None:
    """The address that a name is, in every form that the C library takes for one: 127.1 and 0x7f000001, too."""
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return _old_form(name)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _old_form(name: str) -> Address | None:
    try:
        return ipaddress.IPv4Address(socket.inet_aton(name.rstrip(".")))
    except (OSError, UnicodeError, ValueError):
        return None
