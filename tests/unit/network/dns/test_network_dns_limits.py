"""How much one container may ask for."""

from contextlib import ExitStack

import pytest

from engine.network.dns import limits
from engine.network.dns.limits import Bucket, Crowd, Places


class Clock:
    """A time that goes on when it is told to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def asked(bucket: Bucket, clock: Clock, seconds: float) -> int:
    """How many questions a container gets read that never stops asking."""
    count, end = 0, clock.now + seconds
    while clock.now < end:
        if wait := bucket.wait_seconds():
            clock.now += wait
        else:
            bucket.take(1)
            count += 1
    return count


def test_a_container_that_asks_seldom_never_waits() -> None:
    clock = Clock()
    bucket = Bucket(Crowd(clock))
    for _ in range(1000):
        assert bucket.wait_seconds() == 0
        bucket.take(limits.FORWARD_COST)
        clock.now += 0.01


def test_a_container_that_never_stops_asking_gets_its_burst_and_then_its_rate() -> None:
    clock = Clock()
    count = asked(Bucket(Crowd(clock)), clock, 10)
    most = limits.BURST + 10 * limits.RATE
    assert 0.95 * most < count <= most + limits.BATCH


def all_ask(buckets: list[Bucket], clock: Clock, seconds: float, most: float) -> list[int]:
    """How many questions each gets read in that time, asking for so many a second."""
    counts, free = [0] * len(buckets), [0.0] * len(buckets)
    for _ in range(int(seconds * 100)):
        clock.now += 0.01
        for number, bucket in enumerate(buckets):
            for _ in range(int(most / 100)):
                if clock.now < free[number]:
                    break
                free[number] = clock.now + bucket.wait_seconds()
                if clock.now >= free[number]:
                    bucket.take(1)
                    counts[number] += 1
    return counts


@pytest.mark.parametrize("most", [400, 2000])
def test_containers_that_together_ask_for_too_much_share_what_there_is(most: float) -> None:
    clock = Clock()
    crowd = Crowd(clock)
    buckets = [Bucket(crowd) for _ in range(50)]
    all_ask(buckets, clock, 5, most)
    counts = all_ask(buckets, clock, 10, most)
    assert 0.5 * limits.SHARED_RATE < sum(counts) / 10 < 1.5 * limits.SHARED_RATE
    assert max(counts) < 1.5 * min(counts)


def test_a_container_that_asks_little_does_not_wait_while_others_flood() -> None:
    clock = Clock()
    crowd = Crowd(clock)
    buckets, modest = [Bucket(crowd) for _ in range(50)], Bucket(crowd)
    for _ in range(100):
        all_ask(buckets, clock, 0.1, 1000)
        assert modest.wait_seconds() == 0
        modest.take(1)


def test_a_flood_that_is_over_is_forgotten() -> None:
    clock = Clock()
    crowd = Crowd(clock)
    all_ask([Bucket(crowd) for _ in range(50)], clock, 5, 1000)
    assert crowd.rate < limits.RATE
    modest = Bucket(crowd)
    for _ in range(3):
        clock.now += 1
        modest.take(1)
    assert crowd.rate == limits.RATE


def test_one_container_has_so_many_places_and_others_have_theirs() -> None:
    crowd = Crowd(Clock())
    places, others = Places(crowd), Places(crowd)
    with ExitStack() as held:
        assert _filled(places, held) == limits.IN_FLIGHT
        with others.one() as is_free:
            assert is_free
    assert crowd.places == limits.IN_FLIGHT_ALL
    with places.one() as is_free:
        assert is_free


def test_however_many_containers_fill_their_places_there_are_some_for_one_more() -> None:
    crowd = Crowd(Clock())
    with ExitStack() as held:
        counts = [_filled(Places(crowd), held) for _ in range(8)]
        assert counts[0] == limits.IN_FLIGHT
        assert crowd.places > 0
        assert _filled(Places(crowd), held) > 0


def _filled(places: Places, held: ExitStack) -> int:
    count = 0
    while held.enter_context(places.one()):
        count += 1
    return count
