"""What a container uses: one raw sample, figures derived from two, and a series for graphs."""

from engine.model.value import Value


class Sample(Value, frozen=True, kw_only=True):
    """Counters of one cgroup at one instant, as the kernel keeps them."""

    time_ns: int
    """Monotonic clock."""
    cpu_usec: int = 0
    cpu_user_usec: int = 0
    cpu_system_usec: int = 0
    periods: int = 0
    throttled_periods: int = 0
    throttled_usec: int = 0
    memory_bytes: int = 0
    """Working set: usage without inactive file cache, as Docker counts."""
    memory_cache_bytes: int = 0
    memory_limit_bytes: int | None = None
    memory_peak_bytes: int = 0
    swap_bytes: int = 0
    oom_kills: int = 0
    pids: int = 0
    pids_limit: int | None = None
    read_bytes: int = 0
    write_bytes: int = 0
    rx_bytes: int = 0
    """Of this and the next seven: through all interfaces but loopback since the start of the run, as the container
    sees them: rx is what it received. Not of the cgroup."""
    rx_packets: int = 0
    rx_drops: int = 0
    rx_errors: int = 0
    tx_bytes: int = 0
    tx_packets: int = 0
    tx_drops: int = 0
    tx_errors: int = 0
    interfaces: int = 0
    """How many interfaces that is the sum of."""


class Stats(Value, frozen=True, kw_only=True):
    """What one container uses now."""

    id: str
    name: str
    cpu_cores: float
    """Cores' worth of time over the last interval; 1.0 is one core busy."""
    cpu_limit_cores: float | None
    throttled_ratio: float
    """Share of the scheduling periods of the last interval in which it was throttled, 0 to 1."""
    memory_bytes: int
    memory_cache_bytes: int
    memory_limit_bytes: int | None
    """None without a limit."""
    memory_peak_bytes: int
    oom_kills: int
    pids: int
    pids_limit: int | None
    read_bytes: int
    """Since the start of the run, from block devices."""
    write_bytes: int
    rx_bytes: int = 0
    """Of this and the next seven: see `Sample`. With the host's network zero: its traffic cannot be told apart."""
    rx_packets: int = 0
    rx_drops: int = 0
    rx_errors: int = 0
    tx_bytes: int = 0
    tx_packets: int = 0
    tx_drops: int = 0
    tx_errors: int = 0
    rx_bytes_per_second: float = 0.0
    """Over the last interval; likewise the next."""
    tx_bytes_per_second: float = 0.0
    pid: int = 0


class Series(Value, frozen=True, kw_only=True):
    """The recent past of one container, oldest first, for graphs. All lists have one length.

    A gap (the container did not run, or the engine slept) is NaN in JSON's only possible form: null.
    """

    end_ns: int
    """Wall clock of the last point."""
    step_usec: int
    cpu_cores: tuple[float | None, ...]
    throttled_ratio: tuple[float | None, ...]
    memory_bytes: tuple[int | None, ...]
    read_bytes_per_second: tuple[float | None, ...]
    write_bytes_per_second: tuple[float | None, ...]
    rx_bytes_per_second: tuple[float | None, ...] = ()
    """Received from any network; likewise the next, sent."""
    tx_bytes_per_second: tuple[float | None, ...] = ()
