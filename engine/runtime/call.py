"""What a verb is called with. Standard library only."""

from typing import NamedTuple

from engine.runtime.arguments import Given
from engine.runtime.report import Log


class Call(NamedTuple):
    """One command line, taken apart."""

    verb: str
    root: str
    """The folder of the states of all containers, absolute."""
    log: Log
    given: Given
    no_pivot: bool
    cgroups: bool
    """False for `--cgroup-manager disabled`."""
    rootless: str
    """true, false or auto."""

    @property
    def id(self) -> str:
        """The first argument."""
        return self.given.arguments[0]

    def has(self, name: str) -> bool:
        """Whether a flag is given."""
        return name in self.given.flags
