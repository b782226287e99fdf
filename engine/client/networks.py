"""The calls that concern networks. One is named by its name, its id or an unambiguous prefix of its id."""

from typing import TYPE_CHECKING, Any

from engine.client.transport import Transport

if TYPE_CHECKING:
    from engine import model


class NetworkCalls(Transport):
    """Part of `Engine`."""

    def networks(self) -> "tuple[model.Network, ...]":
        """Every network, by name, with the containers that are on it."""
        from engine import model

        return self._get("networks", {}, tuple[model.Network, ...])

    def network(self, ref: str) -> "model.Network":
        """One network, with the containers that are on it."""
        from engine import model

        return self._get("network", {"ref": ref}, model.Network)

    def create_network(
        self,
        name: str,
        *,
        driver: str = "bridge",
        subnets: tuple[str, ...] = (),
        gateways: tuple[str, ...] = (),
        ip_ranges: tuple[str, ...] = (),
        ipv4: bool = True,
        ipv6: bool = False,
        internal: bool = False,
        isolate: bool = True,
        mtu: int = 0,
        parent: str = "",
        mode: str = "",
        labels: dict[str, str] | None = None,
    ) -> str:
        """Make a network; its id. One subnet, gateway and range of each family at most; what is missing is chosen.

        `mtu` 0 is the uplink's; `parent` and `mode` are for macvlan and ipvlan.
        """
        params = {
            "name": name,
            "driver": driver,
            "subnets": subnets,
            "gateways": gateways,
            "ip_ranges": ip_ranges,
            "ipv4": ipv4,
            "ipv6": ipv6,
            "internal": internal,
            "isolate": isolate,
            "mtu": mtu,
            "parent": parent,
            "mode": mode,
            "labels": labels or {},
        }
        return str(self._call("create_network", params)["id"])

    def remove_network(self, ref: str, *, force: bool = False) -> None:
        """Remove it; refused while a container is on it. With `force` one that is missing is no error, and containers
        that do not run are taken off it."""
        self._call("remove_network", {"ref": ref, "force": force})

    def prune_networks(self, filters: dict[str, list[str]] | None = None) -> tuple[str, ...]:
        """Remove those that no container is on; their names. Filters: until (nanoseconds), label, label!."""
        return tuple(self._call("prune_networks", {"filters": filters or {}})["networks"])

    def connect_network(
        self,
        ref: str,
        container: str,
        *,
        address: str = "",
        address6: str = "",
        mac: str = "",
        aliases: tuple[str, ...] = (),
    ) -> None:
        """Put a container on one more network, at once where it runs; what is empty is chosen."""
        params: dict[str, Any] = {"network": ref, "container": container, "aliases": aliases}
        self._call("connect_network", params | {"address": address, "address6": address6, "mac": mac})

    def disconnect_network(self, ref: str, container: str, *, force: bool = False) -> None:
        """Take a container off a network, at once where it runs."""
        self._call("disconnect_network", {"network": ref, "container": container, "force": force})
