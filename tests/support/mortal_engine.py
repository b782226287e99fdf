"""A supervisor that is killed before the k-th thing that it does for a container's start, as by somebody's SIGKILL.

As a script, `python -I mortal_engine.py ROOT RUN VICTIMS`, it is that supervisor; VICTIMS are `supervisor`, or `both`,
which is the keeper, too. The number of the step lies on the board of `faulty_engine`. Steps are what a process that
comes later can see: files, sockets, links, rules, words to the keeper.
"""

import os
import signal
import socket
import struct
import sys

EVENTS = frozenset({"os.mkdir", "os.rename", "socket.bind"})
"""Audit events of the standard library that are steps."""
ROLE = "supervisor"


def _main(root: str, run: str, victims: str) -> int:
    sys.path[:0] = [
        os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))),
        os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
    ]
    from support import faulty_engine

    class Mortal(faulty_engine.Counter):
        """Dies instead of failing."""

        def fail(self, name: str) -> None:
            self.open = False
            if victims == "both":
                os.kill(_keeper(f"{run}/keeper.sock"), signal.SIGKILL)
            os.kill(os.getpid(), signal.SIGKILL)

    counter = Mortal(faulty_engine.board(run, ROLE))
    _announce(counter)
    from engine.supervise import supervisor

    return supervisor.main([root, run])


def _keeper(path: str) -> int:
    """Its pid, by the socket that it listens on."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(path)
        pid, _uid, _gid = struct.unpack("iii", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return int(pid)


def _announce(counter) -> None:  # type: ignore[no-untyped-def]  # of `_main`
    """Count the calls by which something changes outside the process."""
    from support.faulty_engine import announced, counted

    from engine.cgroup.kernfs import Kernfs
    from engine.network.link.transport import Transport
    from engine.network.table.libnftables import Nft
    from engine.supervise.keeper_link import KeeperLink
    from engine.supervise.lifecycle import Lifecycle
    from engine.supervise.runs import Runs

    for owner, name in ((Lifecycle, "create"), (Runs, "start")):
        setattr(owner, name, counted(getattr(owner, name), counter))
    steps = ((Kernfs, "mkdir"), (Transport, "send"), (Nft, "run"), (KeeperLink, "_send"))
    for owner, name in steps:
        setattr(owner, name, announced(getattr(owner, name), name, counter))
    sys.addaudithook(lambda event, _arguments: counter.call(event) if event in EVENTS else None)


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
