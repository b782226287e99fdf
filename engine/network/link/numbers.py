"""Numbers of rtnetlink, from the message classes of pyroute2, whose only importer this room is.

Its classes say how the attributes are numbered; the bytes are put together by `encoding`, since a class's own `encode`
takes about as long as the kernel needs for the whole link (`python tests/bench/links.py` compares them). The unit tests
hold every message of ours to what those classes read in it. Their import takes a fifth of a second: the supervisor
alone has it.
"""

from typing import Any, Final

from pyroute2.netlink import (
    NETLINK_EXT_ACK,
    NETLINK_GET_STRICT_CHK,
    NLM_F_ACK,
    NLM_F_CREATE,
    NLM_F_DUMP,
    NLM_F_DUMP_INTR,
    NLM_F_EXCL,
    NLM_F_REPLACE,
    NLM_F_REQUEST,
    NLMSG_DONE,
    NLMSG_ERROR,
    SOL_NETLINK,
)
from pyroute2.netlink.rtnl import (
    RTM_DELADDR,
    RTM_DELLINK,
    RTM_GETADDR,
    RTM_GETLINK,
    RTM_GETROUTE,
    RTM_GETSTATS,
    RTM_NEWADDR,
    RTM_NEWLINK,
    RTM_NEWQDISC,
    RTM_NEWROUTE,
    RTM_NEWTFILTER,
)
from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg
from pyroute2.netlink.rtnl.ifinfmsg import IFF_UP, ifinfmsg
from pyroute2.netlink.rtnl.ifstatsmsg import ifstatsmsg
from pyroute2.netlink.rtnl.rtmsg import rtmsg
from pyroute2.netlink.rtnl.tcmsg import act_mirred, cls_u32, tcmsg
from pyroute2.netlink.rtnl.tcmsg.common_act import tca_act_prio

__all__ = [
    "IFF_UP",
    "NETLINK_EXT_ACK",
    "NETLINK_GET_STRICT_CHK",
    "NLMSG_DONE",
    "NLMSG_ERROR",
    "NLM_F_ACK",
    "NLM_F_CREATE",
    "NLM_F_DUMP",
    "NLM_F_DUMP_INTR",
    "NLM_F_EXCL",
    "NLM_F_REPLACE",
    "NLM_F_REQUEST",
    "RTM_DELADDR",
    "RTM_DELLINK",
    "RTM_GETADDR",
    "RTM_GETLINK",
    "RTM_GETROUTE",
    "RTM_GETSTATS",
    "RTM_NEWADDR",
    "RTM_NEWLINK",
    "RTM_NEWQDISC",
    "RTM_NEWROUTE",
    "RTM_NEWTFILTER",
    "SOL_NETLINK",
]


def _number(owner: Any, name: str) -> int:
    """The place of an attribute in its class. Raises: LookupError where this version of the library has none."""
    return [entry[0] for entry in owner.nla_map].index(name)


_info = ifinfmsg.ifinfo

