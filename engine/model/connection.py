"""Sockets of a container, and who is at their other end."""

from engine.model.value import Value


class Connection(Value, frozen=True, kw_only=True):
    """One socket of TCP or UDP. An IPv4 address on a socket of IPv6 is shown as what it is."""

    protocol: str
    """tcp or udp."""
    state: str
    """Of TCP in the words of netstat(8): ESTABLISHED, LISTEN ...; UNCONN is a socket of UDP without a far end."""
    address: str
    """Its own, without brackets; 0.0.0.0 or :: for each one."""
    port: int
    far_address: str = ""
    """Empty without a far end."""
    far_port: int = 0
    far_name: str = ""
    """The container that has this address, host, or resolver; empty where none has. Without a far end: resolver for the
    engine's own socket in there."""


class Connections(Value, frozen=True, kw_only=True):
    """The sockets in a container's network namespace."""

    found: tuple[Connection, ...]
    """Connections first, then what listens; in the order of their ports."""
    whose: str = ""
    """Whose network it is, where it is not its own: host, or the name of a container."""
    cut: bool = False
    """There are more than are listed."""
