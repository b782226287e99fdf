"""Other firewalls of the host: where one drops whatever it does not know, our bridges are made known to it.

A packet has to pass the chains of every table; an accept of ours ends ours alone. So a chain of somebody else that
drops what is left over (a policy of DROP, as Docker, ufw and many an admin set, or a last rule) loses our traffic, and
only a rule in that very chain can help. We add two of them for a bridge, one in each direction, as late as
possible: in front of what drops the rest. Everything that the chain says of particular traffic stays in force. What
goes on between bridges, and from outside, is decided by our own table.

    nf_tables, iptables-nft     native.py     through libnftables, no process
    iptables-legacy             legacy.py     by its program: no other way keeps its lock
    firewalld                   zones.py      by its program: the bridge is put into the zone `trusted`, until a reload

Nothing is done and nothing is started where nothing drops. Input chains are the operator's will: containers are served
names by a resolver of their own, and need nothing of the host.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

from engine import errors
from engine.network.host import legacy, native, zones

MARK: Final = "quarterdeck"

Work = Callable[[], Awaitable[None]]


class Firewalls:
    """What one engine, by its tag, has asked of the others."""

    def __init__(self, tag: str) -> None:
        self._mark = f"{MARK}:{tag}"
        """The comment of our rules in chains of others, by which they are found again after a crash."""
        self._lock = asyncio.Lock()
        """Two that look at once would both add what is missing."""

    async def admit(self, bridge: str, ipv6: bool = False) -> list[str]:
        """Have this bridge's traffic let through; twice is once. Sentences about what could not be done."""
        said = await self._tell(
            partial(native.admit, bridge, self._mark, ipv6=ipv6),
            partial(zones.admit, bridge),
            partial(legacy.admit, bridge, self._mark, ipv6=ipv6),
        )
        return [f"{words}; so containers on {bridge} may reach nothing outside of it" for words in said]

    async def dismiss(self, bridge: str) -> list[str]:
        """Take back what was done for this bridge; nothing done is no error. Sentences as `admit` returns."""
        return await self._tell(
            partial(native.dismiss, self._mark, bridge),
            partial(zones.dismiss, bridge),
            partial(legacy.dismiss, self._mark, bridge),
        )

    async def sweep(self, keep: Collection[str] = ()) -> list[str]:
        """Take back what was done for this engine's bridges, after a crash; `keep` are those that are still there."""
        return await self._tell(
            partial(native.dismiss, self._mark, keep=keep),
            zones.sweep,
            partial(legacy.dismiss, self._mark, keep=keep),
        )

    async def _tell(self, rules: "partial[bool]", firewalld: Work, older: Work) -> list[str]:
        """All of them, the second only where the first has found it; what failed, in words."""
        said: list[str] = []
        async with self._lock:
            with _put_in_words(said):
                if await _in_thread(rules):
                    await firewalld()
            with _put_in_words(said):
                await older()
        return said


async def _in_thread(work: "partial[bool]") -> bool:
    """For a host may have chains without number. Whoever is cancelled waits for its end: no work is left over."""
    running = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait((running,))
        raise


@contextmanager
def _put_in_words(said: list[str]) -> Iterator[None]:
    try:
        yield
    except (errors.EngineError, OSError) as err:
        hint = err.hint if isinstance(err, errors.EngineError) else ""
        said.append(
            f"another firewall of this host could not be told of a bridge: {err}" + (f" ({hint})" if hint else "")
        )
