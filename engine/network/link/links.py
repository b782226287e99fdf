"""The links of one engine: made, deleted, listed, counted."""

import errno
import os
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Final

from engine import errors
from engine.network import namespace
from engine.network.link import addressmessages, inside, linkmessages, lookups, shaping
from engine.network.link.counters import Counters, Counting
from engine.network.link.encoding import Request
from engine.network.link.transport import Refused, Transport
from engine.network.values import Bridge, Interface, Plug

_DRIVERS: Final = ("macvlan", "ipvlan")


class Links:
    """Links of the network namespace where the thread is; those of this engine carry its alias."""

    def __init__(self, tag: str) -> None:
        self._tag = tag
        self._alias = lookups.alias_of(tag)
        self._counting = Counting(self._alias)

    def make_bridge(self, bridge: Bridge) -> None:
        """Have this bridge, up, with these addresses and no other. Raises: Conflict, MissingFeature, OSError."""
        with Transport() as host:
            found = lookups.find_own(host, bridge.name, self._alias)
            first = [] if found else [linkmessages.make_bridge(bridge.name, self._tag)]
            setting = linkmessages.set_bridge(bridge.name, self._alias, bridge.mtu, inside.has_ipv6())
            with ExitStack() as undo:
                if not found:
                    undo.callback(_remove, host, bridge.name)
                _send_explained(host, [*first, setting], "bridge")
                self._set_addresses(host, bridge)
                undo.pop_all()

    def _set_addresses(self, host: Transport, bridge: Bridge) -> None:
        index = lookups.index_of(host, bridge.name)
        wanted = set(bridge.addresses)
        if any(address.version == 6 for address in wanted):
            wanted.add(addressmessages.link_local(linkmessages.stable_mac(self._tag, bridge.name)))
        there = addresses_of(host, index)
        gone = [addressmessages.remove(address, index) for address in sorted(there - wanted, key=str)]
        new = [addressmessages.add(address, index) for address in sorted(wanted - there, key=str)]
        host.send(gone + new)

    def delete(self, name: str) -> None:
        """Delete a link; one that is missing is no error. Raises: Conflict where it is not ours; OSError."""
        with Transport() as host:
            self._delete(host, name)

    def _delete(self, host: Transport, name: str) -> None:
        if lookups.find_own(host, name, self._alias):
            _remove(host, name)

    def own(self) -> dict[str, str]:
        """Kinds of the links of this engine by their names. Raises: OSError."""
        with Transport() as host:
            return {link.name: link.kind for link in lookups.every(host) if link.alias == self._alias}

    def counters(self) -> dict[str, Counters]:
        """By the name of the host's end, as the container sees them; those of pairs alone. Raises: OSError."""
        return self._counting.read()

    def plug(self, pid: int, plugs: Sequence[Plug], *, loopback: bool = True) -> None:
        """Give the network namespace of this process its interfaces, up, with addresses and routes.

        After a failure there is none of them. Raises: Conflict, MissingFeature, OSError.
        """
        with ExitStack() as undo:
            host = undo.enter_context(Transport())
            with namespace.inside(pid):
                inner = undo.enter_context(Transport())
                here = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
                undo.callback(os.close, here)
                inside.prepare(plugs)
                with ExitStack() as links:
                    self._connect(host, inner, plugs, here, links)
                    inside.adjust(plugs)
                    shaped = [self._shape(host, plug) for plug in plugs]
                    wanted = [inside.loopback()] if loopback else []
                    for plug, is_shaped in zip(plugs, shaped, strict=True):
                        wanted += inside.requests(inner, plug, not is_shaped)
                    inner.send(wanted)
                    links.pop_all()

    def _connect(
        self, host: Transport, inner: Transport, plugs: Sequence[Plug], namespace_fd: int, undo: ExitStack
    ) -> None:
        """All links made by one send; names that are taken are seen before, so that nobody's link is touched."""
        wanted = []
        for plug in plugs:
            self._check_free(host, inner, plug)
            undo.callback(self._disconnect, host, inner, plug)
            wanted += self._requests(host, plug, namespace_fd)
        _send_explained(host, wanted, ", ".join(sorted({plug.kind for plug in plugs})))

    def _check_free(self, host: Transport, inner: Transport, plug: Plug) -> None:
        names = [(inner, plug.interface)] + ([] if plug.kind in _DRIVERS else [(host, plug.link)])
        for where, name in names:
            if lookups.index_of(where, name):
                raise errors.Conflict(f"there is a link {name} already", hint="restart the container")

    def _requests(self, host: Transport, plug: Plug, namespace_fd: int) -> list[Request]:
        if plug.kind in _DRIVERS:
            return [linkmessages.make_child(plug, _existing(host, plug.parent), namespace_fd)]
        bridge = _existing(host, plug.bridge)
        pair = linkmessages.make_veth(plug, self._tag, bridge, namespace_fd)
        return [pair, linkmessages.set_veth(plug.link, self._alias, inside.has_ipv6())]

    def _disconnect(self, host: Transport, inner: Transport, plug: Plug) -> None:
        """The undo of one plug, of which anything or nothing is there."""
        if plug.kind in _DRIVERS:
            _remove(inner, plug.interface)
            return
        _remove(host, plug.link)
        self._delete(host, shaping.ifb_name(plug.link))

    def _shape(self, host: Transport, plug: Plug) -> bool:
        """Limits on the host's side; whether the one of what goes out of the container could be set there."""
        if plug.kind in _DRIVERS:
            if plug.bits_into:
                raise errors.MissingFeature(
                    f"what goes into a {plug.kind} interface cannot be limited",
                    hint="limit what comes out of it, or use a network with the driver bridge",
                )
            return False
        index = lookups.index_of(host, plug.link)
        if plug.bits_into:
            _send_explained(host, [shaping.bucket(index, plug.bits_into, plug.mtu)], "tbf")
        return bool(plug.bits_out_of) and self._shape_outgoing(host, plug, index)

    def _shape_outgoing(self, host: Transport, plug: Plug, index: int) -> bool:
        name = shaping.ifb_name(plug.link)
        self._delete(host, name)
        try:
            host.send([linkmessages.make_ifb(name), linkmessages.set_ifb(name, self._alias, inside.has_ipv6())])
            ifb = lookups.index_of(host, name)
            bucket = shaping.bucket(ifb, plug.bits_out_of, plug.mtu)
            host.send([bucket, shaping.ingress(index), shaping.through(index, ifb)])
        except Refused as refused:
            if refused.errno not in shaping.ABSENT:
                raise
            self._delete(host, name)
            return False
        return True

    def unplug(self, link: str) -> None:
        """Delete the host's end of a pair, the container's with it, and what shaped it; missing is no error.

        To be called after a container's end, too: its pairs go with its namespace, but a limit's link stays.
        Raises: Conflict where it is not ours; OSError.
        """
        with Transport() as host:
            self._delete(host, link)
            self._delete(host, shaping.ifb_name(link))

    def unplug_inside(self, pid: int, interface: str) -> None:
        """Delete a macvlan or ipvlan interface, of which the host has no end; missing is no error. Raises: OSError."""
        with namespace.inside(pid), Transport() as inner:
            _remove(inner, interface)

    def reroute(self, pid: int, plug: Plug) -> None:
        """Have the default routes of that namespace go by this plug, which is there. Raises: OSError."""
        with namespace.inside(pid), Transport() as inner:
            index = lookups.index_of(inner, plug.interface)
            inner.send([addressmessages.default_route(gateway, index) for gateway in plug.gateways])


def addresses_of(transport: Transport, index: int) -> set[Interface]:
    """The addresses of a link. Raises: OSError."""
    return {
        address
        for body in transport.dump(addressmessages.list_addresses(index))
        if (address := addressmessages.parse(body, index)) is not None
    }


def _remove(transport: Transport, name: str) -> None:
    """Delete a link that is known to be ours; it may go by itself at any moment, with its namespace."""
    if index := lookups.index_of(transport, name):
        try:
            transport.send([linkmessages.delete(index, name)])
        except Refused as refused:
            if refused.errno != errno.ENODEV:
                raise


def _existing(host: Transport, name: str) -> int:
    if index := lookups.index_of(host, name):
        return index
    raise errors.NotFound(f"the host has no link {name}", hint="look for its name with: ip link")


def _send_explained(host: Transport, requests: Sequence[Request], feature: str) -> None:
    """Send; what the kernel does not know is an error for a person. Raises: MissingFeature, Refused, OSError."""
    try:
        host.send(requests)
    except Refused as refused:
        if refused.errno not in shaping.ABSENT:
            raise
        raise errors.MissingFeature(
            f"this kernel has no {feature}", hint=f"load it with: modprobe {feature}", errno=refused.errno or 0
        ) from refused
