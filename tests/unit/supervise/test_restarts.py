"""When a container that ended is started again."""

import pytest

from engine.model import ContainerState, RestartPolicy
from engine.supervise.keeper_link import Exit
from engine.supervise.restarts import delay_seconds

SECOND = 10**9


def ended(code: int | None, after_seconds: float = 1.0) -> Exit:
    return Exit(code, round(after_seconds * SECOND))


@pytest.mark.parametrize(
    ("policy", "code", "again"),
    [
        ("no", 1, False),
        ("always", 0, True),
        ("unless-stopped", 0, True),
        ("on-failure", 0, False),
        ("on-failure", 1, True),
        ("on-failure", None, True),
    ],
)
def test_the_policy_decides(policy: str, code: int | None, again: bool) -> None:
    delay = delay_seconds(RestartPolicy(name=policy), ContainerState(), ended(code))
    assert (delay is not None) is again


def test_nothing_restarts_what_the_operator_stopped() -> None:
    assert delay_seconds(RestartPolicy(name="always"), ContainerState(stopped_by_user=True), ended(1)) is None


def test_delays_double_up_to_a_minute() -> None:
    states = [ContainerState(restarts_in_row=n) for n in (0, 1, 2, 20, 1000)]
    delays = [delay_seconds(RestartPolicy(name="always"), state, ended(1)) for state in states]
    assert delays == [0.1, 0.2, 0.4, 60.0, 60.0]


def test_a_run_of_ten_seconds_begins_the_delays_anew() -> None:
    state = ContainerState(restarts_in_row=9, started_ns=0)
    assert delay_seconds(RestartPolicy(name="always"), state, ended(1, 10.0)) == 0.1


def test_on_failure_gives_up_after_its_number() -> None:
    policy = RestartPolicy(name="on-failure", max_retries=3)
    assert delay_seconds(policy, ContainerState(restarts_in_row=2), ended(1)) is not None
    assert delay_seconds(policy, ContainerState(restarts_in_row=3), ended(1)) is None
