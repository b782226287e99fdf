"""What a container is made of, checked and made ready before its first process is cloned. Standard library only."""

import contextlib
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from engine import errors
from engine.sandbox import hooks, namespaces, rootfs
from engine.sandbox.finish import Process
from engine.sandbox.hooks import Hooks
from engine.sandbox.namespaces import Wanted
from engine.sandbox.rootfs import Leave, Plan
from engine.sandbox.starter import Fifos

_ADD: Final = "add one to linux.namespaces"


class Order(NamedTuple):
    """Everything that makes a container, ready to be executed."""

    spec: dict[str, Any]
    """OCI runtime-spec."""
    root: dict[str, Any]
    """`{"kind": "overlay", "lower": [top first], "upper", "work", "options": [...], "idmap": bool}` or
    `{"kind": "directory", "path"}`."""
    rootfs: str
    """An empty directory of the host, the mount point."""
    join: tuple[str, ...]
    """`tasks` files of cgroup v1 that the child writes itself into."""
    into: str | None
    """The directory of its cgroup v2."""
    init: bool
    """Pid 1 is our reaper and not the program."""
    loopback: bool = False
    """Set `lo` up in a new network namespace: nobody else does it."""
    fifos: Fifos | None = None
    """Which say when the program starts; None is at once."""
    preserve: int = 0
    """How many descriptors from 3 on the program inherits."""
    keyring: str | None = ""
    """See `finish.detach`."""
    strict: bool = False
    """What cannot be done as it was asked for is an error, as with runc, and no warning."""
    cache: str | None = None
    """A folder for compiled seccomp filters."""
    state: dict[str, Any] = {}
    """What hooks of the container's side read."""
    nodes: str | None = None
    """A folder that lives as long as the container, for device nodes of one in a user namespace; None: the host's."""
    pivot: bool = True
    """False: move the root instead of pivot_root(2), which a root on a ramfs refuses."""


class Prepared(NamedTuple):
    """An order, checked and made ready before the clone: in the child the same would take three times as long, for the
    pages that it copies."""

    order: Order
    plan: Plan
    process: Process
    wanted: Wanted
    hooks: Hooks
    given: dict[str, int]
    """Namespaces by path."""

    @property
    def parted(self) -> bool:
        """Whether the parent has a part in it."""
        return self.wanted.has("user") or bool(self.plan.sources)

    @property
    def succeeded(self) -> bool:
        """Whether the child clones another one in its place; see `handover`."""
        return "user" in self.given and "pid" in self.wanted.new

    @property
    def in_container(self) -> bool:
        """Whether hooks run before the child has left the host's root."""
        return "createContainer" in self.hooks


@contextlib.contextmanager
def prepared(order: Order) -> Iterator[Prepared]:
    """The order, while the namespaces that are given by path are open. Raises `EngineError`."""
    spec = order.spec
    try:
        linux = spec.get("linux") or {}
        wanted = namespaces.parse(linux)
        annotations = spec.get("annotations") or {}
        process = Process.of_spec(spec["process"], annotations, linux, strict=order.strict, cache=order.cache)
        plan = rootfs.plan(spec, order.root, order.rootfs, isolated=wanted.has("user"), leave=_leave(order, wanted))
        found = hooks.parse(spec)
    except (KeyError, TypeError, AttributeError) as err:
        raise errors.InvalidInput(f"this is no OCI runtime-spec: {err!r}", hint="see config.md of it") from err
    with namespaces.opened(wanted) as given:
        yield Prepared(order, plan, process, wanted, found, given)


def _leave(order: Order, wanted: Wanted) -> Leave:
    """How it leaves the host's root. Raises `InvalidInput` for what would show or change the host's own mounts."""
    if wanted.has("mount"):
        return Leave.PIVOT if order.pivot else Leave.MOVE
    if order.fifos is None or wanted.has("user"):
        raise errors.InvalidInput("a container needs a mount namespace of its own", hint=_ADD)
    linux = order.spec.get("linux") or {}
    if linux.get("maskedPaths") or linux.get("readonlyPaths"):
        raise errors.InvalidInput("unable to restrict sys entries without a private MNT namespace", hint=_ADD)
    if linux.get("rootfsPropagation"):
        raise errors.InvalidInput("rootfsPropagation is not possible without a private MNT namespace", hint=_ADD)
    return Leave.CHROOT
