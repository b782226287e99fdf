"""Why a run ended, in words."""

import pytest

from engine.supervise.death import cause


@pytest.mark.parametrize(
    ("code", "facts", "words"),
    [
        (0, {}, "exit 0: done"),
        (0, {"stopped_by_user": True}, "exit 0: stopped by the operator"),
        (1, {}, "exit 1"),
        (127, {}, "exit 127: command not found"),
        (
            137,
            {"oom_killed": True, "memory_limit_bytes": 64 << 20},
            "killed by the kernel: memory limit 64 MiB reached",
        ),
        (137, {"oom_killed": True}, "killed by the kernel: the host's memory limit reached"),
        (
            1,
            {"oom_killed": True, "memory_limit_bytes": 64 << 20},
            "exit 1, after the kernel killed a process of it: memory limit 64 MiB reached",
        ),
        (143, {"stopped_by_user": True}, "exit 143: SIGTERM, stopped by the operator"),
        (137, {"asked": "SIGKILL"}, "exit 137: SIGKILL, sent by the operator"),
        (139, {}, "exit 139: SIGSEGV"),
        (255, {}, "exit 255"),
        (None, {}, "ended unseen: the engine was not there, the exit code is not known"),
    ],
)
def test_a_cause_names_what_is_known_and_no_more(code: int | None, facts: dict[str, object], words: str) -> None:
    known = {"oom_killed": False, "memory_limit_bytes": None, "stopped_by_user": False, **facts}
    assert cause(code, **known) == words  # type: ignore[arg-type]  # facts of several types
