"""The part of the engine in memory that concerns networks; see `support.memory_engine`."""

from engine import errors, model


class MemoryNetworks:
    """It knows the networks of `wired`."""

    wired: tuple[model.Network, ...]

    def networks(self) -> tuple[model.Network, ...]:
        self._note("networks")
        return self.wired

    def network(self, ref: str) -> model.Network:
        for network in self.wired:
            if ref == network.name or network.id.startswith(ref):
                return network
        raise errors.NotFound(f"no such network: {ref}", hint="list them: qd network ls")

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
        asked = {key: value for key, value in locals().items() if key not in ("self", "name")}
        self._note("create_network", name, {key: value for key, value in asked.items() if value})
        return "f" * 64

    def remove_network(self, ref: str, *, force: bool = False) -> None:
        self._note("remove_network", ref, force)

    def prune_networks(self, filters: dict[str, list[str]] | None = None) -> tuple[str, ...]:
        self._note("prune_networks", filters or {})
        return ("idle",)

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
        self._note("connect_network", ref, container, address, address6, mac, aliases)

    def disconnect_network(self, ref: str, container: str, *, force: bool = False) -> None:
        self._note("disconnect_network", ref, container, force)
