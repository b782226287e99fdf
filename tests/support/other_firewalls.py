"""Firewalls of others that drop what they forward, set up as their programs do, and a way through the host.

    box  eth0 10.99.0.2 fd99::2 ---- qd0  host  uplink ---- other, which has a route to it

The table of rules of the engine is not there: what is dropped is dropped by somebody else.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from support.netlab import OTHER, OTHER6, Lab, Machine

BRIDGE = "qd0-abcdef"
BOX, BOX6 = "10.99.0.2", "fd99::2"
_QUICK = 0.3
"""Seconds after which a packet between two namespaces has been dropped."""

Setup = Callable[[Machine], object]


@contextmanager
def box(lab: Lab) -> Iterator[Machine]:
    """A container's namespace on a bridge of the lab's host, which forwards."""
    machine = Machine("box")
    try:
        _wire(lab.host, machine)
        lab.other.ip(f"route add {BOX}/32 via 10.77.0.1")
        lab.other.ip(f"-6 route add {BOX6}/128 via fd77::1")
        yield machine
    finally:
        machine.close()


def _wire(host: Machine, machine: Machine) -> None:
    host.sysctl("net/ipv4/ip_forward", "1")
    host.sysctl("net/ipv6/conf/all/forwarding", "1")
    host.ip(f"link add {BRIDGE} type bridge")
    host.ip(f"link add qdbox master {BRIDGE} type veth peer name eth0 netns {machine.path}")
    for end, link, digit in ((host, BRIDGE, 1), (machine, "eth0", 2)):
        end.ip(f"address add 10.99.0.{digit}/24 dev {link}")
        end.ip(f"address add fd99::{digit}/64 dev {link} nodad")
        end.ip(f"link set {link} up")
    host.ip("link set qdbox up")
    machine.ip("route add default via 10.99.0.1")
    machine.ip("-6 route add default via fd99::1")


@contextmanager
def neighbour(lab: Lab, address: str) -> Iterator[Machine]:
    """Another one on the bridge of the first."""
    machine = Machine("neighbour")
    try:
        lab.host.ip(f"link add qdnext master {BRIDGE} type veth peer name eth0 netns {machine.path}")
        lab.host.ip("link set qdnext up")
        machine.ip("link set eth0 up")
        machine.ip(f"address add {address}/24 dev eth0")
        yield machine
    finally:
        machine.close()


def passing(lab: Lab, machine: Machine) -> dict[str, bool]:
    """Which ways are open, by name: out and in, each of both families. The servers must run."""
    ways = {"out": (machine, OTHER), "in": (lab.other, BOX), "out6": (machine, OTHER6), "in6": (lab.other, BOX6)}
    return {way: not end.ask("tcp", address, 80, _QUICK).startswith("no") for way, (end, address) in ways.items()}


def rules(host: Machine) -> list[str]:
    """Every rule of the host's, of each kind, without what is counted."""
    text = host.run("nft", "--stateless", "list", "ruleset")
    for program in ("iptables-legacy-save", "ip6tables-legacy-save"):
        text += host.run(program)
    return [re.sub(r"\[\d+:\d+\]", "", line) for line in text.splitlines() if not line.startswith("#")]


def clear(host: Machine) -> None:
    """Take all of it away, whoever has set it up."""
    for program in ("iptables-legacy", "ip6tables-legacy"):
        _run(host, program, "-P FORWARD ACCEPT", "-F", "-X")
    host.run("nft", "flush", "ruleset")


def _run(host: Machine, program: str, *rules: str) -> None:
    for rule in rules:
        host.run(program, *rule.split())


def policy(kind: str) -> Setup:
    """`iptables -P FORWARD DROP`, of the `nft` or the `legacy` kind."""
    return lambda host: [_run(host, f"{name}-{kind}", "-P FORWARD DROP") for name in ("iptables", "ip6tables")]


def rejecting(kind: str) -> Setup:
    """As Red Hat's iptables-services come: no policy, but a last rule."""

    def setup(host: Machine) -> None:
        for name, how in (("iptables", "icmp-host-prohibited"), ("ip6tables", "icmp6-adm-prohibited")):
            _run(
                host,
                f"{name}-{kind}",
                "-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
                f"-A FORWARD -j REJECT --reject-with {how}",
            )

    return setup


OLDER_DOCKER = """
-P FORWARD DROP
-N DOCKER
-N DOCKER-ISOLATION-STAGE-1
-N DOCKER-ISOLATION-STAGE-2
-N DOCKER-USER
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
-A DOCKER-ISOLATION-STAGE-2 -j RETURN
-A DOCKER-USER -j RETURN
"""
"""What Docker 20.10 makes of an empty table; the next is what Docker 28 does."""

DOCKER = """
-P FORWARD DROP
-N DOCKER
-N DOCKER-USER
-N DOCKER-FORWARD
-N DOCKER-BRIDGE
-N DOCKER-CT
-N DOCKER-ISOLATION-STAGE-1
-N DOCKER-ISOLATION-STAGE-2
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-FORWARD
-A DOCKER ! -i docker0 -o docker0 -j DROP
-A DOCKER-BRIDGE -o docker0 -j DOCKER
-A DOCKER-CT -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A DOCKER-FORWARD -j DOCKER-CT
-A DOCKER-FORWARD -j DOCKER-ISOLATION-STAGE-1
-A DOCKER-FORWARD -j DOCKER-BRIDGE
-A DOCKER-FORWARD -i docker0 -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
"""


def docker(kind: str, chains: str = DOCKER) -> Setup:
    """The chains that dockerd makes in the table `filter` for one network."""

    def setup(host: Machine) -> None:
        for name in ("iptables", "ip6tables"):
            _run(host, f"{name}-{kind}", *chains.strip().splitlines())

    return setup


NFT_POLICY = """
table inet firewall {
    chain forward {
        type filter hook forward priority 0; policy drop;
        ct state established,related accept
        iifname "lan0" accept
    }
}
"""
NFT_LAST = """
table inet firewall {
    chain forward {
        type filter hook forward priority 10; policy accept;
        ct state vmap { established : accept, invalid : drop }
        jump lan
        counter jump rest
    }
    chain lan {
        iifname "lan0" accept
    }
    chain rest {
        log prefix "dropped "
        counter reject with icmpx admin-prohibited
    }
}
table ip6 more {
    chain forward { type filter hook forward priority -10; policy drop; }
}
table ip more {
    chain forward { type filter hook forward priority -10; policy drop; }
}
"""


def nft(text: str) -> Setup:
    """An admin's own /etc/nftables.conf."""
    return lambda host: host.run("nft", text)


UFW = """
mount -t tmpfs tmpfs /run
mkdir /run/upper /run/work
mount -t overlay overlay -o lowerdir=/etc,upperdir=/run/upper,workdir=/run/work /etc
ufw --force enable
"""


def ufw(host: Machine) -> None:
    """The real program, which sees a copy of /etc."""
    host.run("unshare", "--mount", "sh", "-ec", UFW)


SETUPS: dict[str, Setup] = {
    "iptables-nft": policy("nft"),
    "iptables-legacy": policy("legacy"),
    "iptables-nft with a last rule": rejecting("nft"),
    "iptables-legacy with a last rule": rejecting("legacy"),
    "Docker's chains": docker("nft"),
    "Docker's legacy chains": docker("legacy"),
    "older Docker's chains": docker("nft", OLDER_DOCKER),
    "nft with a policy": nft(NFT_POLICY),
    "nft with a last rule and more tables": nft(NFT_LAST),
}
