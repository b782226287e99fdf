"""Creates a container: a child that is pid 1 of its own namespaces, and turns into the program.

The conversation is drawn in `messages.Kind`. Standard library only: this runs in the keeper, which stays small.

    create  clone(CLONE_NEWPID | CLONE_NEWUSER)
              join cgroups, while it is alone in its thread group and still sees the host's root
              MAPPED: become root of the user namespace
              unshare or enter the others: after joining, so that the cgroup becomes the root of its view
              UNSHARED
              rootfs: mounts, HOOKS, pivot_root, masks, while the parent's side makes the network
              wait for GO
              terminal, session
              security: limits, user, capabilities
              [--init: fork; pid 1 stays and reaps]
              [READY: wait for `start`]
              exec
"""

import contextlib
import functools
import os
from collections.abc import Callable
from typing import Any, Final, NoReturn

from engine import errors
from engine.kernel import const, files, proc
from engine.sandbox import (
    child,
    explain,
    finish,
    handover,
    hooks,
    labels,
    limits,
    namespaces,
    reaper,
    starter,
    userns,
)
from engine.sandbox.child import Birth, Channel, Child, Stdio
from engine.sandbox.messages import Kind
from engine.sandbox.operations import Operation, Site
from engine.sandbox.order import Order as Order
from engine.sandbox.order import Prepared, prepared

UNSHARED: Final = {
    "mount": const.CLONE_NEWNS,
    "ipc": const.CLONE_NEWIPC,
    "uts": const.CLONE_NEWUTS,
    "network": const.CLONE_NEWNET,
    "cgroup": const.CLONE_NEWCGROUP,
}
"""The namespaces that every container of the engine makes itself."""


def create(order: Order, stdio: Stdio | None) -> Child:
    """Start a container and return at once; what comes next is said on the child's channel.

    `stdio` None gives it a terminal of its own devpts, whose master comes up with TTY.
    Raises `EngineError` when not even a process could be made.
    """
    with prepared(order) as ready:
        try:
            made = _spawn(ready, stdio)
        except OSError as err:
            raise explain.namespace("user" if "user" in ready.wanted.new else "pid", err) from err
        if not ready.parted:
            return made
        return _hand_over(ready, made)


def _spawn(ready: Prepared, stdio: Stdio | None) -> Child:
    order = ready.order
    fifos = order.fifos or ()
    keep = (*(stdio or ()), *ready.given.values(), *fifos, *child.inherited(order.preserve))
    flags = 0 if ready.succeeded else namespaces.at_clone(ready.wanted)
    birth = Birth(flags, order.join, order.into, keep)
    with namespaces.children_inside(ready.given.get("pid")):
        return child.spawn(birth, lambda channel: _main(ready, stdio, channel))


def _hand_over(ready: Prepared, made: Child) -> Child:
    """The child that is left, once its parent has done its part. Raises `EngineError`, with nothing left."""
    with contextlib.ExitStack() as undo:
        undo.callback(made.kill)
        given = ready.given.get("user")
        work = functools.partial(
            handover.hand_over, made, ready.process, ready.wanted, given, ready.plan.sources, ready.order.nodes
        )
        handover.told(made, work)
        left = handover.told(made, lambda: handover.successor(made)) if ready.succeeded else made
        undo.pop_all()
    return left


def _main(ready: Prepared, stdio: Stdio | None, channel: Channel) -> NoReturn:
    order, process = ready.order, ready.process
    site = Site()
    site.hierarchies = _own_hierarchies(order)
    endowed = "user" in ready.wanted.new
    finish.detach(process, keys=order.keyring, endowed=endowed, labelled=not ready.in_container)
    clocks = _take_over(ready, site, channel) if ready.parted else None
    namespaces.enter(ready.wanted, ready.given, clocks)
    if order.loopback and "network" in ready.wanted.new:
        namespaces.raise_loopback()
    channel.say(Kind.UNSHARED)
    size = _construct(ready, site, channel)
    channel.warn(site.warnings)
    process = process._replace(size=size or process.size)
    given = finish.streams(site.terminal, stdio, channel)
    stay = reaper.stay if order.init else None
    finish.finish(process, given, channel, stay, _waits(ready, channel), order.preserve)


def _waits(ready: Prepared, channel: Channel) -> Callable[[dict[str, str]], finish.Failed] | None:
    """How it waits for its start; None is not at all."""
    order = ready.order
    if order.fifos is None:
        return None
    return starter.waits(order.fifos, channel, ready.hooks, order.state)


def _take_over(ready: Prepared, site: Site, channel: Channel) -> int | None:
    """What the parent hands over, and the ids of the user namespace; see `namespaces.open_clocks` for the result."""
    for place, fd in channel.trees().items():
        site.trees.setdefault(ready.plan.sources[place], []).append(fd)
    if not ready.wanted.has("user"):
        return None
    if "user" in ready.given:
        namespaces.enter_others(ready.given)
        limits.raise_hard(0, ready.process.rlimits)  # the right to it ends with the next line
        namespaces.enter_one("user", ready.given["user"])
    clocks = None if ready.succeeded else namespaces.open_clocks(ready.wanted)
    userns.become_root()
    if ready.succeeded:
        handover.succeed(channel)
        files.set_session()
    return clocks


def _construct(ready: Prepared, site: Site, channel: Channel) -> Any:
    """Build the root, and return the terminal's size that comes with GO. Without hooks all is built before GO."""
    plan = ready.plan
    in_parent = any(kind in ready.hooks for kind in hooks.IN_PARENT)
    if not in_parent and not ready.in_container:
        return _while_the_network_is_made(lambda: _build([*plan.steps, *plan.last], site), channel)
    size = _while_the_network_is_made(lambda: _build(plan.steps, site), channel)
    if in_parent:
        channel.say(Kind.HOOKS)
        channel.wait()
    if ready.in_container:
        hooks.run(ready.hooks, ("createContainer",), ready.order.state | {"status": "creating", "pid": os.getpid()})
        labels.on_exec(ready.process.apparmor, ready.process.selinux)
    _build(plan.last, site)
    return size


def _while_the_network_is_made(work: Callable[[], None], channel: Channel) -> Any:
    """Do the work before GO has come, and return the size that comes with it.

    A failure waits for GO too: until then the parent's side reaches the network namespace through this process.
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


def _build(steps: list[Operation], site: Site) -> None:
    for operation in steps:
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
