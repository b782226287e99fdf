"""Exceptions for our bridges in firewalls of nf_tables: nft's own, and those of iptables-nft, which are the same.

iptables-nft shows them as `-i qd0 -m comment --comment quarterdeck:TAG -j ACCEPT`, and can delete them.
"""

import errno
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Final

from engine import errors
from engine.network.host import fate
from engine.network.host.fate import Rule
from engine.network.host.listing import Chain, Reader

OURS: Final = "quarterdeck"
FIREWALLD: Final = "firewalld"
"""Its table. It belongs to a daemon which has words for what we want; see zones.py."""
_ATTEMPTS: Final = 3
"""Between looking and changing, another program may have changed the chain."""


def admit(bridge: str, mark: str, *, ipv6: bool) -> list[str]:
    """Let this bridge's traffic through every chain that would drop it. Names of the programs that are concerned
    besides: `firewalld`. Raises `EngineError`, OSError.
    """
    for _ in range(_ATTEMPTS - 1):
        try:
            return _admit(bridge, mark, ipv6)
        except errors.EngineError as err:
            if err.errno != errno.ENOENT:
                raise
    return _admit(bridge, mark, ipv6)


def _admit(bridge: str, mark: str, ipv6: bool) -> list[str]:
    with closing(Reader()) as nft:
        chains = nft.chains()
        commands = [
            command
            for chain in _forwarding(chains)
            if ipv6 or chain.family != "ip6"
            for command in _exceptions(nft, chain, bridge, mark)
        ]
        if commands:
            nft.run("\n".join(commands))
    return [FIREWALLD] if any(chain.table == FIREWALLD for chain in chains) else []


def _forwarding(chains: Sequence[Chain]) -> Iterator[Chain]:
    """Base chains of others that see what is routed from link to link."""
    for chain in chains:
        others = chain.table not in (OURS, FIREWALLD) and not chain.table.startswith(f"{OURS}-")
        if chain.hook == "forward" and chain.family in ("ip", "ip6", "inet") and others:
            yield chain


def _exceptions(nft: Reader, chain: Chain, bridge: str, mark: str) -> Iterator[str]:
    """Commands after which the chain lets both directions through; none where it does already."""
    rules = nft.rules(chain)
    end = fate.of(rules, chain.policy, lambda name: nft.rules(chain._replace(name=name)))
    if end.verdict != fate.DROP:
        return
    handles = [rule.handle for rule in rules]
    place = handles.index(end.place) if end.place else len(handles)
    for inward in (False, True):
        ours = [rule for rule in rules if _is(rule, mark, bridge) and rule.inward == inward]
        if any(rule in rules[:place] for rule in ours):
            continue
        yield from (f"delete rule {chain} handle {rule.handle}" for rule in ours)
        where = f"insert rule {chain} handle {end.place}" if end.place else f"add rule {chain}"
        yield f"{where} {accept(bridge, mark, inward)}"


def accept(bridge: str, mark: str, inward: bool) -> str:
    """The rule itself, in nft's language; with a counter, as iptables shows every rule."""
    return f'{"oifname" if inward else "iifname"} "{bridge}" counter accept comment "{mark}"'


def dismiss(mark: str, bridge: str | None = None) -> list[str]:
    """Take back the exceptions of one bridge, or of all; returns as `admit` does. Raises `EngineError`, OSError."""
    for _ in range(_ATTEMPTS - 1):
        try:
            return _dismiss(mark, bridge)
        except errors.EngineError as err:
            if err.errno != errno.ENOENT:
                raise
    return _dismiss(mark, bridge)


def _dismiss(mark: str, bridge: str | None) -> list[str]:
    with closing(Reader()) as nft:
        chains = nft.chains()
        commands = [
            f"delete rule {chain} handle {rule.handle}"
            for chain in _forwarding(chains)
            for rule in nft.rules(chain)
            if _is(rule, mark, bridge)
        ]
        if commands:
            nft.run("\n".join(commands))
    return [FIREWALLD] if any(chain.table == FIREWALLD for chain in chains) else []


def _is(rule: Rule, mark: str, bridge: str | None) -> bool:
    """Whether it is an exception of this engine's, for this bridge or for any."""
    return rule.comment == mark and bool(rule.link) and bridge in (None, rule.link)
