"""Settings of a bridge of ours."""

from typing import Final

from engine.network.host import sysctls

_IPV4: Final = {
    # Forwarding of the host sets what is there; a link that comes later has what an operator has said by `default`.
    "forwarding": "1",
    # A connection to 127.0.0.1 of the host that goes on to a container comes back through the bridge. Whoever sends
    # to 127.0.0.0/8 from a container or from outside is stopped by our table before any translation.
    "route_localnet": "1",
    # A container that reaches its neighbour by the host's address is not to be told of a shorter way, which would pass
    # by the translation. It counts only where `all` says so as well; then it is one message that comes to nothing.
    "send_redirects": "0",
    # The host learns nothing of its routes from containers; a router listens only where `all` and the link say so.
    "accept_redirects": "0",
}
_IPV6: Final = {
    "accept_ra": "0",
    "autoconf": "0",
    "accept_redirects": "0",
    # Nobody else may have the gateway's address, and a bridge whose first port comes up would have it only after
    # a second of asking around.
    "accept_dad": "0",
    "dad_transmits": "0",
}


def settle(bridge: str, *, ipv6: bool = False) -> None:
    """Set what a new bridge needs, best before it is up; without `ipv6` it has none, not even a link-local address.

    Reverse path filters are left as the operator has them: no packet of ours comes back by another link than it went.

    Raises: `MissingFeature` where settings may not be written, OSError.
    """
    for setting, value in _IPV4.items():
        sysctls.ensure(sysctls.link("ipv4", bridge, setting), value)
    if not sysctls.read(sysctls.link("ipv6", bridge, "disable_ipv6")):
        return  # a kernel without IPv6
    if not ipv6:
        sysctls.ensure(sysctls.link("ipv6", bridge, "disable_ipv6"), "1")
    for setting, value in _IPV6.items():
        sysctls.ensure(sysctls.link("ipv6", bridge, setting), value)
    if ipv6:
        sysctls.ensure(sysctls.link("ipv6", bridge, "forwarding"), "1")
        sysctls.ensure(sysctls.link("ipv6", bridge, "disable_ipv6"), "0")
