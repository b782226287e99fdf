"""What went through the links of containers, as the containers see it."""

import struct
from collections.abc import Collection
from typing import Final

from engine.network.link import lookups
from engine.network.link import numbers as n
from engine.network.link.encoding import Request, attributes
from engine.network.link.transport import Transport
from engine.network.values import Counters

_IF_STATS_MSG: Final = struct.Struct("=BxxxII")
"""Family, index, filter; linux/if_link.h."""
_LINK_STATS: Final = struct.Struct("=8Q")
"""struct rtnl_link_stats64 begins with packets, bytes, errors and drops, each received and sent."""
_FEW: Final = 20
"""Beyond it a list of all links is cheaper than asking for each."""


class Counting:
    """Counters of all pairs of one engine. Names are asked for only when a link is new: the kernel counts by number."""

    def __init__(self, alias: str) -> None:
        self._alias = alias
        self._names: dict[int, str] = {}
        """By number, which no other link gets as long as the namespace lives; empty for what is not ours."""

    def read(self) -> dict[str, Counters]:
        """By the name of the host's end. Raises: OSError."""
        with Transport() as transport:
            bodies = transport.dump(_request())
            rows = {int(_IF_STATS_MSG.unpack_from(body)[1]): body for body in bodies}
            new = rows.keys() - self._names.keys()
            learnt = self._names | self._learnt(transport, new)
            self._names = {number: learnt.get(number, "") for number in rows}
        return {name: swapped(rows[number]) for number, name in self._names.items() if name}

    def _learnt(self, transport: Transport, new: Collection[int]) -> dict[int, str]:
        if len(new) > _FEW:
            links = lookups.every(transport)
        else:
            links = [link for number in new if (link := lookups.find_number(transport, number))]
        return {link.number: link.name for link in links if link.kind == "veth" and link.alias == self._alias}


def _request() -> Request:
    return Request("count", n.RTM_GETSTATS, 0, _IF_STATS_MSG.pack(0, 0, 1 << (n.IFLA_STATS_LINK_64 - 1)))


def swapped(body: bytes) -> Counters:
    """The other end's view of the counters in the body of RTM_NEWSTATS; zeros where they are missing."""
    value = attributes(body, _IF_STATS_MSG.size).get(n.IFLA_STATS_LINK_64, b"")
    if len(value) < _LINK_STATS.size:
        return Counters(0, 0, 0, 0, 0, 0, 0, 0)
    in_packets, out_packets, in_bytes, out_bytes, in_errors, out_errors, in_drops, out_drops = _LINK_STATS.unpack_from(
        value
    )
    return Counters(out_bytes, out_packets, out_drops, out_errors, in_bytes, in_packets, in_drops, in_errors)
