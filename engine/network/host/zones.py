"""firewalld: a bridge is bound to the zone `trusted`, at runtime only.

It rewrites its table whenever it is reloaded, and gives it to nobody else; so it is asked by its own program. What an
operator has bound elsewhere stays there. Source: firewall-cmd(1), firewalld.zones(5).
"""

import re
import socket
from typing import Final

from engine import errors
from engine.network.host import programs

_PROGRAM: Final = "firewall-cmd"
TRUSTED: Final = "trusted"
_ZONE: Final = f"--zone={TRUSTED}"
_NO_ZONE: Final = 2
"""The exit code for a link that is bound to none."""
_BRIDGES: Final = re.compile(r"qd0(-[0-9a-f]{6})?|qd[0-9a-f]{10}")
"""Names that bridges of any of our engines have."""


async def admit(bridge: str) -> None:
    """Bind it, unless it is bound. Raises: `EngineError`, OSError."""
    if not await _zone(bridge):
        await programs.run(_program(), _ZONE, f"--add-interface={bridge}")


async def dismiss(bridge: str) -> None:
    """Unbind it, if it is there where we bind. Raises: `EngineError`, OSError."""
    if await _zone(bridge) == TRUSTED:
        await programs.run(_program(), _ZONE, f"--remove-interface={bridge}")


async def sweep() -> None:
    """Unbind bridges of ours that are no more: a name says no engine, so those that exist are left."""
    bound = (await programs.run(_program(), _ZONE, "--list-interfaces")).split()
    existing = {name for _, name in socket.if_nameindex()}
    for name in bound:
        if _BRIDGES.fullmatch(name) and name not in existing:
            await dismiss(name)


async def _zone(bridge: str) -> str:
    """The zone that it is bound to; empty for none."""
    try:
        return (await programs.run(_program(), f"--get-zone-of-interface={bridge}")).strip()
    except errors.EngineError as err:
        if err.errno != _NO_ZONE:
            raise
        return ""


def _program() -> str:
    if path := programs.find(_PROGRAM):
        return path
    raise errors.MissingFeature(
        "this host has rules of firewalld, but not its program firewall-cmd",
        hint="install it: apt-get install firewalld",
    )