# rtnetlink(7), linux/if_link.h
IFLA_ADDRESS: Final = _number(ifinfmsg, "IFLA_ADDRESS")
IFLA_IFNAME: Final = _number(ifinfmsg, "IFLA_IFNAME")
IFLA_MTU: Final = _number(ifinfmsg, "IFLA_MTU")
IFLA_LINK: Final = _number(ifinfmsg, "IFLA_LINK")
IFLA_MASTER: Final = _number(ifinfmsg, "IFLA_MASTER")
IFLA_LINKINFO: Final = _number(ifinfmsg, "IFLA_LINKINFO")
IFLA_IFALIAS: Final = _number(ifinfmsg, "IFLA_IFALIAS")
IFLA_AF_SPEC: Final = _number(ifinfmsg, "IFLA_AF_SPEC")
IFLA_NET_NS_FD: Final = _number(ifinfmsg, "IFLA_NET_NS_FD")
IFLA_EXT_MASK: Final = _number(ifinfmsg, "IFLA_EXT_MASK")
IFLA_NUM_TX_QUEUES: Final = _number(ifinfmsg, "IFLA_NUM_TX_QUEUES")
IFLA_NUM_RX_QUEUES: Final = _number(ifinfmsg, "IFLA_NUM_RX_QUEUES")
IFLA_INFO_KIND: Final = _number(_info, "IFLA_INFO_KIND")
IFLA_INFO_DATA: Final = _number(_info, "IFLA_INFO_DATA")
IFLA_INFO_SLAVE_KIND: Final = _number(_info, "IFLA_INFO_SLAVE_KIND")
IFLA_INFO_SLAVE_DATA: Final = _number(_info, "IFLA_INFO_SLAVE_DATA")
IFLA_BR_FORWARD_DELAY: Final = _number(_info.bridge_data, "IFLA_BR_FORWARD_DELAY")
IFLA_BR_STP_STATE: Final = _number(_info.bridge_data, "IFLA_BR_STP_STATE")
IFLA_BR_MCAST_SNOOPING: Final = _number(_info.bridge_data, "IFLA_BR_MCAST_SNOOPING")
IFLA_BR_MULTI_BOOLOPT: Final = 46
"""linux/if_link.h; the library's table ends before it."""
BR_BOOLOPT_NO_LL_LEARN: Final = 1 << 0
IFLA_BRPORT_MODE: Final = _number(_info.bridge_slave_data, "IFLA_BRPORT_MODE")
VETH_INFO_PEER: Final = _number(_info.veth_data, "VETH_INFO_PEER")
IFLA_MACVLAN_MODE: Final = _number(_info.macvlan_data, "IFLA_MACVLAN_MODE")
IFLA_IPVLAN_MODE: Final = 1
"""linux/if_link.h; the library's class is loaded as a plugin and is not to be had by name."""
IFLA_INET6_ADDR_GEN_MODE: Final = _number(ifinfmsg.af_spec_inet.inet6, "IFLA_INET6_ADDR_GEN_MODE")
IN6_ADDR_GEN_MODE_NONE: Final = 1
BRIDGE_MODE_HAIRPIN: Final = 1
RTEXT_FILTER_SKIP_STATS: Final = 1 << 3
IFLA_STATS_LINK_64: Final = _number(ifstatsmsg, "IFLA_STATS_LINK_64")

# linux/if_addr.h
IFA_ADDRESS: Final = _number(ifaddrmsg, "IFA_ADDRESS")
IFA_LOCAL: Final = _number(ifaddrmsg, "IFA_LOCAL")
IFA_BROADCAST: Final = _number(ifaddrmsg, "IFA_BROADCAST")
IFA_F_NODAD: Final = 0x02

# linux/rtnetlink.h
RTA_DST: Final = _number(rtmsg, "RTA_DST")
RTA_OIF: Final = _number(rtmsg, "RTA_OIF")
RTA_GATEWAY: Final = _number(rtmsg, "RTA_GATEWAY")
RTM_F_CLONED: Final = 0x200
RT_TABLE_MAIN: Final = 254
RTPROT_BOOT: Final = 3
RTN_UNICAST: Final = 1

# linux/pkt_sched.h, linux/pkt_cls.h, linux/tc_act/tc_mirred.h
TCA_KIND: Final = _number(tcmsg, "TCA_KIND")
TCA_OPTIONS: Final = _number(tcmsg, "TCA_OPTIONS")
TCA_TBF_PARMS: Final = 1
TCA_TBF_RATE64: Final = 4
TCA_TBF_BURST: Final = 6
TCA_U32_SEL: Final = _number(cls_u32.options, "TCA_U32_SEL")
TCA_U32_ACT: Final = _number(cls_u32.options, "TCA_U32_ACT")
TCA_ACT_KIND: Final = _number(tca_act_prio.tca_act, "TCA_ACT_KIND")
TCA_ACT_OPTIONS: Final = _number(tca_act_prio.tca_act, "TCA_ACT_OPTIONS")
TCA_MIRRED_PARMS: Final = _number(act_mirred.options, "TCA_MIRRED_PARMS")
TCA_EGRESS_REDIR: Final = 1
TC_ACT_STOLEN: Final = 4
TC_H_ROOT: Final = 0xFFFFFFFF
TC_H_INGRESS: Final = 0xFFFFFFF1
TC_INGRESS_HANDLE: Final = 0xFFFF0000
