"""nft's list of chains and rules as JSON is understood as far as it concerns us."""

import json

import pytest

from engine.errors import EngineError
from engine.network.host import fate
from engine.network.host.fate import Rule
from engine.network.host.listing import Chain, parse_chains, parse_rules

COUNTER = {"counter": {"packets": 0, "bytes": 0}}
BASE = {
    "family": "ip",
    "table": "filter",
    "name": "FORWARD",
    "handle": 1,
    "type": "filter",
    "hook": "forward",
    "prio": 0,
}


def document(**items: object) -> str:
    return json.dumps(
        {"nftables": [{"metainfo": {"version": "1.0.6"}}, *({key[:-1]: value} for key, value in items.items())]}
    )


def rule(handle: int, *statements: object, comment: str | None = None) -> dict[str, object]:
    listed: dict[str, object] = {"family": "ip", "handle": handle, "expr": list(statements)}
    return listed if comment is None else {**listed, "comment": comment}


def match(key: str, link: str) -> dict[str, object]:
    return {"match": {"op": "==", "left": {"meta": {"key": key}}, "right": link}}


def test_base_chains_have_a_hook_and_a_policy() -> None:
    text = document(
        chain1={**BASE, "policy": "drop"}, chain2={"family": "inet", "table": "t", "name": "x", "handle": 2}
    )
    assert parse_chains(text) == [Chain("ip", "filter", "FORWARD", "forward", "drop"), Chain("inet", "t", "x")]


def test_names_that_would_have_to_be_quoted_are_left_alone() -> None:
    assert parse_chains(document(chain1={**BASE, "table": 'a"; flush ruleset; "'})) == []


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([{"drop": None}], Rule(3, fate.DROP)),
        ([COUNTER, {"reject": {"type": "icmpx", "expr": "admin-prohibited"}}], Rule(3, fate.DROP)),
        ([COUNTER, {"xt": {"type": "target", "name": "REJECT"}}], Rule(3, fate.DROP)),
        ([COUNTER, {"xt": {"type": "target", "name": "MARK"}}], Rule(3)),
        ([{"log": {"prefix": "x"}}, {"accept": None}], Rule(3, fate.ACCEPT)),
        ([{"return": None}], Rule(3, fate.RETURN)),
        ([{"jump": {"target": "rest"}}], Rule(3, fate.JUMP, "rest")),
        ([{"goto": {"target": "rest"}}], Rule(3, fate.GOTO, "rest")),
        ([{"vmap": {"key": {"ct": {"key": "state"}}, "data": []}}], Rule(3)),
        ([match("iifname", "lan0"), {"drop": None}], Rule(3)),
        ([COUNTER], Rule(3)),
        ([], Rule(3)),
    ],
)
def test_a_rule_without_a_condition_decides(statements: list[object], expected: Rule) -> None:
    assert parse_rules(document(rule1=rule(3, *statements))) == [expected]


def test_exceptions_of_ours_are_found_again() -> None:
    out = rule(4, match("iifname", "qd0"), COUNTER, {"accept": None}, comment="quarterdeck:")
    into = rule(5, match("oifname", "qd0"), COUNTER, {"accept": None}, comment="quarterdeck:")
    more = rule(6, match("oifname", "qd0"), match("iifname", "x"), {"accept": None}, comment="quarterdeck:")
    found = parse_rules(document(rule1=out, rule2=into, rule3=more))
    assert [(one.link, one.inward) for one in found] == [("qd0", False), ("qd0", True), ("", False)]
    assert {one.comment for one in found} == {"quarterdeck:"}


@pytest.mark.parametrize(
    "text", ["{", "[]", "{}", '{"nftables": 7}', '{"nftables": [7]}', '{"nftables": [{"rule": {}}]}']
)
def test_an_answer_that_is_none_is_an_error(text: str) -> None:
    with pytest.raises(EngineError):
        parse_rules(text)


def test_no_answer_is_an_empty_one() -> None:
    assert parse_rules("") == []
