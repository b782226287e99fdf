"""What the parent does for a child that has just been cloned, before it goes on. Standard library only.

Mostly for one in a user namespace, which has neither the right to map its own ids nor to walk the host's folders.

    hand_over   maps, limits, the mounts of the host's files
    successor   where the child enters a user namespace by path and needs a pid namespace of its own: that must belong
                to the user namespace, or /proc could not be mounted. So the child enters the one, clones its successor
                into the other, as a child of its parent, and ends.
"""

import contextlib
import os
from collections.abc import Callable
from typing import NoReturn, TypeVar

from engine import errors
from engine.kernel import clone, const
from engine.sandbox import explain, finish, messages, sources, userns
from engine.sandbox.child import Channel, Child
from engine.sandbox.finish import Process
from engine.sandbox.messages import Kind
from engine.sandbox.namespaces import Wanted
from engine.sandbox.sources import Source

T = TypeVar("T")


def told(made: Child, work: Callable[[], T]) -> T:
    """Do the work; where it fails because the child has failed first, the child's own words are the error.

    Raises `EngineError`.
    """
    try:
        return work()
    except (OSError, messages.GoneAway) as err:
        raise _last_words(made) or _unknown(err) from err
    except errors.EngineError as err:
        raise _last_words(made) or err from err


def _last_words(made: Child) -> errors.EngineError | None:
    made.channel.setblocking(False)
    try:
        while True:
            message, fds = messages.receive(made.channel)
            for fd in fds:
                os.close(fd)
            if message.kind is Kind.ERROR:
                return messages.error_of(message)
    except (OSError, messages.GoneAway):
        return None
    finally:
        made.channel.setblocking(True)


def _unknown(err: OSError | messages.GoneAway) -> errors.EngineError:
    if isinstance(err, OSError):
        return explain.step("prepare the container's first process", err)
    return errors.SetupFailed("the container's first process died while it was made")


def hand_over(
    made: Child, process: Process, wanted: Wanted, given: int | None, wishes: list[Source], nodes: str | None = None
) -> None:
    """Maps, what it has no right to set itself, and its `wishes`; `given` is the user namespace that it enters,
    `nodes` the folder for its devices.

    Raises OSError, `EngineError`.
    """
    if "user" in wanted.new:
        userns.write_maps(made.pid, wanted.uids, wanted.gids)
        finish.endow(process, made.pid)
    with contextlib.ExitStack() as stack:
        own = given
        if own is None:
            own = userns.open_of(made.pid)
            stack.callback(os.close, own)
        trees = stack.enter_context(sources.opened(wishes, own, nodes))
        places = list(trees)
        for first in range(0, len(places), messages.FDS_MAX):
            some = places[first : first + messages.FDS_MAX]
            packet = messages.encode(Kind.MAPPED, trees=some)
            messages.send(made.channel, packet, *(trees[place] for place in some))
        messages.send(made.channel, messages.BARE[Kind.MAPPED])


def succeed(channel: Channel) -> None:
    """The child: return as its successor, pid 1 of a new pid namespace, and end as the one that it was."""
    try:
        cloned = clone.clone(const.CLONE_NEWPID | const.CLONE_PARENT)
    except OSError as err:
        raise explain.namespace("pid", err) from err
    if cloned.pid:
        _leave(channel, cloned)


def _leave(channel: Channel, cloned: clone.Cloned) -> NoReturn:
    """Nobody hears it any more where the parent has gone; then the successor notices it, too."""
    channel.say(Kind.SUCCEEDED, {"pid": cloned.pid}, (cloned.pidfd,))
    os._exit(0)


def successor(made: Child) -> Child:
    """The parent: wait for the successor, and reap the one before it. Raises OSError, `EngineError`, `GoneAway`."""
    message, fds = messages.receive(made.channel)
    if message.kind is not Kind.SUCCEEDED:
        raise messages.error_of(message)
    os.waitid(os.P_PIDFD, made.pidfd, os.WEXITED)
    os.close(made.pidfd)
    return Child(message.data["pid"], fds[0], made.channel)
