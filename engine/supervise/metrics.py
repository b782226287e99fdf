"""One sample a second of every running container, kept for ten minutes in memory."""

import math
import time
from array import array
from collections.abc import Callable
from typing import Protocol

import msgspec

from engine import model

STEP_SECONDS = 1.0
KEPT = 600
"""Points a container; 34 KB of doubles."""
_FIELDS = ("cpu_cores", "throttled_ratio", "memory_bytes", "read_rate", "write_rate", "rx_rate", "tx_rate")
_TRAFFIC = tuple(f"{way}_{what}" for way in ("rx", "tx") for what in ("bytes", "packets", "drops", "errors"))


class Sampler(Protocol):
    """What a cgroup offers: counters of this instant, from descriptors that stay open."""

    def sample(self) -> model.Sample: ...
    def close(self) -> None: ...


class Traffic(Protocol):
    """What went through a container's interfaces since they were made: a named tuple of fields of `model.Sample`."""

    def _asdict(self) -> dict[str, int]: ...


class Ring:
    """The last points of one container, in arrays that never grow. A gap is NaN."""

    def __init__(self) -> None:
        self._points = {name: array("d", [math.nan]) * KEPT for name in _FIELDS}
        self._next = 0
        self._end_ns = 0

    def add(self, time_ns: int, **values: float) -> None:
        """One point; missed seconds since the last one become gaps."""
        if self._end_ns:
            missed = round((time_ns - self._end_ns) / 1e9 / STEP_SECONDS) - 1
            for _ in range(min(missed, KEPT)):
                self._put(dict.fromkeys(_FIELDS, math.nan))
        self._put(values)
        self._end_ns = time_ns

    def _put(self, values: dict[str, float]) -> None:
        at = self._next % KEPT
        for name, points in self._points.items():
            points[at] = values[name]
        self._next += 1

    def last(self, name: str, count: int) -> list[float | None]:
        """The newest `count` points of one field, oldest first; fewer where there are not so many."""
        points = self._points[name]
        first = max(0, self._next - min(count, KEPT))
        values = (points[at % KEPT] for at in range(first, self._next))
        return [None if math.isnan(value) else value for value in values]

    def series(self, seconds: int) -> model.Series:
        """All fields of the last `seconds`."""
        memory = self.last("memory_bytes", seconds)
        return model.Series(
            end_ns=self._end_ns,
            step_usec=round(STEP_SECONDS * 1e6),
            cpu_cores=tuple(self.last("cpu_cores", seconds)),
            throttled_ratio=tuple(self.last("throttled_ratio", seconds)),
            memory_bytes=tuple(None if value is None else int(value) for value in memory),
            read_bytes_per_second=tuple(self.last("read_rate", seconds)),
            write_bytes_per_second=tuple(self.last("write_rate", seconds)),
            rx_bytes_per_second=tuple(self.last("rx_rate", seconds)),
            tx_bytes_per_second=tuple(self.last("tx_rate", seconds)),
        )


class Meter:
    """Samples one container, derives figures, notices OOM kills. Lives across its runs."""

    def __init__(self, on_oom: Callable[[], None], traffic: Callable[[], Traffic] | None = None) -> None:
        self.ring = Ring()
        self.oom_kills = 0
        """Of this run, as far as seen."""
        self._on_oom = on_oom
        self._traffic = traffic
        self._sampler: Sampler | None = None
        self._before: model.Sample | None = None
        self._last: model.Sample | None = None

    def open(self, sampler: Sampler) -> None:
        """A run has started. Its interfaces are not asked for yet, or each start would wait for a list of all links; so
        the first second of them gives no rate."""
        self.close()
        self._sampler = sampler
        self.oom_kills = 0
        self._last = sampler.sample()
        self._before = None

    def close(self) -> None:
        """The run is over."""
        if self._sampler is not None:
            self._sampler.close()
        self._sampler = self._before = self._last = None

    def sample(self) -> None:
        """Take one sample."""
        if self._sampler is None:
            return
        self._before, self._last = self._last, self._read(self._sampler)
        assert self._before is not None
        self.ring.add(
            time.time_ns(),
            cpu_cores=_cores(self._before, self._last),
            throttled_ratio=_throttled(self._before, self._last),
            memory_bytes=float(self._last.memory_bytes),
            read_rate=_rate(self._before, self._last, "read_bytes"),
            write_rate=_rate(self._before, self._last, "write_bytes"),
            rx_rate=_flow(self._before, self._last, "rx_bytes"),
            tx_rate=_flow(self._before, self._last, "tx_bytes"),
        )
        self.saw_ooms(self._last.oom_kills)

    def _read(self, sampler: Sampler) -> model.Sample:
        """The cgroup's figures and the interfaces'."""
        sample = sampler.sample()
        if self._traffic is None:
            return sample
        return msgspec.structs.replace(sample, **self._traffic()._asdict())

    def saw_ooms(self, count: int) -> None:
        """The kernel's counter of this run; each new kill is told once."""
        for _ in range(count - self.oom_kills):
            self._on_oom()
        self.oom_kills = max(self.oom_kills, count)

    def stats(self, container: model.Container) -> model.Stats:
        """Figures of this moment: of the last interval where one has passed, else of the time since the start."""
        assert self._sampler is not None
        if self._before is None:
            self.sample()
        before, last = self._before, self._last
        assert before is not None
        assert last is not None
        return model.Stats(
            id=container.id,
            name=container.name,
            cpu_cores=_cores(before, last),
            cpu_limit_cores=cpu_limit(container.options.limits),
            throttled_ratio=_throttled(before, last),
            memory_bytes=last.memory_bytes,
            memory_cache_bytes=last.memory_cache_bytes,
            memory_limit_bytes=last.memory_limit_bytes,
            memory_peak_bytes=last.memory_peak_bytes,
            oom_kills=last.oom_kills,
            pids=last.pids,
            pids_limit=last.pids_limit,
            read_bytes=last.read_bytes,
            write_bytes=last.write_bytes,
            **{field: getattr(last, field) for field in _TRAFFIC},
            rx_bytes_per_second=_flow(before, last, "rx_bytes"),
            tx_bytes_per_second=_flow(before, last, "tx_bytes"),
            pid=container.state.pid,
        )

    @property
    def running(self) -> bool:
        """Whether there is something to sample."""
        return self._sampler is not None


def cpu_limit(limits: model.Limits) -> float | None:
    """Cores' worth of time that the limits allow per wall second; None without such a limit."""
    if limits.cpus is not None:
        return limits.cpus
    if limits.cpu_quota_usec is not None and limits.cpu_quota_usec > 0:
        return limits.cpu_quota_usec / (limits.cpu_period_usec or 100_000)
    return None


def _cores(before: model.Sample, last: model.Sample) -> float:
    return max(0, last.cpu_usec - before.cpu_usec) * 1000 / max(1, last.time_ns - before.time_ns)


def _throttled(before: model.Sample, last: model.Sample) -> float:
    periods = last.periods - before.periods
    return (last.throttled_periods - before.throttled_periods) / periods if periods > 0 else 0.0


def _rate(before: model.Sample, last: model.Sample, name: str) -> float:
    """Bytes a second."""
    moved: int = getattr(last, name) - getattr(before, name)
    return max(0, moved) * 1e9 / max(1, last.time_ns - before.time_ns)


def _flow(before: model.Sample, last: model.Sample, name: str) -> float:
    """Bytes a second; none where an interface has come, of which it is not known when it counted what."""
    return _rate(before, last, name) if before.interfaces == last.interfaces else 0.0
