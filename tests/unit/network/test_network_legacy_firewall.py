"""What `iptables -S` prints is understood as far as it concerns us."""

from engine.network.host import fate, legacy
from engine.network.host.fate import Fate, Rule

DOCKER = r"""
-P INPUT ACCEPT
-P FORWARD DROP
-P OUTPUT ACCEPT
-N DOCKER-USER
-N f2b-sshd
-A FORWARD -j DOCKER-USER
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i qd0 -m comment --comment "quarterdeck:" -j ACCEPT
-A FORWARD -o qd0-abcdef -m comment --comment "quarterdeck:abcdef" -j ACCEPT
-A FORWARD -m comment --comment "a \"quoted\" one" -j LOG --log-prefix "dropped: "
-A FORWARD -j REJECT --reject-with icmp-host-prohibited
-A DOCKER-USER -s 192.0.2.0/24 -j DROP
-A DOCKER-USER -j RETURN
"""


def test_policies_chains_and_rules_are_found() -> None:
    listing = legacy.parse(DOCKER)
    assert listing.policy == fate.DROP
    assert listing.chains["FORWARD"] == [
        Rule(1, fate.JUMP, "DOCKER-USER"),
        Rule(2),
        Rule(3),
        Rule(4, comment="quarterdeck:", link="qd0"),
        Rule(5, comment="quarterdeck:abcdef", link="qd0-abcdef", inward=True),
        Rule(6, comment='a "quoted" one'),
        Rule(7, fate.DROP),
    ]
    assert listing.chains["DOCKER-USER"] == [Rule(1), Rule(2, fate.RETURN)]
    assert fate.of(listing.chains["FORWARD"], listing.policy, lambda name: listing.chains[name]) == Fate(fate.DROP, 7)


def test_a_rule_that_asks_for_more_than_a_link_is_no_exception_of_ours() -> None:
    lines = [
        '-A FORWARD -i qd0 -p tcp -m comment --comment "quarterdeck:" -j ACCEPT',
        '-A FORWARD ! -i qd0 -m comment --comment "quarterdeck:" -j ACCEPT',
        '-A FORWARD -i qd0 -m comment --comment "quarterdeck:" -j DROP',
        '-A FORWARD -i qd0 -m comment --comment "quarterdeck:"',
    ]
    listing = legacy.parse("\n".join(["-P FORWARD ACCEPT", *lines]))
    assert [(rule.link, rule.verdict) for rule in listing.chains["FORWARD"]] == [("", "")] * 4


def test_goto_is_told_from_jump_and_an_unknown_target_decides_nothing() -> None:
    listing = legacy.parse(
        "-P FORWARD DROP\n-N mine\n-A FORWARD -j TRACE\n-A FORWARD -g mine\n-A mine -j MARK --set-mark 1"
    )
    assert listing.chains["FORWARD"] == [Rule(1), Rule(2, fate.GOTO, "mine")]
    assert listing.chains["mine"] == [Rule(1)]


def test_rubbish_is_passed_over() -> None:
    listing = legacy.parse('\n-P\n-A nowhere -j DROP\n# comment\n-A FORWARD -m comment --comment "open\n-P FORWARD')
    assert listing.policy == fate.ACCEPT
    assert listing.chains == {"FORWARD": []}
