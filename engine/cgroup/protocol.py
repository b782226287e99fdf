"""The words that the parts of this package share, and what a backend (v1 or v2) must do."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple, Protocol

SUBTREE: Final = "quarterdeck"
"""Our folder in every hierarchy, beside the caller's own cgroup; nothing else is touched."""

Exists = Callable[[str, str], bool]
"""Whether a cgroup has a file: (controller, file)."""

Readings = dict[str, int | None]
"""Fields of `engine.model.Sample` by name, and `inactive_file_bytes`, which is taken off the memory."""


class Mount(NamedTuple):
    """A cgroup file system."""

    path: str
    version: int
    controllers: tuple[str, ...]
    """v1: those of the hierarchy; v2: those that our subtree can have."""
    writable: bool
    device: str
    """major:minor, as stat(2) shows it while no other mount hides this one."""


class Placement(NamedTuple):
    """How a process gets into a cgroup."""

    join: tuple[str, ...]
    """v1 `tasks` files. The new process writes "0" into each while it has one thread: 0.1 ms for seven hierarchies,
    where `cgroup.procs`, or writing its pid from outside, costs a grace period for each (6-10 ms in all)."""
    into: str | None
    """v2 directory for CLONE_INTO_CGROUP; None where there is no v2."""
    ignored: tuple[str, ...] = ()
    """What was asked for and is not applied here, a sentence each."""


class Setting(NamedTuple):
    """One write into one file of a cgroup."""

    controller: str
    file: str
    value: str
    what: str
    """In words, for errors: memory limit, CPU shares ..."""


class Source(NamedTuple):
    """A file that a sampler keeps open, and what its text says."""

    path: str
    parse: Callable[[str], Readings]


class Backend(Protocol):
    """One version of cgroups. A name is one component, checked by the caller; every call may raise OSError.

    Calls about a cgroup that is not there, or not any more, answer with nothing; only `create` makes one.
    """

    controllers: tuple[str, ...]
    """Those that can be used, in the kernel's words for this version."""

    def create(self, name: str, resources: dict[str, Any]) -> list[str]:
        """Make the cgroup and set its limits, or leave nothing; what is ignored, a sentence each."""

    def missing(self, name: str) -> list[str]:
        """What is not there yet of its folders and of those above them, the deepest first."""

    def update(self, name: str, resources: dict[str, Any]) -> list[str]:
        """Change the limits that are given; what is ignored, a sentence each."""

    def place(self, name: str) -> Placement:
        """How to get into it."""

    def freeze(self, name: str) -> None:
        """Return when every process of it is frozen."""

    def thaw(self, name: str) -> None:
        """Let them run again."""

    def is_frozen(self, name: str) -> bool:
        """Whether it is frozen, or about to be."""

    def kill(self, name: str) -> None:
        """SIGKILL to every process of it, those of nested cgroups included; does not wait for their end."""

    def pids(self, name: str) -> list[int]:
        """Every process of it, those of nested cgroups included."""

    def oom_kills(self, name: str) -> int:
        """How many processes the kernel killed for its memory limit."""

    def sources(self, name: str) -> list[Source]:
        """The files of a sample."""

    def read(self, name: str, controller: str, file: str) -> str:
        """The text of one of its files, empty where there is none."""

    def delete(self, name: str, deadline: float) -> list[Exception]:
        """Remove it and what is nested in it, by the deadline (monotonic); every failure, none where it is gone."""

    def names(self) -> set[str]:
        """What lies in our subtree."""

    def paths(self, name: str) -> dict[str, str]:
        """Controller -> directory."""
