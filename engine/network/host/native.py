"""Exceptions for our bridges in firewalls of nf_tables: nft's own, and those of iptables-nft, which are the same.

iptables-nft shows them as `-i qd0 -m comment --comment quarterdeck:TAG -j ACCEPT`, and can delete them.
"""

import errno
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import closing
from functools import partial
from typing import Final

from engine import errors
from engine.network.host import exceptions, fate
from engine.network.host.listing import Chain, Reader

OURS: Final = "quarterdeck"
FIREWALLD: Final = "firewalld"
"""Its table. It belongs to a daemon which has words for what we want; see zones.py."""
_ATTEMPTS: Final = 3
"""Between looking and changing, another program may have changed the chain."""


def admit(bridge: str, mark: str, *, ipv6: bool) -> bool:
    """Let this bridge's traffic through every chain that would drop it.

    Returns whether firewalld is here and has not heard of the bridge. Raises: `EngineError`, OSError.
    """
    return _again(partial(_admit, bridge, mark, ipv6))


def dismiss(mark: str, bridge: str | None = None, keep: Collection[str] = ()) -> bool:
    """Take back the exceptions of one bridge, or of all but some; whether firewalld knows of it or any.

    Raises as `admit`.
    """
    return _again(partial(_dismiss, mark, bridge, keep))


def _again(work: Callable[[Reader], bool]) -> bool:
    """As often as another program changes the chain between our look and our change, within reason."""
    with closing(Reader()) as nft:
        for _ in range(_ATTEMPTS - 1):
            try:
                return work(nft)
            except errors.EngineError as err:
                if err.errno != errno.ENOENT:
                    raise
        return work(nft)


def _admit(bridge: str, mark: str, ipv6: bool, nft: Reader) -> bool:
    chains = nft.chains()
    concerned = [chain for chain in _forwarding(chains) if ipv6 or chain.family != "ip6"]
    _change_each(nft, concerned, lambda chain: _admitting(nft, chain, bridge, mark))
    return _is_firewalld_here(chains) and not nft.mentions("inet", FIREWALLD, f'"{bridge}"')


def _dismiss(mark: str, bridge: str | None, keep: Collection[str], nft: Reader) -> bool:
    chains = nft.chains()
    _change_each(nft, _forwarding(chains), lambda chain: _dismissing(nft, chain, mark, bridge, keep))
    return _is_firewalld_here(chains) and nft.mentions("inet", FIREWALLD, f'"{bridge}"' if bridge else '"qd')


def _change_each(nft: Reader, chains: Iterable[Chain], commands: Callable[[Chain], Iterable[str]]) -> None:
    """Each chain by its own transaction: one that cannot be changed is in no other's way. Raises the first error."""
    failures = []
    for chain in chains:
        try:
            if text := "\n".join(commands(chain)):
                nft.run(text)
        except errors.EngineError as err:
            if err.errno == errno.ENOENT:
                raise
            failures.append(_owned(chain) if err.errno == errno.EPERM else err)
    if failures:
        raise failures[0]


def _owned(chain: Chain) -> errors.EngineError:
    """A table with the flag `owner`, which nobody else may change, root included."""
    return errors.EngineError(f"the table {chain.family} {chain.table} belongs to a program that lets nobody change it")


def _forwarding(chains: Sequence[Chain]) -> Iterator[Chain]:
    """Base chains of others that see what is routed from link to link."""
    for chain in chains:
        others = chain.table not in (OURS, FIREWALLD) and not chain.table.startswith(f"{OURS}-")
        if chain.hook == "forward" and chain.family in ("ip", "ip6", "inet") and others:
            yield chain


def _is_firewalld_here(chains: Sequence[Chain]) -> bool:
    return any(chain.table == FIREWALLD and chain.family == "inet" for chain in chains)


def _admitting(nft: Reader, chain: Chain, bridge: str, mark: str) -> Iterator[str]:
    """Commands after which the chain lets both directions through."""
    rules = nft.rules(chain)
    end = fate.of(rules, chain.policy, lambda name: nft.rules(chain._replace(name=name)))
    for missing in exceptions.wanted(rules, end, mark, bridge):
        yield from (f"delete rule {chain} handle {handle}" for handle in missing.stale)
        where = f"insert rule {chain} handle {missing.place}" if missing.place else f"add rule {chain}"
        yield f"{where} {_accept(bridge, mark, missing.inward)}"


def _dismissing(nft: Reader, chain: Chain, mark: str, bridge: str | None, keep: Collection[str]) -> Iterator[str]:
    """Commands after which nothing of ours is in the chain but what is to be kept."""
    for rule in nft.rules(chain):
        if exceptions.is_ours(rule, mark, bridge) and rule.link not in keep:
            yield f"delete rule {chain} handle {rule.handle}"


def _accept(bridge: str, mark: str, inward: bool) -> str:
    """The rule itself; with a counter, as iptables has one in every rule. `listing` reads it back."""
    return f'{"oifname" if inward else "iifname"} "{bridge}" counter accept comment "{mark}"'
