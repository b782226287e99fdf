"""The networks that there are: the built-in ones, and those of operators, each a record on disk.

    ROOT/networks/<id>.json       a network; `bridge.json` once the default one has its subnet

Nothing of them is in the kernel while nobody on them runs. The supervisor alone writes here, so that what it has read
at its start stays true.
"""

import os
import re
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from ipaddress import ip_network
from typing import Final

import msgspec

from engine import errors, model
from engine.network import addressing, names, subnets
from engine.network.subnets import Subnet
from engine.state import files
from engine.supervise.networks.planning import Place, plan
from engine.supervise.networks.requests import NewNetwork

VERSION: Final = 1
DEFAULT: Final = "bridge"
BUILT_IN: Final = (DEFAULT, "host", "none")
_ALIASES: Final = {"default": DEFAULT}
"""Docker's word for the network of who names none."""
_RESERVED: Final = frozenset({*_ALIASES, *BUILT_IN, "private", "null"})
_ALLOWED: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}")
_ID: Final = re.compile(r"[0-9a-f]{64}")
_RECORD_MAX: Final = 1 << 20
_ID_BYTES: Final = 32


class Networks:
    """Those of one engine; `tag` tells its links from another's, and is empty for the engine of this host."""

    def __init__(self, folder: str, tag: str) -> None:
        self._folder = folder
        self._tag = tag
        self._found = {network.id: network for network in self._built_in()}
        self._found |= {network.id: network for network in self._load()}
        self._last: dict[tuple[str, int], str] = {}
        """Network and family -> the address that was chosen last."""

    def _built_in(self) -> Iterator[model.Network]:
        yield model.Network(id=DEFAULT, name=DEFAULT, link=names.default_bridge(self._tag))
        for name in BUILT_IN[1:]:
            yield model.Network(id=name, name=name, driver=name)

    def _load(self) -> Iterator[model.Network]:
        """What is on disk; a broken record is passed over, and what was not finished goes."""
        with suppress(FileNotFoundError):
            for name in files.unfinished(self._folder):
                os.unlink(f"{self._folder}/{name}")
            for name in sorted(os.listdir(self._folder)):
                with suppress(errors.EngineError, msgspec.DecodeError, msgspec.ValidationError, ValueError, OSError):
                    if name.endswith(".json"):
                        yield self._read(name.removesuffix(".json"))

    def _read(self, network_id: str) -> model.Network:
        data = files.read(self._path(network_id), limit=_RECORD_MAX)
        found = msgspec.json.decode(data or b"", type=model.Network)
        if found.id != network_id or not (network_id == DEFAULT or _ID.fullmatch(network_id)):
            raise ValueError(f"{self._path(network_id)} is the record of another network")
        check(found.name) if network_id != DEFAULT else None
        for subnet in filter(None, (found.subnet, found.subnet6)):
            ip_network(subnet)
        link = self._found[DEFAULT].link if network_id == DEFAULT else found.link
        return msgspec.structs.replace(found, link=link, containers={})

    def _path(self, network_id: str) -> str:
        return f"{self._folder}/{network_id}.json"

    def all(self) -> list[model.Network]:
        """Every one, by name."""
        return sorted(self._found.values(), key=lambda network: network.name)

    def find(self, ref: str) -> model.Network:
        """By name, id, or an unambiguous prefix of an id. Raises `NotFound`, or `Conflict` where several match."""
        ref = _ALIASES.get(ref, ref)
        if ref in self._found:
            return self._found[ref]
        found = [network for network in self._found.values() if network.name == ref]
        own = [network for network in self._found.values() if network.id not in BUILT_IN]
        found = found or [network for network in own if ref and network.id.startswith(ref)]
        if not found:
            raise errors.NotFound(f"no such network: {ref[:128]}", hint="list them: qd network ls")
        if len(found) > 1:
            raise errors.Conflict(f"{len(found)} networks begin with {ref[:64]}", hint="give more of the id")
        return found[0]

    def create(self, request: NewNetwork, taken: Iterable[Subnet]) -> model.Network:
        """Make one, on disk from now on; `taken` is what the host has. The default one is made anew, as it is to be;
        nobody may be on it, nor its bridge on the host. Raises `InvalidInput`, `Conflict`, OSError."""
        place = self._default_place(request) if request.name == DEFAULT else self._new_place(request.name)
        others = {**dict.fromkeys(taken, "this host"), **self._subnets(besides=place.id)}
        network = plan(request, place, others)
        self._save(network)
        return network

    def _new_place(self, name: str) -> Place:
        self._check_free(name)
        network_id = os.urandom(_ID_BYTES).hex()
        return Place(network_id, names.bridge(network_id), time.time_ns(), os.urandom(_ID_BYTES))

    def _default_place(self, request: NewNetwork) -> Place:
        if request.driver != "bridge":
            raise errors.InvalidInput("the default network is a bridge", hint="give another one a name of its own")
        link = self._found[DEFAULT].link
        return Place(DEFAULT, link, time.time_ns(), os.urandom(_ID_BYTES), subnets.DEFAULT_POOL)

    def _check_free(self, name: str) -> None:
        if check(name) in _RESERVED or any(network.name == name for network in self._found.values()):
            raise errors.Conflict(f"there is a network {name} already", hint="take another name, or see: qd network ls")

    def _subnets(self, besides: str = "") -> dict[Subnet, str]:
        """Those of all networks but one, and whose they are."""
        others = (network for network in self._found.values() if network.id != besides)
        return {
            ip_network(text): f"the network {network.name}"
            for network in others
            for text in (network.subnet, network.subnet6)
            if text
        }

    def settled(
        self, network: model.Network, taken: Iterable[Subnet], *, held: bool = True, ipv6: bool = False
    ) -> model.Network:
        """The network with its addresses: the default one gets them when it is first needed.

        And others, where what it has clashes with `taken`, which are the host's routes but for those of its own
        bridge, and no container has a lease on it: then `held` is False. `ipv6` gives it IPv6 where it has none.
        Raises `Conflict` where nothing is free, OSError.
        """
        if network.id != DEFAULT:
            return network
        known = self._found[DEFAULT]
        others = [*taken, *self._subnets(besides=DEFAULT)]
        settled = self._with_ipv4(known, others, held=held)
        if ipv6 and not known.subnet6:
            subnet6 = subnets.choose_subnet6(os.urandom(_ID_BYTES), others)
            settled = msgspec.structs.replace(
                settled, subnet6=str(subnet6), gateway6=str(addressing.gateway_of(subnet6))
            )
        if settled != known:
            self._save(settled)
        return settled

    def _with_ipv4(self, known: model.Network, others: list[Subnet], *, held: bool) -> model.Network:
        """What an operator has said stays, even where it clashes."""
        if known.subnet and (held or not subnets.is_chosen(known.subnet)):
            return known
        if known.subnet and subnets.clash(ip_network(known.subnet), others) is None:
            return known
        subnet = addressing.choose_subnet(others)
        created = known.created_ns or time.time_ns()
        return msgspec.structs.replace(
            known, subnet=str(subnet), gateway=str(addressing.gateway_of(subnet)), ip_range="", created_ns=created
        )

    def lease(
        self, network: model.Network, used: Collection[str], address: str = "", address6: str = ""
    ) -> tuple[str, str]:
        """An address of each family that the network has, empty where it has none; what is asked for is checked.

        `used` is of both families, best a mapping to the names of who has them. Nothing is recorded: that is done by
        the record of the container, before anything else is awaited. Raises `InvalidInput`, `Conflict`.
        """
        chosen = addressing.check_address(network, address, used, 4) if address else ""
        chosen6 = addressing.check_address(network, address6, used, 6) if address6 else ""
        if network.subnet and not chosen:
            chosen = addressing.allocate(network, used, self._last.get((network.id, 4), ""))
            self._last[network.id, 4] = chosen
        if network.subnet6 and not chosen6:
            chosen6 = addressing.allocate6(network, used, self._last.get((network.id, 6), ""))
            self._last[network.id, 6] = chosen6
        return chosen, chosen6

    def _save(self, network: model.Network) -> None:
        os.makedirs(self._folder, mode=0o700, exist_ok=True)
        bare = msgspec.structs.replace(network, containers={})
        encoded = msgspec.json.encode({"version": VERSION, **msgspec.to_builtins(bare)})
        files.replace(self._path(network.id), encoded)
        self._found[network.id] = bare

    def remove(self, network_id: str) -> None:
        """Forget one of an operator's, by its id. Gone already is success."""
        if network_id in BUILT_IN:
            raise errors.Conflict(f"the network {network_id} is built in, and stays", hint="nobody has to use it")
        with suppress(FileNotFoundError):
            os.unlink(self._path(network_id))
        self._found.pop(network_id, None)


def check(name: str) -> str:
    """The name, if it may be one. Raises `InvalidInput`."""
    if not _ALLOWED.fullmatch(name):
        raise errors.InvalidInput(
            f"{name[:64]!r} cannot be a network's name",
            hint="use letters, digits, '_', '.' and '-', beginning with a letter or digit, 128 at most",
        )
    return name
