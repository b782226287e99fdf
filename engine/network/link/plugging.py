"""How the interfaces of one container come to be: on the host's side first, then in its namespace."""

import errno
import os
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Final

from engine import errors
from engine.network.link import inside, linkmessages, lookups, shaping
from engine.network.link.encoding import Request
from engine.network.link.transport import Refused, Transport
from engine.network.values import Plug

_DRIVERS: Final = ("macvlan", "ipvlan")
"""Kinds that are born in the container's namespace, and of which the host has no end."""


class Plugging:
    """One container's interfaces; the thread is in its network namespace, `host` and `inner` speak to the two sides.

    Whatever is made is undone by `undo`.
    """

    def __init__(self, tag: str, host: Transport, inner: Transport, undo: ExitStack) -> None:
        self._tag = tag
        self._alias = lookups.alias_of(tag)
        self._host = host
        self._inner = inner
        self._undo = undo

    def made(self, plugs: Sequence[Plug]) -> list[Request]:
        """Make the links, and return what is to be sent to the inner side.

        Raises: Conflict, NotFound, MissingFeature, OSError.
        """
        inside.prepare(plugs)
        self._connect(plugs)
        inside.adjust(plugs)
        requests = []
        for plug in plugs:
            is_shaped = self._shape(plug)
            requests += inside.requests(self._inner, plug, not is_shaped)
        return requests

    def _connect(self, plugs: Sequence[Plug]) -> None:
        """All links made by one send; names that are taken are seen before, so that nobody's link is touched."""
        here = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            requests = []
            for plug in plugs:
                self._check_free(plug)
                self._undo.callback(self._disconnect, plug)
                requests += self._requests(plug, here)
            send_explained(self._host, requests, ", ".join(sorted({plug.kind for plug in plugs})))
        finally:
            os.close(here)

    def _check_free(self, plug: Plug) -> None:
        names = [(self._inner, plug.interface)] + ([] if plug.kind in _DRIVERS else [(self._host, plug.link)])
        for side, name in names:
            if lookups.index_of(side, name):
                raise errors.Conflict(f"there is a link {name} already", hint="look for it with: ip link")

    def _requests(self, plug: Plug, namespace_fd: int) -> list[Request]:
        if plug.kind in _DRIVERS:
            return [linkmessages.make_child(plug, existing(self._host, plug.parent), namespace_fd)]
        bridge = existing(self._host, plug.bridge)
        pair = linkmessages.make_veth(plug, self._tag, bridge, namespace_fd)
        return [pair, linkmessages.set_veth(plug.link, self._alias, inside.has_ipv6())]

    def _disconnect(self, plug: Plug) -> None:
        """The undo of one interface, of which anything or nothing is there."""
        if plug.kind in _DRIVERS:
            remove(self._inner, plug.interface)
        else:
            remove(self._host, plug.link)

    def _shape(self, plug: Plug) -> bool:
        """Limits on the host's side; whether the one of what goes out of the container could be set there."""
        if plug.kind in _DRIVERS:
            _check_outgoing_only(plug)
            return False
        index = lookups.index_of(self._host, plug.link)
        if plug.bits_into:
            send_explained(self._host, [shaping.bucket(index, plug.bits_into, plug.mtu)], "tbf")
        return bool(plug.bits_out_of) and self._shape_outgoing(plug, index)

    def _shape_outgoing(self, plug: Plug, index: int) -> bool:
        name = shaping.ifb_name(plug.link)
        if lookups.find_own(self._host, name, self._alias):
            remove(self._host, name)
        self._undo.callback(remove, self._host, name)
        try:
            setting = linkmessages.set_ifb(name, self._alias, inside.has_ipv6())
            self._host.send([linkmessages.make_ifb(name), setting])
            ifb = lookups.index_of(self._host, name)
            bucket = shaping.bucket(ifb, plug.bits_out_of, plug.mtu)
            self._host.send([bucket, shaping.ingress(index), shaping.through(index, ifb)])
        except Refused as refused:
            if refused.errno not in shaping.ABSENT:
                raise
            remove(self._host, name)
            return False
        return True


def _check_outgoing_only(plug: Plug) -> None:
    if plug.bits_into:
        raise errors.MissingFeature(
            f"what goes into a {plug.kind} interface cannot be limited",
            hint="limit what comes out of it, or use a network with the driver bridge",
        )


def remove(transport: Transport, name: str) -> None:
    """Delete a link that is known to be ours; it may go by itself at any moment, with its namespace."""
    if index := lookups.index_of(transport, name):
        try:
            transport.send([linkmessages.delete(index, name)])
        except Refused as refused:
            if refused.errno != errno.ENODEV:
                raise


def existing(host: Transport, name: str) -> int:
    """The number of a link of the host. Raises: NotFound."""
    if index := lookups.index_of(host, name):
        return index
    raise errors.NotFound(f"the host has no link {name}", hint="look for its name with: ip link")


def send_explained(host: Transport, requests: Sequence[Request], feature: str) -> None:
    """Send; what the kernel does not know is an error for a person. Raises: MissingFeature, Refused, OSError."""
    try:
        host.send(requests)
    except Refused as refused:
        if refused.errno not in shaping.ABSENT:
            raise
        raise errors.MissingFeature(
            f"this kernel has no {feature}", hint=f"load it with: modprobe {feature}", errno=refused.errno or 0
        ) from refused
