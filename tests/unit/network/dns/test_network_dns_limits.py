"""How much one container may ask for."""

from contextlib import ExitStack

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


def test_containers_that_all_never_stop_asking_share_what_there_is() -> None:
    clock = Clock()
    crowd = Crowd(clock)
    buckets = [Bucket(crowd) for _ in range(10)]
    for bucket in buckets:
        bucket.take(limits.BURST)
    waits = [bucket.wait_seconds() for bucket in buckets]
    assert waits[0] == limits.BATCH / limits.RATE
    assert waits[-1] == limits.BATCH / (limits.SHARED_RATE / 10)


def test_what_a_crowd_has_asked_for_is_forgotten_when_it_is_over() -> None:
    clock = Clock()
    crowd = Crowd(clock)
    for number in range(100):
        crowd.rate(number)
    clock.now += 2
    assert crowd.rate(7) == limits.RATE


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
