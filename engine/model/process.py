"""A process of a container, and a change of its file system."""

from engine.model.value import Value


class Process(Value, frozen=True, kw_only=True):
    """One process, as seen from the host."""

    pid: int
    """On the host."""
    pid_inside: int
    ppid: int
    user: str
    """A uid of the host; names of the container's passwd are not trusted."""
    state: str
    """R, S, D, Z, T ... of proc(5)."""
    tty: str
    """pts/N of the container's own terminals, ? without one."""
    cpu_usec: int
    memory_bytes: int
    """Resident set."""
    started_ns: int
    command: tuple[str, ...]
    """Its arguments; its bare name in brackets where it has none."""


class Change(Value, frozen=True, kw_only=True):
    """One path that differs from the image."""

    kind: str
    """A added, C changed, D deleted."""
    path: str
    """Absolute, inside; bytes that are not UTF-8 as surrogate escapes."""
