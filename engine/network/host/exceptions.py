"""The two rules by which a chain of somebody else lets a bridge's traffic through, and where they go: pure."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from engine.network.host import fate
from engine.network.host.fate import Fate, Rule


class Exemption(NamedTuple):
    """One rule to be made."""

    inward: bool
    """For what goes to the bridge; else for what comes from it."""
    place: int
    """The handle of the rule that it goes in front of; 0: to the end of the chain."""
    stale: tuple[int, ...] = ()
    """Handles of the same rule where it is of no use, behind the one that drops; they go."""


def wanted(rules: Sequence[Rule], end: Fate, mark: str, bridge: str) -> Iterator[Exemption]:
    """What a chain lacks for a bridge: nothing where it drops nothing, or has them already."""
    if end.verdict != fate.DROP:
        return
    handles = [rule.handle for rule in rules]
    heard = handles.index(end.place) if end.place else len(handles)
    for inward in (False, True):
        ours = [at for at, rule in enumerate(rules) if is_ours(rule, mark, bridge) and rule.inward == inward]
        if not any(at < heard for at in ours):
            yield Exemption(inward, end.place, tuple(handles[at] for at in ours))


def is_ours(rule: Rule, mark: str, bridge: str | None = None) -> bool:
    """Whether it is an exception of this engine's, for this bridge or for any."""
    return rule.comment == mark and bool(rule.link) and bridge in (None, rule.link)
