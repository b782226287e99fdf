"""Limits of bandwidth, by the kernel's token buckets.

    into the container      a bucket on the host's end of the pair, which sends to it
    out of it               what comes in on the host's end goes through an ifb link, and is shaped on its way out of it

Both are on the host's side, where a container with CAP_NET_ADMIN cannot lift them. Where the kernel has no ifb, the
second one is a bucket on the container's own interface. Frames come back from the ifb link behind the ingress hooks of
tc and of nftables' netdev family: rules about a container's frames belong in a later hook, as the bridge family's.
"""

import errno
import struct
from typing import Final

from engine.network.link import numbers as n
from engine.network.link.encoding import Request, attribute, nested, text

_TCMSG: Final = struct.Struct("=BxxxiIII")
"""Family, index, handle, parent, info; rtnetlink(7)."""
_TBF: Final = struct.Struct("=BBHhHI12xIII")
"""struct tc_tbf_qopt: rate (cell, layer, overhead, align, mpu, bytes a second), no peak rate, limit, buffer, mtu."""
_ETHERNET: Final = 1
"""TC_LINKLAYER_ETHERNET: the kernel reckons by itself and needs no table of sizes."""
_BURST_SECONDS: Final = 0.01
_QUEUE_SECONDS: Final = 0.1
_LEAST_PACKETS: Final = 4
"""A bucket below the size of one packet lets nothing through."""
_MOST_BURST_BYTES: Final = 4 << 20
_U32_MAX: Final = 0xFFFF_FFFF
_U32_SEL: Final = struct.Struct("=BBBBHHhhI")
_U32_KEY: Final = struct.Struct("=IIii")
_TERMINAL: Final = 1
_MIRRED: Final = struct.Struct("=IIiiiiI")
_FIRST_PRIORITY: Final = 1 << 16
_EVERY_PROTOCOL: Final = 0x0300
"""ETH_P_ALL, in network order."""
ABSENT: Final = frozenset({errno.ENOENT, errno.EOPNOTSUPP})
"""What the kernel says when it lacks a kind of link, queue, filter or action."""


def ifb_name(link: str) -> str:
    """The ifb link of a host's end: qd1234567a0 has qi1234567a0."""
    return f"qi{link[2:]}"


def bucket(index: int, bits: int, mtu: int) -> Request:
    """Nothing leaves this link faster than `bits` a second; a tenth of a second waits, the rest is dropped."""
    rate = max(1, bits // 8)
    burst = min(max(int(rate * _BURST_SECONDS), _LEAST_PACKETS * (mtu + 14)), _MOST_BURST_BYTES)
    limit = min(burst + max(int(rate * _QUEUE_SECONDS), _LEAST_PACKETS * (mtu + 14)), _U32_MAX)
    parameters = _TBF.pack(0, _ETHERNET, 0, 0, 0, min(rate, _U32_MAX), limit, 0, 0)
    options = nested(
        n.TCA_OPTIONS,
        attribute(n.TCA_TBF_PARMS, parameters),
        attribute(n.TCA_TBF_RATE64, struct.pack("=Q", rate)) if rate > _U32_MAX else b"",
        attribute(n.TCA_TBF_BURST, struct.pack("=I", burst)),
    )
    body = _TCMSG.pack(0, index, 0, n.TC_H_ROOT, 0) + text(n.TCA_KIND, "tbf") + options
    return Request("limit the bandwidth", n.RTM_NEWQDISC, n.NLM_F_CREATE | n.NLM_F_REPLACE, body)


def ingress(index: int) -> Request:
    """A place for filters of what comes in."""
    body = _TCMSG.pack(0, index, n.TC_INGRESS_HANDLE, n.TC_H_INGRESS, 0) + text(n.TCA_KIND, "ingress")
    return Request("filter what comes in", n.RTM_NEWQDISC, n.NLM_F_CREATE | n.NLM_F_EXCL, body)


def through(index: int, ifb: int) -> Request:
    """Everything that comes in on one link goes out by the other, and back."""
    mirred = _MIRRED.pack(0, 0, n.TC_ACT_STOLEN, 0, 0, n.TCA_EGRESS_REDIR, ifb)
    action = text(n.TCA_ACT_KIND, "mirred") + nested(n.TCA_ACT_OPTIONS, attribute(n.TCA_MIRRED_PARMS, mirred))
    every_packet = _U32_SEL.pack(_TERMINAL, 0, 1, 0, 0, 0, 0, 0, 0) + _U32_KEY.pack(0, 0, 0, 0)
    options = nested(n.TCA_OPTIONS, attribute(n.TCA_U32_SEL, every_packet), nested(n.TCA_U32_ACT, nested(1, action)))
    info = _FIRST_PRIORITY | _EVERY_PROTOCOL
    body = _TCMSG.pack(0, index, 0, n.TC_INGRESS_HANDLE, info) + text(n.TCA_KIND, "u32") + options
    return Request("send what comes in through a bucket", n.RTM_NEWTFILTER, n.NLM_F_CREATE | n.NLM_F_EXCL, body)
