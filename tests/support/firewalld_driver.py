"""Works beside a real firewalld: to be started in a mount and a network namespace of its own.

Prints one JSON object: which zone a bridge was bound to at each step, and what was said.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from support.waiting import until

from engine.network.host.firewalls import Firewalls

BRIDGE = "qd0-abcdef"
PREPARE = """
mount -t tmpfs tmpfs /run
mkdir -p /run/dbus /run/upper /run/work
mount -t overlay overlay -o lowerdir=/etc,upperdir=/run/upper,workdir=/run/work /etc
ip link set lo up
"""


@contextmanager
def process(*command: str) -> Iterator[subprocess.Popen[bytes]]:
    """A daemon that ends with the block."""
    daemon = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield daemon
    finally:
        daemon.kill()
        daemon.wait()


def zone(*arguments: str) -> str:
    """What firewall-cmd says, good or bad."""
    result = subprocess.run(["firewall-cmd", *arguments], capture_output=True, text=True)
    return (result.stdout or result.stderr).strip()


def bound() -> str:
    """The zone of the bridge."""
    return zone(f"--get-zone-of-interface={BRIDGE}")


async def steps() -> dict[str, object]:
    """Each of them, with what is so afterwards."""
    mine, others = Firewalls("abcdef"), Firewalls("")
    seen: dict[str, object] = {"at first": bound()}
    seen["said"] = await mine.admit(BRIDGE, ipv6=True) + await mine.admit(BRIDGE, ipv6=True)
    seen["admitted"] = bound()
    await others.dismiss("qd0")
    seen["another dismissed"] = bound()
    await mine.dismiss(BRIDGE)
    seen["dismissed"] = bound()
    await mine.admit(BRIDGE)
    subprocess.run(["ip", "link", "add", BRIDGE, "type", "bridge"], check=True)
    await others.sweep()
    seen["swept while it is there"] = bound()
    subprocess.run(["ip", "link", "delete", BRIDGE], check=True)
    await others.sweep()
    seen["swept"] = bound()
    zone("--zone=internal", f"--add-interface={BRIDGE}")
    await mine.admit(BRIDGE)
    seen["bound by an operator"] = bound()
    await mine.dismiss(BRIDGE)
    seen["left to the operator"] = bound()
    zone("--zone=internal", f"--remove-interface={BRIDGE}")
    return seen


def main() -> None:
    """With a bus and a daemon of its own."""
    subprocess.run(["sh", "-ec", PREPARE], check=True)
    with process("dbus-daemon", "--system", "--nofork"):
        until(lambda: os.path.exists("/run/dbus/system_bus_socket"), "the bus")
        with process("firewalld", "--nofork", "--nopid"):
            until(lambda: zone("--state") == "running", "firewalld")
            seen = asyncio.run(steps())
        seen["killed"] = asyncio.run(Firewalls("abcdef").admit(BRIDGE))
    json.dump(seen, sys.stdout)


if __name__ == "__main__":
    main()
