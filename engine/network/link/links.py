"""The links of one engine: made, deleted, listed, counted."""

from collections.abc import Collection, Sequence
from contextlib import ExitStack

from engine import errors
from engine.network import namespace
from engine.network.link import addressmessages, inside, linkmessages, lookups, plugging, shaping
from engine.network.link.counters import Counting
from engine.network.link.transport import Transport
from engine.network.values import Bridge, Counters, Interface, Plug


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
                    undo.callback(plugging.remove, host, bridge.name)
                plugging.send_explained(host, [*first, setting], "bridge")
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
            plugging.remove(host, name)

    def own(self) -> dict[str, str]:
        """Kinds of the links of this engine by their names. Raises: OSError."""
        with Transport() as host:
            return {link.name: link.kind for link in lookups.every(host) if link.alias == self._alias}

    def sweep(self, keep: Collection[str]) -> list[str]:
        """Delete every link of this engine but these and the ones that shape them, and say which there were.

        Raises: ExceptionGroup of those that could not be deleted, when all have been tried; OSError.
        """
        gone = sorted(self.own().keys() - set(keep) - set(map(shaping.ifb_name, keep)))
        failures = []
        for name in gone:
            try:
                self.delete(name)
            except (errors.Conflict, OSError) as failure:
                failures.append(failure)
        if failures:
            raise ExceptionGroup("links could not be deleted", failures)
        return gone

    def counters(self) -> dict[str, Counters]:
        """By the name of the host's end, as the container sees them; those of pairs alone. Raises: OSError."""
        return self._counting.read()

    def plug(self, pid: int, plugs: Sequence[Plug], *, loopback: bool = True) -> None:
        """Give the network namespace of this process its interfaces, up, with addresses and routes.

        `loopback`: the namespace is new; `lo` is set up, and nobody in it is anybody's router. After a failure there is
        none of them. Raises: Conflict, NotFound, MissingFeature, OSError.
        """
        with ExitStack() as open_:
            host = open_.enter_context(Transport())
            with namespace.inside(pid):
                inner = open_.enter_context(Transport())
                if plugs and loopback:
                    inside.distrust()
                with ExitStack() as undo:
                    requests = plugging.Plugging(self._tag, host, inner, undo).made(plugs)
                    inner.send(([inside.loopback()] if loopback else []) + requests)
                    undo.pop_all()

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
            plugging.remove(inner, interface)

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
