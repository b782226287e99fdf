"""Frames as an attacker writes them, byte for byte; every address is the caller's to choose.

Sources: RFC 826 (ARP), 791, 768, 8200, 4443, 4861 (router and neighbour advertisements), 2131 (DHCP).
"""

import socket
import struct
from ipaddress import ip_address

BROADCAST = "ff:ff:ff:ff:ff:ff"
ALL_NODES, ALL_NODES_MAC = "ff02::1", "33:33:00:00:00:01"
SENDER = (
    "import socket, sys; s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); s.bind((sys.argv[1], 0));"
    " [s.send(bytes.fromhex(frame)) for frame in sys.argv[2:]]"
)
"""A program inside a container that sends the frames of its arguments, in hex, by the interface that it names first."""
_ARP, _IPV4, _IPV6 = 0x0806, 0x0800, 0x86DD
_UDP, _ICMPV6 = 17, 58
_ROUTER, _NEIGHBOUR = 134, 136


def arp_reply(source: str, target: str, address: str, asker: str) -> bytes:
    """`source` says that `address` is at its MAC, to `asker` at `target`."""
    body = struct.pack("!HHBBH", 1, _IPV4, 6, 4, 2) + mac(source) + packed(address) + mac(target) + packed(asker)
    return _ethernet(target, source, _ARP, body)


def udp(macs: tuple[str, str], source: str, target: str, port: int, data: bytes = b"hello") -> bytes:
    """A datagram from port 4000 of `source`, on a frame from the first MAC to the second."""
    length = 8 + len(data)
    body = struct.pack("!HHHH", 4000, port, length, 0) + data
    if ":" in source:
        return _ethernet(macs[1], macs[0], _IPV6, _ipv6(source, target, _UDP, _summed(source, target, _UDP, body, 6)))
    return _ethernet(macs[1], macs[0], _IPV4, _ipv4(source, target, body))


def router_advertisement(source_mac: str, source: str, prefix: str = "2001:db8:bad::") -> bytes:
    """To every node: `source` is a router, and the prefix is on this link."""
    information = struct.pack("!BBBBIII", 3, 4, 64, 0xC0, 3600, 3600, 0) + packed(prefix)
    body = struct.pack("!BBHBBHII", _ROUTER, 0, 0, 64, 0, 1800, 0, 0) + information
    return _icmp6(ALL_NODES_MAC, source_mac, source, ALL_NODES, body)


def neighbour_advertisement(macs: tuple[str, str], address: str, target: str) -> bytes:
    """The first MAC has `address`, whatever was known before (the flags are solicited and override)."""
    body = struct.pack("!BBHI", _NEIGHBOUR, 0, 0, 0x60000000) + packed(address) + b"\x02\x01" + mac(macs[0])
    return _icmp6(macs[1], macs[0], address, target, body)


def mac(text: str) -> bytes:
    """Six bytes."""
    return bytes.fromhex(text.replace(":", ""))


def packed(address: str) -> bytes:
    """Four bytes, or sixteen."""
    return ip_address(address).packed


def _ethernet(target: str, source: str, kind: int, body: bytes) -> bytes:
    return mac(target) + mac(source) + struct.pack("!H", kind) + body


def _ipv4(source: str, target: str, body: bytes) -> bytes:
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0, 64, _UDP, 0) + packed(source) + packed(target)
    return header[:10] + struct.pack("!H", _checksum(header)) + header[12:] + body


def _icmp6(target_mac: str, source_mac: str, source: str, target: str, body: bytes) -> bytes:
    summed = _summed(source, target, _ICMPV6, body, 2)
    return _ethernet(target_mac, source_mac, _IPV6, _ipv6(source, target, _ICMPV6, summed))


def _ipv6(source: str, target: str, protocol: int, body: bytes) -> bytes:
    """The hop limit is 255, which neighbour discovery asks for."""
    return struct.pack("!IHBB", 6 << 28, len(body), protocol, 255) + packed(source) + packed(target) + body


def _summed(source: str, target: str, protocol: int, body: bytes, at: int) -> bytes:
    """The body with its checksum, which is at that offset."""
    pseudo = packed(source) + packed(target) + struct.pack("!II", len(body), protocol)
    return body[:at] + struct.pack("!H", _checksum(pseudo + body)) + body[at + 2 :]


def _checksum(data: bytes) -> int:
    """Source: RFC 1071."""
    padded = data + b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF or 0xFFFF


def send(sock: socket.socket, link: str, *frames: bytes) -> None:
    """By a packet socket of a machine."""
    sock.bind((link, 0))
    for frame in frames:
        sock.send(frame)
