"""The STATUS column."""

from engine.cli.render.human import ago, duration
from engine.model import Container, Status


def status(container: Container, now_ns: int) -> str:
    """`Up 3 hours (Paused)`, `Exited (137) 5 seconds ago (OOM killed)`, as `docker ps` says it."""
    state = container.state
    up = f"Up {duration(max(0, now_ns - state.started_ns) / 1e9)}"
    match state.status:
        case Status.RUNNING:
            return up
        case Status.PAUSED:
            return f"{up} (Paused)"
        case Status.RESTARTING:
            return f"Restarting {_ended(container, now_ns)}"
        case Status.EXITED:
            return f"Exited {_ended(container, now_ns)}"
        case Status.REMOVING:
            return "Removal In Progress"
        case _:
            return "Created"


def _ended(container: Container, now_ns: int) -> str:
    state = container.state
    code = "unknown" if state.exit_code is None else state.exit_code
    when = f" {ago(state.finished_ns, now_ns)}" if state.finished_ns else ""
    return f"({code}){when}" + (" (OOM killed)" if state.oom_killed else "")
