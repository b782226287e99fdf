"""Containers on disk: `<root>/<id>/state.json`, a claim that counts only as far as the kernel bears it out.

    <root>/<id>/state.json    what was made; replaced whole
    <root>/<id>/config.json   the spec as it was at creation; later changes of the bundle are nothing to it
    <root>/<id>/exec.fifo     there until the program has been started
    <root>/@seccomp           compiled filters; no id has such a sign

Every verb that changes something holds the lock of the container's folder. Standard library only.
"""

import contextlib
import fcntl
import json
import os
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from engine.errors import Conflict, EngineError, InvalidInput, NotFound
from engine.kernel import proc
from engine.state import files, tree

ID: Final = re.compile(r"[\w+\-.]+", re.ASCII)
"""Source: runc, libcontainer/factory_linux.go."""
ID_MAX: Final = 1024
STATE_MAX: Final = 16 << 20
_FIFO: Final = "exec.fifo"


class State(NamedTuple):
    """What is written down of a container."""

    id: str
    spec_version: str
    bundle: str
    rootfs: str
    created: str
    """RFC 3339 with nanoseconds, UTC."""
    annotations: dict[str, str]
    owner: int
    """Uid of who created it."""
    cgroup: str | None
    """Its name for `Cgroups`; None without cgroups."""
    pid: int = 0
    """0 while it is being created."""
    pid_start_ticks: int = 0
    boot_id: str = ""
    resources: dict[str, Any] = {}
    """`linux.resources` as they are in force, updates included."""
    ground: int = 0
    """See `host_mounts`; 0 for one with a mount namespace, and after a reboot it means nothing."""


class Store:
    """All containers of one root folder."""

    def __init__(self, root: str) -> None:
        self.root = root

    @property
    def filters(self) -> str:
        """The folder for compiled seccomp filters, made when there is one to keep; the same for all containers."""
        return f"{self.root}/@seccomp"

    def folder(self, container_id: str) -> str:
        """The folder of a container. Raises `InvalidInput` for what is no id."""
        return f"{self.root}/{checked(container_id)}"

    def fifo(self, container_id: str) -> str:
        """The path of its fifo."""
        return f"{self.folder(container_id)}/{_FIFO}"

    @contextlib.contextmanager
    def new(self, container_id: str) -> Iterator[str]:
        """The locked folder of a new container, removed again on failure. Raises `Conflict` where the id is taken."""
        folder = self.folder(container_id)
        os.makedirs(self.root, mode=0o711, exist_ok=True)
        try:
            os.mkdir(folder, 0o711)
        except FileExistsError:
            raise Conflict(f"container with given ID already exists: {container_id}") from None
        try:
            with _locked(folder):
                yield folder
        except BaseException:
            tree.remove(folder)
            raise

    @contextlib.contextmanager
    def locked(self, container_id: str) -> Iterator[State]:
        """The state of a container that nobody else changes meanwhile. Raises `NotFound`."""
        folder = self.folder(container_id)
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(_locked(folder))
            except FileNotFoundError:
                raise _missing(container_id) from None
            yield self.read(container_id)

    def read(self, container_id: str) -> State:
        """The state of a container. Raises `NotFound`; `EngineError` for a file that is none of ours."""
        try:
            data = files.read(f"{self.folder(container_id)}/state.json", limit=STATE_MAX)
        except NotADirectoryError:
            data = None
        if data is None:
            raise _missing(container_id)
        try:
            return State(**{key: value for key, value in json.loads(data).items() if key in State._fields})
        except (ValueError, TypeError, AttributeError) as err:
            raise EngineError(f"the state of container {container_id} cannot be read: {err}") from err

    def write(self, state: State) -> None:
        """Replace the state."""
        data = json.dumps({"version": 1, **state._asdict()}).encode()
        files.replace(f"{self.folder(state.id)}/state.json", data, durable=False)

    def read_spec(self, container_id: str) -> dict[str, Any]:
        """The spec of a container, as it was created. Raises `NotFound`."""
        data = files.read(f"{self.folder(container_id)}/config.json", limit=STATE_MAX)
        if data is None:
            raise _missing(container_id)
        spec: dict[str, Any] = json.loads(data)
        return spec

    def write_spec(self, container_id: str, spec: dict[str, Any]) -> None:
        """Keep the spec."""
        files.write_new(f"{self.folder(container_id)}/config.json", json.dumps(spec).encode())

    def ids(self) -> list[str]:
        """Every container, in order; a folder without a state is one that is being made or removed."""
        try:
            names = os.listdir(self.root)
        except FileNotFoundError:
            return []
        return sorted(name for name in names if os.path.exists(f"{self.root}/{name}/state.json"))

    def remove(self, container_id: str) -> None:
        """Forget a container. Gone already is success."""
        tree.remove(self.folder(container_id))

    def remove_begun(self, container_id: str) -> None:
        """Give an id free whose creator was killed before it wrote anything down."""
        folder = self.folder(container_id)
        with contextlib.suppress(FileNotFoundError), _locked(folder):
            if not os.path.exists(f"{folder}/state.json"):
                tree.remove(folder)


def checked(container_id: str) -> str:
    """The id. Raises `InvalidInput` for what is none."""
    if not container_id:
        raise InvalidInput("container id cannot be empty")
    if not ID.fullmatch(container_id) or container_id in (".", "..") or len(container_id) > ID_MAX:
        raise InvalidInput("invalid container ID format", hint="letters, digits and _+-.")
    return container_id


def is_alive(state: State) -> bool:
    """Whether its first process is there and is no zombie."""
    if not state.pid or state.boot_id != proc.read_boot_id():
        return False
    stat = proc.read_stat(state.pid)
    return stat is not None and stat.start_ticks == state.pid_start_ticks and stat.state not in ("Z", "X")


@contextlib.contextmanager
def _locked(folder: str) -> Iterator[None]:
    """flock(2) on the folder; where it was removed while we waited, it is as if it had never been there."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        if os.fstat(fd).st_nlink == 0:
            raise FileNotFoundError(folder)
        yield
    finally:
        os.close(fd)


def _missing(container_id: str) -> NotFound:
    return NotFound(f"container does not exist: {container_id}")
