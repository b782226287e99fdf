"""Makes the k-th kernel call of a run fail, in a supervisor and keeper that are otherwise the real ones.

As a script, `python -I faulty_engine.py ROLE ROOT RUN`, it is that supervisor or keeper. The number of the call lies in
a small shared file per role, mapped by the test, the process, and the children that the process clones: they see it
even when the file is out of reach behind pivot_root.
"""

import mmap
import os
import struct
import sys

_FIELDS = struct.Struct("qqq")
"""Generation, number of the call to fail (0: none), whether it has failed."""
SUPERVISOR_EVENTS = frozenset({"open", "os.mkdir", "os.rename", "os.chmod", "socket.__new__", "socket.bind"})
"""Audit events that stand for calls which the standard library makes for the supervisor."""


class Board:
    """The shared file, seen from any of the processes."""

    def __init__(self, path: str) -> None:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.ftruncate(fd, _FIELDS.size)
        self._memory = mmap.mmap(fd, _FIELDS.size)
        os.close(fd)

    def read(self) -> tuple[int, int, int]:
        """Generation, call, fired."""
        generation, call, fired = _FIELDS.unpack_from(self._memory)
        return generation, call, fired

    def write(self, generation: int, call: int, fired: int) -> None:
        """Replace all three."""
        _FIELDS.pack_into(self._memory, 0, generation, call, fired)

    def arm(self, call: int) -> None:
        """The next run's call of this number fails; calls are counted from one."""
        self.write(self.read()[0] + 1, call, 0)

    def close(self) -> None:
        """Unmap it."""
        self._memory.close()

    @property
    def fired(self) -> bool:
        """Whether it has failed."""
        return bool(self.read()[2])


class Counter:
    """Counts calls while a run is being set up, and fails the one that the board names."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._generation = 0
        self._count = 0
        self.open = False

    def call(self, name: str) -> None:
        """One kernel call is about to be made."""
        if not self.open:
            return
        generation, wanted, _ = self._board.read()
        if generation != self._generation:
            self._generation, self._count = generation, 0
        self._count += 1
        if self._count == wanted:
            self._board.write(generation, wanted, 1)
            self.fail(name)

    def fail(self, name: str) -> None:
        """The call of that name is the one."""
        raise OSError(5, f"injected into {name}")


def board(run: str, role: str) -> Board:
    """The board of one process."""
    return Board(f"{run}/faults.{role}")


def _main(role: str, root: str, run: str) -> int:
    """Become the supervisor or the keeper, with its calls counted."""
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    from engine.kernel import syscalls

    counter = Counter(board(run, role))
    syscalls.hook = counter.call
    return _keeper(counter, root, run) if role == "keeper" else _supervisor(counter, root, run)


def _keeper(counter: Counter, root: str, run: str) -> int:
    from engine.supervise import keeper
    from engine.supervise.children import Children

    create = Children.create

    def counted(self: Children, *arguments: object, **named: object) -> None:
        counter.open = True
        try:
            create(self, *arguments, **named)  # type: ignore[arg-type]  # passed on as they came
        finally:
            counter.open = False

    Children.create = counted  # type: ignore[method-assign]  # the child that is cloned inside keeps counting
    return keeper.main([root, run])


def _supervisor(counter: Counter, root: str, run: str) -> int:
    from engine import launch
    from engine.cgroup.kernfs import Kernfs
    from engine.supervise import supervisor
    from engine.supervise.lifecycle import Lifecycle
    from engine.supervise.runs import Runs

    def command(role: str, *arguments: str, site: bool = True) -> list[str]:
        return [sys.executable, "-I", os.path.abspath(__file__), role, *arguments]

    launch.command = command
    for owner, name in ((Lifecycle, "create"), (Runs, "start")):
        setattr(owner, name, counted(getattr(owner, name), counter))
    for name in ("mkdir", "write"):
        setattr(Kernfs, name, announced(getattr(Kernfs, name), name, counter))
    sys.addaudithook(lambda event, _arguments: counter.call(event) if event in SUPERVISOR_EVENTS else None)
    return supervisor.main([root, run])


def counted(method, counter):  # type: ignore[no-untyped-def]  # any coroutine method
    """The method, during which calls are counted."""

    async def counting(*arguments, **named):  # type: ignore[no-untyped-def]
        counter.open = True
        try:
            return await method(*arguments, **named)
        finally:
            counter.open = False

    return counting


def announced(method, name, counter):  # type: ignore[no-untyped-def]  # any method
    """The method, of which each call is counted."""

    def announcing(*arguments, **named):  # type: ignore[no-untyped-def]
        counter.call(name)
        return method(*arguments, **named)

    return announcing


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
