"""Creates a container: a child that is pid 1 of its own namespaces, and turns into the program.

The conversation is drawn in `messages.Kind`. Standard library only: this runs in the keeper, which stays small.

    create  clone(CLONE_NEWPID)
              join cgroups, while it is alone in its thread group and still sees the host's root
              unshare mount, ipc, uts, network, cgroup: after joining, so that the cgroup becomes the root of its view
              UNSHARED
              rootfs: mounts, pivot_root, masks, while the keeper's side makes the network
              wait for GO
              terminal, session
              security: limits, user, capabilities
              [--init: fork; pid 1 stays and reaps]
              exec
"""

import os
from collections.abc import Callable
from typing import Any, Final, NamedTuple, NoReturn

from engine import errors
from engine.kernel import const, proc, syscalls
from engine.sandbox import child, explain, finish, reaper, rootfs
from engine.sandbox.child import Birth, Channel, Child, Stdio
from engine.sandbox.finish import Process
from engine.sandbox.messages import Kind
from engine.sandbox.operations import Operation, Site

UNSHARED: Final = {
    "mount": const.CLONE_NEWNS,
    "ipc": const.CLONE_NEWIPC,
    "uts": const.CLONE_NEWUTS,
    "network": const.CLONE_NEWNET,
    "cgroup": const.CLONE_NEWCGROUP,
}
"""The namespaces that the child makes itself. A user namespace would come first, in the clone."""


class Order(NamedTuple):
    """Everything that makes a container, ready to be executed."""

    spec: dict[str, Any]
    """OCI runtime-spec."""
    root: dict[str, Any]
    """`{"kind": "overlay", "lower": [top first], "upper", "work", "options": [...]}` or
    `{"kind": "directory", "path"}`."""
    rootfs: str
    """An empty directory of the host, the mount point."""
    join: tuple[str, ...]
    """`tasks` files of cgroup v1 that the child writes itself into."""
    into: str | None
    """The directory of its cgroup v2."""
    init: bool
    """Pid 1 is our reaper and not the program."""


def create(order: Order, stdio: Stdio | None) -> Child:
    """Start a container and return at once; what comes next is said on the child's channel.

    `stdio` None gives it a terminal of its own devpts, whose master comes up with TTY.
    Raises `EngineError` when not even a process could be made.
    """
    birth = Birth(const.CLONE_NEWPID, order.join, order.into, stdio or ())
    plan, process = _prepare(order)
    try:
        return child.spawn(birth, lambda channel: _main(order, plan, process, stdio, channel))
    except OSError as err:
        raise explain.namespace("pid", err) from err


def _prepare(order: Order) -> tuple[list[Operation], Process]:
    """Made before the clone: in the child the same would take three times as long, for the pages that it copies."""
    try:
        process = Process.of_spec(order.spec["process"], order.spec.get("annotations", {}), order.spec.get("linux"))
        return rootfs.plan(order.spec, order.root, order.rootfs), process
    except (KeyError, TypeError, AttributeError) as err:
        raise errors.InvalidInput(f"this is no OCI runtime-spec: {err!r}", hint="see config.md of it") from err


def _main(order: Order, plan: list[Operation], process: Process, stdio: Stdio | None, channel: Channel) -> NoReturn:
    site = Site()
    site.hierarchies = _own_hierarchies(order)
    finish.detach(process)
    _unshare(order.spec)
    channel.say(Kind.UNSHARED)
    size = _while_the_network_is_made(lambda: _build(plan, site), channel)
    channel.warn(site.warnings)
    process = process._replace(size=size)
    finish.finish(process, finish.streams(site.terminal, stdio, channel), channel, reaper.stay if order.init else None)


def _while_the_network_is_made(work: Callable[[], None], channel: Channel) -> Any:
    """Do the work before GO has come, and return the size that comes with it.

    A failure waits for GO too: until then the keeper's side reaches the network namespace through this process.
    """
    failure: errors.EngineError | None = None
    try:
        work()
    except errors.EngineError as err:
        failure = err
    size = channel.wait().get("size")
    if failure is not None:
        raise failure
    return size


def _build(plan: list[Operation], site: Site) -> None:
    for operation in plan:
        try:
            operation.execute(site)
        except OSError as err:
            raise explain.step(operation.describe(), err) from err


def _own_hierarchies(order: Order) -> tuple[proc.Hierarchy, ...]:
    """The cgroup hierarchies in which the child has a cgroup of its own; in others it would see the keeper's.

    They are told by the last name of the path: what is before it depends on what of a hierarchy is mounted.
    """
    folders = [*map(os.path.dirname, order.join), *([order.into] if order.into else [])]
    names = {os.path.basename(folder) for folder in folders}
    if not names:
        return ()
    return tuple(hierarchy for hierarchy in proc.read_cgroups() if os.path.basename(hierarchy.path) in names)


def _unshare(spec: dict[str, Any]) -> None:
    """All namespaces in one call; where that is refused, one by one, to say which."""
    wanted = {entry["type"] for entry in spec["linux"]["namespaces"]}
    flags = {name: flag for name, flag in UNSHARED.items() if name in wanted}
    if "mount" not in flags or "pid" not in wanted:
        raise errors.InvalidInput("a container needs a pid and a mount namespace of its own")
    try:
        syscalls.unshare(sum(flags.values()))
    except OSError as err:
        for name, flag in flags.items():
            _unshare_one(name, flag)
        raise explain.namespace("new", err) from err


def _unshare_one(name: str, flag: int) -> None:
    try:
        syscalls.unshare(flag)
    except OSError as err:
        raise explain.namespace(name, err) from err
