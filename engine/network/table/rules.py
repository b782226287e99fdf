"""The text of our two tables: `inet NAME` for what is routed, `bridge NAME` for what a container may send. Pure.

Whatever differs between containers is an element of a set or map (`elements.py`), so that a container is a few elements
added in one transaction, costs each packet nothing, and no rule is ever numbered, found or reordered.

Our chains only refuse or translate. An `accept` ends our own chain alone: every other table of the host still has its
say, whichever goes first. Hence the order among tables matters for addresses only, and there:

- dstnat - 1, before those of others: the port's socket on the host is held by us, so it is ours, also where another
  has a rule for every port;
- srcnat + 1, after those of others: an operator may choose another source address for a network, and the first rule
  that translates a connection is the only one.

No text of a container is in here; the table's name is checked by `elements.plain`.
"""

from typing import Final

BOTH: Final = ("inet", "bridge")
PROTOCOLS: Final = ("tcp", "udp", "sctp")
RELAYED: Final = "::1"
"""The one address of the host whose published ports no rule translates; a relay of ours listens there instead.

The kernel sends such a connection to the container, but refuses the answer: once it is for ::1 again, it may come from
the loopback link alone, and IPv6 has nothing like route_localnet.
"""

_SETS: Final = """
  set bridges { type ifname; }
  set internal { type ifname; }
  set open { type ifname; }
  set same { type ifname . ifname; }
  set inside4 { type ipv4_addr . ifname; }
  set inside6 { type ipv6_addr . ifname; }
  map one4 { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }
  map one6 { type ipv6_addr . inet_proto . inet_service : ipv6_addr . inet_service; }
  map any4 { type inet_proto . inet_service : ipv4_addr . inet_service; }
  map any6 { type inet_proto . inet_service : ipv6_addr . inet_service; }
"""

# An address of loopback never comes in by a wire, but route_localnet=1 and the translation of published ports would
# have let it: what is published on 127.0.0.1 is the host's alone. Before connections are tracked, so that the answers
# to a client at 127.0.0.1, which become loopback's again only there, are not meant.
_LOOPBACK: Final = """
  chain loopback {
    type filter hook prerouting priority raw; policy accept;
    iifname != "lo" ip daddr 127.0.0.0/8 drop
    iifname != "lo" ip6 daddr ::1 drop
  }
"""

# Where a port is published on one address, that wins over the same port on every address.
_PUBLISHED: Final = """
  chain published {
    dnat ip to ip daddr . meta l4proto . th dport map @one4
    dnat ip to meta l4proto . th dport map @any4
    dnat ip6 to ip6 daddr . meta l4proto . th dport map @one6
    dnat ip6 to meta l4proto . th dport map @any6
  }
  chain prerouting {
    type nat hook prerouting priority dstnat - 1; policy accept;
    fib daddr type local meta l4proto { tcp, udp, sctp } jump published
  }
  chain output {
    type nat hook output priority -101; policy accept;
    ip6 daddr ::1 accept
    fib daddr type local meta l4proto { tcp, udp, sctp } jump published
  }
"""

# To a bridge, a connection keeps its source, but for those whose answers would not come back through the host: from
# loopback, and from the same bridge, the container itself included. These are told by their address and not by the
# link they came in by: where bridged frames are filtered (bridge-nf-call-iptables) that is not known here any more.
_SOURCES: Final = """
  chain postrouting {
    type nat hook postrouting priority srcnat + 1; policy accept;
    oifname @bridges goto to_bridge
    iifname @bridges masquerade
  }
  chain to_bridge {
    ct status dnat fib saddr type local masquerade
    ct status dnat ip saddr . oifname @inside4 masquerade
    ct status dnat ip6 saddr . oifname @inside6 masquerade
  }
"""

# Containers of one bridge reach each other (by here only where bridged frames are filtered). Into a bridge goes
# what was published or belongs to a connection, or comes from another open one; out of it what is not internal. An
# invalid packet would leave with the container's own address, as nothing translates it.
_FORWARD: Final = """
  chain forward {
    type filter hook forward priority filter; policy accept;
    iifname . oifname @same accept
    oifname @bridges goto into
    iifname @bridges goto out_of
    goto guard
  }
  chain into {
    iifname @internal drop
    oifname @internal drop
    ct state established,related accept
    ct status dnat accept
    iifname @open oifname @open accept
    drop
  }
  chain out_of {
    iifname @internal drop
    ct state invalid drop
  }
  chain guard {
  }
"""

