"""Why a run ended, in words for a person."""

import signal

_MEANINGS = {
    125: "the engine could not run it",
    126: "command cannot be executed",
    127: "command not found",
}


def cause(
    code: int | None, *, oom_killed: bool, memory_limit_bytes: int | None, stopped_by_user: bool, asked: str = ""
) -> str:
    """One line: what ended the run, with its evidence.

    `asked` names the signal that the operator sent last, if any. An exit code of 128+n is what a shell tells of
    signal n; a program may also exit with it by itself, which nobody can tell apart.
    """
    if code is None:
        return "ended unseen: the engine was not there, the exit code is not known"
    if oom_killed and code in (137, 9):
        return f"killed by the kernel: {_limit_words(memory_limit_bytes)} reached"
    if oom_killed:
        return f"exit {code}, after the kernel killed a process of it: {_limit_words(memory_limit_bytes)} reached"
    if code > 128:
        return _signal_words(code, stopped_by_user, asked)
    if code == 0:
        return "exit 0: stopped by the operator" if stopped_by_user else "exit 0: done"
    meaning = _MEANINGS.get(code)
    return f"exit {code}: {meaning}" if meaning else f"exit {code}"


def _limit_words(memory_limit_bytes: int | None) -> str:
    if memory_limit_bytes is None:
        return "the host's memory limit"
    return f"memory limit {memory_limit_bytes / (1 << 20):g} MiB"


def _signal_words(code: int, stopped_by_user: bool, asked: str) -> str:
    try:
        name = signal.Signals(code - 128).name
    except ValueError:
        return f"exit {code}"
    if stopped_by_user:
        return f"exit {code}: {name}, stopped by the operator"
    if asked == name:
        return f"exit {code}: {name}, sent by the operator"
    return f"exit {code}: {name}"
