"""Lists of rules of other programs: read, passed over, or refused in words; every walk through them ends."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import EngineError
from engine.network.host import changes, exceptions, fate, legacy, listing
from engine.network.host.fate import Fate, Rule

NAMES = st.sampled_from(["a", "b", "c", "nowhere"])
VERDICTS = st.sampled_from(["", fate.ACCEPT, fate.DROP, fate.RETURN, fate.JUMP, fate.GOTO])
MARKS = st.sampled_from(["", "quarterdeck:", "quarterdeck:abcdef"])
LINKS = st.sampled_from(["", "qd0", "eth0"])
RULES = st.lists(
    st.builds(Rule, st.just(0), VERDICTS, NAMES)
    | st.builds(Rule, st.just(0), comment=MARKS, link=LINKS, inward=st.booleans()),
    max_size=6,
)
WORDS = st.sampled_from(
    '-A -P -N -j -g -i -o -m ! FORWARD DROP ACCEPT REJECT comment --comment "q x" qd0 a b "'.split(" ")
)
VALUES: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["drop", "accept", "rule", "expr", "qd0"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from("rule chain expr handle match left meta key right jump xt name".split()), inner
        )
    ),
    max_leaves=20,
)


def _numbered(rules: list[Rule]) -> list[Rule]:
    return [rule._replace(handle=at) for at, rule in enumerate(rules, 1)]


@settings(max_examples=500)
@given(RULES, st.dictionaries(NAMES, RULES), st.sampled_from([fate.ACCEPT, fate.DROP]))
def test_a_chain_lets_a_bridge_through_once_it_has_what_is_wanted(
    first: list[Rule], chains: dict[str, list[Rule]], policy: str
) -> None:
    rules = _numbered(first)
    end = fate.of(rules, policy, lambda name: chains.get(name, []))
    assert end.verdict in (fate.ACCEPT, fate.DROP)
    for made in exceptions.wanted(rules, end, "quarterdeck:", "qd0"):
        rules = [rule for rule in rules if rule.handle not in made.stale]
        at = next((at for at, rule in enumerate(rules) if rule.handle == made.place), len(rules))
        rules.insert(at, Rule(100 + made.inward, comment="quarterdeck:", link="qd0", inward=made.inward))
    assert list(exceptions.wanted(rules, end, "quarterdeck:", "qd0")) == []


@settings(max_examples=500)
@given(st.lists(st.lists(WORDS, max_size=9).map(" ".join), max_size=9).map("\n".join) | st.text(max_size=200))
def test_any_text_of_iptables_is_read(text: str) -> None:
    found = legacy.parse(text)
    end = fate.of(found.chains.get("FORWARD", ()), found.policy, lambda name: found.chains.get(name, ()))
    assert isinstance(end, Fate)


@settings(max_examples=500)
@given(VALUES | st.lists(VALUES).map(lambda items: {"nftables": items}))
def test_any_json_of_nft_is_read_or_refused_in_words(value: object) -> None:
    for parse in (listing.parse_chains, listing.parse_rules):
        try:
            parse(json.dumps(value))
        except EngineError as err:
            assert err.message.isprintable()


@settings(max_examples=500)
@given(st.binary(max_size=300))
def test_any_datagram_concerns_us_or_does_not(data: bytes) -> None:
    assert changes.concerns(data) in (True, False)
