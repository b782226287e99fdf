"""What every command is given: where the engine is, and how to reach it."""

import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from engine.cli import report
from engine.errors import EngineError
from engine.state.paths import Paths

if TYPE_CHECKING:
    from engine.client import Engine


class Context:
    """The global options, and the engine, which is imported and connected at the first use."""

    def __init__(self, paths: Paths, *, read_only: bool = False, engine: "Engine | None" = None) -> None:
        self.paths = paths
        self.read_only = read_only
        self._engine = engine

    @property
    def engine(self) -> "Engine":
        """The engine; a supervisor is started at the first call where none answers."""
        if self._engine is None:
            from engine.client import Engine

            self._engine = Engine(self.paths, on_warning=report.warning)
        return self._engine

    def each(self, refs: Iterable[str], action: Callable[[str], object]) -> int:
        """Do it for each name and print the name; go on past a failure, which decides the exit code."""
        code = 0
        for ref in refs:
            try:
                action(ref)
            except EngineError as err:
                code = report.failure(err)
            else:
                sys.stdout.write(f"{ref}\n")
        return code
