"""What becomes of a packet of which a firewall says nothing in particular: pure, over chains as they are listed.

A firewall loses our traffic by a policy, or by a rule without a condition at the end of a chain, perhaps one that the
first chain leads to. What it says of particular traffic is the operator's will, and stays in front of what we add.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

ACCEPT: Final = "accept"
DROP: Final = "drop"
RETURN: Final = "return"
JUMP: Final = "jump"
GOTO: Final = "goto"


class Rule(NamedTuple):
    """One rule, as far as it concerns us."""

    handle: int
    """What names it in its chain: nft's handle, or its number in an older table, from 1."""
    verdict: str = ""
    """Of a rule without a condition: accept, drop (or reject), return, jump, goto. Empty: it depends, or goes on."""
    target: str = ""
    """The chain that jump and goto lead to."""
    comment: str = ""
    link: str = ""
    """The one link that the packet comes from or goes to, if it asks for nothing else; for our own rules."""
    inward: bool = False
    """Whether `link` is where it goes to."""


class Fate(NamedTuple):
    """The end of such a packet in a chain."""

    verdict: str
    """accept, drop; empty where the chain says nothing and the one above goes on."""
    place: int = 0
    """The handle of the rule of the first chain that decided it; 0: its end."""


def of(rules: Sequence[Rule], policy: str, chain: Callable[[str], Sequence[Rule]]) -> Fate:
    """Follow a first chain to its end; `chain` returns the rules of another one by its name, and is asked once."""
    return _Walk(chain).follow(rules, policy)


class _Walk:
    """One walk. A chain decides the same wherever it is come from, so each is followed once."""

    def __init__(self, chain: Callable[[str], Sequence[Rule]]) -> None:
        self._chain = chain
        self._known: dict[str, str] = {}

    def follow(self, rules: Sequence[Rule], policy: str) -> Fate:
        for rule in rules:
            verdict = self._decided(rule, policy)
            if verdict is not None:
                return Fate(verdict, rule.handle)
        return Fate(policy)

    def _decided(self, rule: Rule, policy: str) -> str | None:
        """The verdict of one rule; None where the next one is asked."""
        if rule.verdict in (ACCEPT, DROP):
            return rule.verdict
        if rule.verdict == RETURN:
            return policy
        if rule.verdict in (JUMP, GOTO):
            return self._of_another(rule.target) or (policy if rule.verdict == GOTO else None)
        return None

    def _of_another(self, name: str) -> str:
        if name not in self._known:
            self._known[name] = ""  # one that leads back to itself: the kernel would refuse it
            self._known[name] = self.follow(self._chain(name), "").verdict
        return self._known[name]