# A link of hardware has no kind; these kinds stand on one. The rest (bridges, tunnels, pairs) is of programs that have
# asked for forwarding themselves, or would have.
GUARD: Final = """
add rule inet {name} guard meta iifkind != {{ "vlan", "bond", "team", "macvlan" }} return
add rule inet {name} guard meta oifkind != {{ "vlan", "bond", "team", "macvlan" }} return
add rule inet {name} guard drop
"""

# At -210: before bridged frames are handed to the routed chains (0) and before the bridge learns where an address is.
# Frames of other bridges cost one look for their port. Other kinds of frames (VLAN tags, LLDP) do not get in.
#
# A frame to 01:80:c2:00:00:0X does not come by here. That the bridge learns nobody's address from such a one is a
# setting of the bridge, no_linklocal_learn.
#
# A port in hairpin mode gets its own frames back, which is for what is translated to itself; no broadcast must come so,
# or it would take its own question for its address as somebody else's.
_BRIDGE: Final = """
  set ports { type ifname; }
  set turned { type ifname . ifname; }
  set macs { type ifname . ether_addr; }
  set own4 { type ifname . ether_addr . ipv4_addr; }
  set own6 { type ifname . ether_addr . ipv6_addr; }
  set targets { typeof iifname . @th,64,128; }
  chain prerouting {
    type filter hook prerouting priority filter - 10; policy accept;
    iifname @ports goto port
  }
  chain forward {
    type filter hook forward priority filter - 10; policy accept;
    meta pkttype { broadcast, multicast } iifname . oifname @turned drop
  }
  chain port {
    ether type vmap { ip : goto v4, ip6 : goto v6, arp : goto asked }
    drop
  }
"""

# As a server of addresses it could make itself the others' gateway.
_V4: Final = """
  chain v4 {
    iifname . ether saddr . ip saddr != @own4 drop
    udp sport 67 drop
  }
"""

# A probe, before an address is used, has none of its own.
_ARP: Final = """
  chain asked {
    arp htype != 1 drop
    arp plen != 4 drop
    iifname . ether saddr . arp saddr ip @own4 iifname . arp saddr ether . arp saddr ip @own4 accept
    arp saddr ip 0.0.0.0 iifname . ether saddr @macs iifname . arp saddr ether @macs accept
    drop
  }
"""

# @th,64,128 is the target of a neighbour's solicitation or advertisement (RFC 4861, 4.3 and 4.4); nft 1.0.6 has no name
# for it. The unspecified address is for asking whether one's own address is free (RFC 4862), and for the report of
# the groups that this needs (RFC 3810).
_V6: Final = """
  chain v6 {
    meta l4proto ipv6-icmp jump neighbour
    iifname . ether saddr . ip6 saddr != @own6 drop
    udp sport 547 drop
  }
  chain neighbour {
    icmpv6 type { nd-router-advert, nd-redirect } drop
    icmpv6 type nd-neighbor-advert iifname . @th,64,128 != @targets drop
    ip6 saddr :: iifname . ether saddr @macs goto nameless
  }
  chain nameless {
    icmpv6 type nd-neighbor-solicit iifname . @th,64,128 @targets accept
    icmpv6 type { mld-listener-report, mld2-listener-report } accept
    drop
  }
"""


def tables(name: str) -> str:
    """Both tables with nothing in their sets; what was there of that name is replaced, in the same transaction."""
    inet = _SETS + _LOOPBACK + _PUBLISHED + _SOURCES + _FORWARD
    bridge = _BRIDGE + _V4 + _ARP + _V6
    return f"{gone(name)}table inet {name} {{{inet}}}\ntable bridge {name} {{{bridge}}}\n"


def gone(name: str) -> str:
    """Neither table is there afterwards; one that is missing is made first, since removing none is an error."""
    return "".join(f"add table {family} {name}\ndelete table {family} {name}\n" for family in BOTH)


def guard(name: str, on: bool) -> str:
    """What the host would not forward without us is dropped, or no longer."""
    return f"flush chain inet {name} guard\n" + (GUARD.format(name=name) if on else "")
