"""When a container that has ended by itself is started again."""

from engine.model import ContainerState, RestartPolicy
from engine.supervise.keeper_link import Exit

FIRST_SECONDS = 0.1
LONGEST_SECONDS = 60.0
HEALTHY_SECONDS = 10.0
"""A run as long as this one counts as a success, and the delays begin anew. As Docker does."""


def delay_seconds(policy: RestartPolicy, state: ContainerState, how: Exit) -> float | None:
    """Time until the next attempt; None where there is none."""
    if state.stopped_by_user or policy.name == "no":
        return None
    failed = how.code != 0
    if policy.name == "on-failure" and not failed:
        return None
    attempts = in_row(state, how)
    if policy.name == "on-failure" and policy.max_retries and attempts >= policy.max_retries:
        return None
    return min(LONGEST_SECONDS, FIRST_SECONDS * 2.0 ** min(attempts, 20))


def in_row(state: ContainerState, how: Exit) -> int:
    """Restarts in a row that did not help."""
    ran_seconds = (how.time_ns - state.started_ns) / 1e9
    return 0 if ran_seconds >= HEALTHY_SECONDS else state.restarts_in_row
