"""What is told of layers: every step, and bytes no more often than eyes follow."""

import threading
from typing import Any

import pytest

from engine.image.registry import progress
from engine.image.registry.progress import LayerProgress, Teller

DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, as its last element."""
    times = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: times[-1])
    return times


def test_each_step_is_told_at_once_and_bytes_ten_times_a_second(clock: list[float]) -> None:
    events: list[dict[str, Any]] = []
    bar = LayerProgress(events.append, DIGEST, 1000)
    bar("waiting")
    for done in range(0, 1000, 10):
        clock.append(clock[-1] + 0.01)
        bar("downloading", done)
    bar("done", 1000)
    assert [event["step"] for event in events[:1] + events[-1:]] == ["waiting", "done"]
    assert 10 <= len(events) <= 13
    assert events[-1] == {"layer": "0123456789ab", "step": "done", "done": 1000, "total": 1000}


def test_what_somebody_else_knows_is_told_with_the_bytes_so_far(clock: list[float]) -> None:
    events: list[dict[str, Any]] = []
    bar = LayerProgress(events.append, DIGEST, 1000)
    bar("downloading", 400)
    bar.told({"step": "retrying in 3 s"})
    assert events[-1] == {"layer": "0123456789ab", "step": "retrying in 3 s", "done": 400, "total": 1000}


def test_threads_tell_one_after_the_other() -> None:
    inside, overlaps = threading.Lock(), []

    def listen(_event: dict[str, Any]) -> None:
        overlaps.append(not inside.acquire(blocking=False))
        threading.Event().wait(0.001)
        inside.release()

    teller = Teller(listen)
    threads = [threading.Thread(target=lambda: [teller({}) for _ in range(10)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert overlaps == [False] * 40
