"""What a firewall does with the traffic of which it says nothing, and where an exception goes."""

import pytest

from engine.network.host import exceptions, fate
from engine.network.host.exceptions import Exemption
from engine.network.host.fate import ACCEPT, DROP, GOTO, JUMP, RETURN, Fate, Rule

MARK = "quarterdeck:"


def rules(*verdicts: str | tuple[str, str]) -> list[Rule]:
    """Numbered from 1; `?` depends, a pair leads to a chain."""
    pairs = [(one, "") if isinstance(one, str) else one for one in verdicts]
    return [Rule(at, "" if verdict == "?" else verdict, target) for at, (verdict, target) in enumerate(pairs, 1)]


def ours(handle: int, *, inward: bool, bridge: str = "qd0", mark: str = MARK) -> Rule:
    return Rule(handle, comment=mark, link=bridge, inward=inward)


CHAINS = {
    "drops": rules("?", DROP),
    "returns": rules(RETURN, DROP),
    "accepts": rules(ACCEPT),
    "leads to drops": rules("?", (JUMP, "returns"), (GOTO, "drops")),
    "itself": rules((JUMP, "itself")),
}


@pytest.mark.parametrize(
    ("first", "policy", "expected"),
    [
        (rules(), ACCEPT, Fate(ACCEPT)),
        (rules(), DROP, Fate(DROP)),
        (rules("?", "?"), DROP, Fate(DROP)),
        (rules("?", DROP), ACCEPT, Fate(DROP, 2)),
        (rules(ACCEPT), DROP, Fate(ACCEPT, 1)),
        (rules("?", RETURN, ACCEPT), DROP, Fate(DROP, 2)),
        (rules((JUMP, "drops")), ACCEPT, Fate(DROP, 1)),
        (rules((JUMP, "returns")), DROP, Fate(DROP)),
        (rules((JUMP, "accepts")), DROP, Fate(ACCEPT, 1)),
        (rules("?", (GOTO, "returns"), ACCEPT), DROP, Fate(DROP, 2)),
        (rules((GOTO, "returns"), DROP), ACCEPT, Fate(ACCEPT, 1)),
        (rules("?", "?", (JUMP, "leads to drops")), ACCEPT, Fate(DROP, 3)),
        (rules((JUMP, "itself")), DROP, Fate(DROP)),
        (rules((JUMP, "nowhere"), DROP), ACCEPT, Fate(DROP, 2)),
    ],
)
def test_a_chain_is_followed_to_its_end(first: list[Rule], policy: str, expected: Fate) -> None:
    assert fate.of(first, policy, lambda name: CHAINS.get(name, [])) == expected


def test_nothing_is_wanted_where_nothing_is_dropped() -> None:
    assert list(exceptions.wanted(rules("?"), Fate(ACCEPT), MARK, "qd0")) == []


def test_exceptions_go_to_the_end_of_a_chain_or_in_front_of_the_rule_that_drops() -> None:
    assert list(exceptions.wanted(rules("?"), Fate(DROP), MARK, "qd0")) == [Exemption(False, 0), Exemption(True, 0)]
    found = list(exceptions.wanted(rules("?", DROP), Fate(DROP, 2), MARK, "qd0"))
    assert found == [Exemption(False, 2), Exemption(True, 2)]


def test_what_is_there_is_not_made_again_and_what_is_there_in_vain_goes() -> None:
    there = [ours(1, inward=False), Rule(2, DROP), ours(3, inward=True)]
    assert list(exceptions.wanted(there, Fate(DROP, 2), MARK, "qd0")) == [Exemption(True, 2, (3,))]


def test_exceptions_of_other_engines_and_for_other_bridges_do_not_count() -> None:
    there = [ours(1, inward=False, mark="quarterdeck:abcdef"), ours(2, inward=True, bridge="qd0123456789")]
    assert len(list(exceptions.wanted(there, Fate(DROP), MARK, "qd0"))) == 2
    assert exceptions.is_ours(there[1], MARK)
    assert not exceptions.is_ours(there[0], MARK)
    assert not exceptions.is_ours(Rule(1, ACCEPT, comment=MARK), MARK)
