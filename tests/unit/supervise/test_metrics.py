"""Rings of figures, and what is derived from two samples."""

import pytest

from engine import model
from engine.supervise.metrics import KEPT, Meter, Ring, cpu_limit
from engine.supervise.traffic import Counted

SECOND = 10**9


class FakeSampler:
    """Hands out samples that the test made."""

    def __init__(self, *samples: model.Sample) -> None:
        self.samples = list(samples)
        self.closed = False

    def sample(self) -> model.Sample:
        return self.samples.pop(0)

    def close(self) -> None:
        self.closed = True


def point(value: float) -> dict[str, float]:
    return {
        "cpu_cores": value,
        "throttled_ratio": 0.0,
        "memory_bytes": value * 10,
        "read_rate": 0.0,
        "write_rate": 0.0,
        "rx_rate": 0.0,
        "tx_rate": 0.0,
    }


def container(**limits: float) -> model.Container:
    options = model.CreateOptions(image="base", limits=model.Limits(**limits))
    return model.Container(
        id="c" * 64,
        name="c",
        image="base",
        image_id="i",
        command=(),
        created_ns=0,
        options=options,
        state=model.ContainerState(),
    )


def test_a_ring_gives_its_newest_points_oldest_first() -> None:
    ring = Ring()
    for number in range(5):
        ring.add(SECOND * (number + 1), **point(number))
    assert ring.last("cpu_cores", 3) == [2.0, 3.0, 4.0]
    assert ring.series(99).memory_bytes == (0, 10, 20, 30, 40)


def test_seconds_without_a_sample_are_gaps() -> None:
    ring = Ring()
    ring.add(SECOND, **point(1))
    ring.add(SECOND * 4, **point(2))
    assert ring.last("cpu_cores", 10) == [1.0, None, None, 2.0]


def test_a_ring_keeps_its_size_whatever_comes() -> None:
    ring = Ring()
    for number in range(KEPT + 7):
        ring.add(SECOND * (number + 1), **point(number))
    assert ring.last("cpu_cores", 10**6)[0] == 7.0
    assert len(ring.last("cpu_cores", 10**6)) == KEPT


def test_a_gap_of_days_costs_one_turn_of_the_ring() -> None:
    ring = Ring()
    ring.add(SECOND, **point(1))
    ring.add(SECOND * 10**6, **point(2))
    assert ring.last("cpu_cores", KEPT) == [None] * (KEPT - 1) + [2.0]


def test_figures_are_of_the_last_interval() -> None:
    meter = Meter(lambda: None)
    meter.open(
        FakeSampler(
            model.Sample(time_ns=0, cpu_usec=0, periods=0, throttled_periods=0),
            model.Sample(
                time_ns=2 * SECOND, cpu_usec=1_000_000, periods=20, throttled_periods=5, memory_bytes=7, read_bytes=100
            ),
        )
    )
    meter.sample()
    stats = meter.stats(container(cpus=0.5))
    assert stats.cpu_cores == pytest.approx(0.5)
    assert stats.throttled_ratio == pytest.approx(0.25)
    assert (stats.memory_bytes, stats.cpu_limit_cores, stats.read_bytes) == (7, 0.5, 100)
    assert meter.ring.last("read_rate", 1) == [50.0]


def test_what_went_through_the_interfaces_is_counted_and_its_rate_is_of_the_last_interval() -> None:
    first = Counted(rx_bytes=1000, tx_bytes=10, interfaces=1)
    seen = [first, first._replace(rx_bytes=5000, rx_packets=4, rx_drops=1)]
    meter = Meter(lambda: None, lambda: seen.pop(0))
    meter.open(FakeSampler(*(model.Sample(time_ns=number * 2 * SECOND) for number in range(3))))
    meter.sample()
    meter.sample()
    stats = meter.stats(container())
    assert (stats.rx_bytes, stats.rx_packets, stats.rx_drops, stats.tx_bytes) == (5000, 4, 1, 10)
    assert (stats.rx_bytes_per_second, stats.tx_bytes_per_second) == (2000.0, 0.0)
    assert meter.ring.series(1).rx_bytes_per_second == (2000.0,)


def test_an_interface_that_was_not_seen_before_gives_no_rate() -> None:
    """A supervisor that takes over, and a container that joins a network."""
    seen = [Counted(rx_bytes=10**9, interfaces=1), Counted(rx_bytes=10**9 + 7, interfaces=1)]
    meter = Meter(lambda: None, lambda: seen.pop(0))
    meter.open(FakeSampler(*(model.Sample(time_ns=number * SECOND) for number in range(3))))
    meter.sample()
    assert (meter.stats(container()).rx_bytes, meter.stats(container()).rx_bytes_per_second) == (10**9, 0.0)
    meter.sample()
    assert meter.ring.series(2).rx_bytes_per_second == (0.0, 7.0)


def test_counters_that_start_anew_are_no_rate_below_nothing() -> None:
    seen = [Counted(rx_bytes=1000, interfaces=1), Counted(rx_bytes=0, interfaces=1)]
    meter = Meter(lambda: None, lambda: seen.pop(0))
    meter.open(FakeSampler(*(model.Sample(time_ns=number * SECOND) for number in range(3))))
    meter.sample()
    meter.sample()
    assert meter.stats(container()).rx_bytes_per_second == 0.0


def test_each_oom_kill_is_told_once() -> None:
    told: list[int] = []
    meter = Meter(lambda: told.append(1))
    meter.open(FakeSampler(model.Sample(time_ns=0), model.Sample(time_ns=SECOND, oom_kills=2)))
    meter.sample()
    meter.saw_ooms(2)
    assert len(told) == 2
    meter.saw_ooms(3)
    assert (len(told), meter.oom_kills) == (3, 3)


def test_a_new_run_counts_oom_kills_anew() -> None:
    meter = Meter(lambda: None)
    meter.open(FakeSampler(model.Sample(time_ns=0), model.Sample(time_ns=SECOND, oom_kills=2)))
    meter.sample()
    meter.close()
    meter.open(FakeSampler(model.Sample(time_ns=0)))
    assert meter.oom_kills == 0


def test_closing_lets_the_descriptors_go() -> None:
    sampler = FakeSampler(model.Sample(time_ns=0))
    meter = Meter(lambda: None)
    meter.open(sampler)
    meter.close()
    assert sampler.closed
    assert not meter.running


@pytest.mark.parametrize(
    ("limits", "cores"),
    [
        (model.Limits(), None),
        (model.Limits(cpus=1.5), 1.5),
        (model.Limits(cpu_quota_usec=50_000), 0.5),
        (model.Limits(cpu_quota_usec=50_000, cpu_period_usec=25_000), 2.0),
        (model.Limits(cpu_quota_usec=-1), None),
    ],
)
def test_the_cpu_limit_is_in_cores(limits: model.Limits, cores: float | None) -> None:
    assert cpu_limit(limits) == cores
