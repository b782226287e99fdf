"""Frozen values that cross every border of the engine: sockets, disk, threads, the dashboard.

They hold no behaviour beyond what can be said of the value alone.
Times are nanoseconds since the epoch, sizes are bytes, durations are microseconds; `None` means "the kernel's
default" or "not known", never zero.
"""

from engine.model.connection import Connection, Connections
from engine.model.container import (
    NEXT,
    Container,
    ContainerState,
    CreateOptions,
    ExecOptions,
    RestartPolicy,
    Status,
    Ulimit,
)
from engine.model.event import Event
from engine.model.host import Info, Overview
from engine.model.image import Image
from engine.model.limits import DeviceRate, Limits
from engine.model.mount import Bind, Device, ImageMount, Volume, VolumeMount
from engine.model.network import Bandwidth, Endpoint, Joining, Network, Port
from engine.model.process import Change, Process
from engine.model.stats import Sample, Series, Stats

__all__ = [
    "NEXT",
    "Bandwidth",
    "Bind",
    "Change",
    "Connection",
    "Connections",
    "Container",
    "ContainerState",
    "CreateOptions",
    "Device",
    "DeviceRate",
    "Endpoint",
    "Event",
    "ExecOptions",
    "Image",
    "ImageMount",
    "Info",
    "Joining",
    "Limits",
    "Network",
    "Overview",
    "Port",
    "Process",
    "RestartPolicy",
    "Sample",
    "Series",
    "Stats",
    "Status",
    "Ulimit",
    "Volume",
    "VolumeMount",
]
