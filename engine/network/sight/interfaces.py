"""What went through the interfaces of a network namespace, as whoever is in there sees it.

For those that have no end on the host: macvlan and ipvlan. Source: proc_pid_net(5), /proc/net/dev.
"""

from collections.abc import Collection

from engine.kernel import files
from engine.network.values import Counters

_FIELDS = 16
"""Eight received and eight sent: bytes, packets, errors, drops, and four that are not asked for."""


def read(pid: int, names: Collection[str]) -> dict[str, Counters]:
    """Those of these names in that process's namespace. Raises OSError."""
    return parse(files.read(f"/proc/{pid}/net/dev"), names)


def parse(text: str, names: Collection[str]) -> dict[str, Counters]:
    """By name; a line in another form is passed over."""
    found = {}
    for line in text.splitlines():
        name, _, rest = line.partition(":")
        fields = rest.split()
        if name.strip() in names and len(fields) >= _FIELDS and all(field.isdecimal() for field in fields[:_FIELDS]):
            found[name.strip()] = _counters([int(field) for field in fields])
    return found


def _counters(fields: list[int]) -> Counters:
    rx_bytes, rx_packets, rx_errors, rx_drops = fields[:4]
    tx_bytes, tx_packets, tx_errors, tx_drops = fields[8:12]
    return Counters(rx_bytes, rx_packets, rx_drops, rx_errors, tx_bytes, tx_packets, tx_drops, tx_errors)
