"""What a container may use."""

from engine.model.value import Value


class DeviceRate(Value, frozen=True, kw_only=True):
    """A ceiling for one block device of the host."""

    path: str
    """The device node on the host, such as /dev/vda."""
    rate: int
    """Bytes or operations per second."""


class Limits(Value, frozen=True, kw_only=True):
    """Resource ceilings. None (or an empty tuple) means the kernel's own default, never zero."""

    memory_bytes: int | None = None
    """Hard limit; v2 memory.max, v1 memory.limit_in_bytes."""
    memory_swap_bytes: int | None = None
    """Memory and swap together, as Docker counts; -1 is unlimited swap. None is twice the memory limit."""
    memory_reservation_bytes: int | None = None
    """Soft limit; v2 memory.low, v1 memory.soft_limit_in_bytes."""
    cpus: float | None = None
    """Cores' worth of time per wall second; 1.5 means 150 ms per 100 ms period."""
    cpu_shares: int | None = None
    """Relative weight against siblings; 1024 is the default of the kernel."""
    cpu_quota_usec: int | None = None
    cpu_period_usec: int | None = None
    cpuset_cpus: str | None = None
    """A list such as 0-2,4."""
    cpuset_mems: str | None = None
    pids: int | None = None
    """How many tasks; -1 is unlimited."""
    blkio_weight: int | None = None
    """10 to 1000."""
    device_read_bps: tuple[DeviceRate, ...] = ()
    device_write_bps: tuple[DeviceRate, ...] = ()
    device_read_iops: tuple[DeviceRate, ...] = ()
    device_write_iops: tuple[DeviceRate, ...] = ()
