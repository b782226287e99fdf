"""Threads that work side by side: the first failure ends all, and is the one that is told."""

import threading

import pytest

from engine.image.registry.crew import Crew, Stopped, together


class Trouble(Exception):
    """What goes wrong in these tests."""


def test_results_come_from_whoever_has_worked() -> None:
    with together() as crew:
        futures = [crew.start(pow, number, 2) for number in range(10)]
        assert [crew.result(future) for future in futures] == [number**2 for number in range(10)]


def test_a_failure_ends_the_waits_of_the_others_and_is_told_instead_of_theirs() -> None:
    def wait(crew: Crew) -> None:
        crew.rest(3600)

    def fail() -> None:
        raise Trouble("the first")

    with pytest.raises(Trouble, match="the first"), together() as crew:
        waiting = crew.start(wait, crew)
        crew.start(fail)
        crew.result(waiting)


def test_a_failure_of_whoever_waits_ends_the_work() -> None:
    ended = threading.Event()

    def work(crew: Crew) -> None:
        try:
            crew.rest(3600)
        except Stopped:
            ended.set()

    with pytest.raises(Trouble), together() as crew:
        crew.start(work, crew)
        raise Trouble
    assert ended.is_set()


def test_work_that_has_not_begun_never_does_after_a_failure() -> None:
    begun = []

    def work(crew: Crew, number: int) -> None:
        crew.check()
        begun.append(number)

    def fail() -> None:
        raise Trouble

    with pytest.raises(Trouble), together(1) as crew:
        failing = crew.start(fail)
        futures = [crew.start(work, crew, number) for number in range(100)]
        crew.result(failing)
    assert begun == []
    assert all(future.done() for future in futures)
