"""Exceptions for our bridges in the tables of iptables-legacy, which are others than those of nf_tables.

They are changed by its own program, which holds a lock that all programs of its kind take: a table is read,
changed and written back whole, and what came in between would be lost.
"""

import asyncio
import shlex
from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple

from engine import errors
from engine.network.host import exceptions, fate, programs
from engine.network.host.fate import Rule

_WAIT: Final = ("-w", "5")
"""Seconds for the lock."""
_CHAIN: Final = "FORWARD"
_VERDICTS: Final = {"ACCEPT": fate.ACCEPT, "DROP": fate.DROP, "REJECT": fate.DROP, "RETURN": fate.RETURN}
_NAMES_MOST: Final = 1 << 16


class Listing(NamedTuple):
    """The table `filter` of one family."""

    policy: str
    chains: Mapping[str, Sequence[Rule]]


async def admit(bridge: str, mark: str, *, ipv6: bool) -> None:
    """As `native.admit`; starts nothing where there is no such table. Raises: `EngineError`, OSError."""
    await asyncio.gather(*(_admit(family, bridge, mark) for family in _families() if ipv6 or family == "ip"))


async def dismiss(mark: str, bridge: str | None = None, keep: Collection[str] = ()) -> None:
    """As `native.dismiss`."""
    await asyncio.gather(*(_dismiss(family, mark, bridge, keep) for family in _families()))


def _families() -> list[str]:
    """Those whose legacy table `filter` is in use in this namespace: ip, ip6. Nobody's program is needed to know."""
    return [family for family in ("ip", "ip6") if "filter" in _tables(family)]


def _tables(family: str) -> list[str]:
    try:
        with open(f"/proc/thread-self/net/{family}_tables_names", encoding="ascii", errors="replace") as file:
            return file.read(_NAMES_MOST).split()
    except FileNotFoundError:
        return []  # the kernel has none of them, or has not loaded them


async def _admit(family: str, bridge: str, mark: str) -> None:
    listing = await _list(family)
    rules = listing.chains.get(_CHAIN, ())
    end = fate.of(rules, listing.policy, lambda name: listing.chains.get(name, ()))
    lines = []
    for missing in exceptions.wanted(rules, end, mark, bridge):
        rule = _accept(bridge, mark, missing.inward)
        lines += [f"-D {_CHAIN} {rule}"] * len(missing.stale)
        lines.append(f"-I {_CHAIN} {missing.place} {rule}" if missing.place else f"-A {_CHAIN} {rule}")
    await _change(family, lines)


async def _dismiss(family: str, mark: str, bridge: str | None, keep: Collection[str]) -> None:
    rules = (await _list(family)).chains.get(_CHAIN, ())
    ours = [rule for rule in rules if exceptions.is_ours(rule, mark, bridge) and rule.link not in keep]
    await _change(family, [f"-D {_CHAIN} {_accept(rule.link, mark, rule.inward)}" for rule in ours])


async def _list(family: str) -> Listing:
    return parse(await programs.run(await _program(family), *_WAIT, "-t", "filter", "-S"))


async def _change(family: str, lines: Sequence[str]) -> None:
    """All of them at once."""
    if lines:
        text = "\n".join(("*filter", *lines, "COMMIT", ""))
        await programs.run(f"{await _program(family)}-restore", *_WAIT, "--noflush", text=text)


async def _program(family: str) -> str:
    """iptables of the legacy kind, or ip6tables. Raises `MissingFeature`."""
    name = "iptables" if family == "ip" else "ip6tables"
    if path := programs.find(f"{name}-legacy"):
        return path
    path = programs.find(name)
    if path and "nf_tables" not in await programs.run(path, "--version"):
        return path
    raise errors.MissingFeature(
        f"this host has rules of {name}-legacy, but not the program", hint="install it: apt-get install iptables"
    )


def _accept(bridge: str, mark: str, inward: bool) -> str:
    return f'{"-o" if inward else "-i"} {bridge} -m comment --comment "{mark}" -j ACCEPT'


def parse(text: str) -> Listing:
    """What `iptables -S` prints: policies (-P), chains (-N), rules (-A). A line that is none of them is passed over."""
    lines = [words for words in map(_split, text.splitlines()) if len(words) > 1]
    policies = {words[1]: words[2] for words in lines if words[0] == "-P" and len(words) > 2}
    chains: dict[str, list[Rule]] = {words[1]: [] for words in lines if words[0] in ("-P", "-N")}
    for words in lines:
        if words[0] == "-A" and words[1] in chains:
            chain = chains[words[1]]
            chain.append(_rule(len(chain) + 1, words[2:], chains))
    return Listing(_VERDICTS.get(policies.get(_CHAIN, "ACCEPT"), fate.ACCEPT), chains)


def _split(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:
        return []  # an odd number of quotes


def _rule(number: int, words: Sequence[str], chains: Mapping[str, object]) -> Rule:
    """Conditions come first, then the target, and then how it is done."""
    comment, link, inward, conditions = "", "", False, 0
    rest = iter(words)
    for word in rest:
        value = "" if word == "!" else next(rest, "")
        if word in ("-j", "-g"):
            is_ours = conditions == 1 and bool(link) and value == "ACCEPT"
            verdict, target = ("", "") if conditions else _verdict(word, value, chains)
            return Rule(number, verdict, target, comment, link if is_ours else "", inward and is_ours)
        if word == "--comment":
            comment = value
        elif (word, value) != ("-m", "comment"):
            conditions += 1
            link, inward = (value, word == "-o") if word in ("-i", "-o") else (link, inward)
    return Rule(number, comment=comment)


def _verdict(word: str, target: str, chains: Mapping[str, object]) -> tuple[str, str]:
    """What a rule without a condition decides, and the chain that it leads to."""
    if target in chains:
        return (fate.GOTO if word == "-g" else fate.JUMP), target
    return _VERDICTS.get(target, ""), ""
