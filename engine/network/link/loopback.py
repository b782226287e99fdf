"""The loopback of a container's network namespace."""

from engine.network import namespace
from engine.network.link import inside
from engine.network.link.transport import Transport


def loopback_up(pid: int) -> None:
    """Set `lo` up in the network namespace of this process; 127.0.0.1 and ::1 follow by themselves. Raises: OSError."""
    with namespace.inside(pid), Transport() as inner:
        inner.send([inside.loopback()])
