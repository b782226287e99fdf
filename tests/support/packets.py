"""Frames as a container with raw sockets would write them; only what a test needs of each protocol."""

import socket
import struct
from ipaddress import IPv6Address, ip_address

BROADCAST = "ff:ff:ff:ff:ff:ff"
IP, ARP, IP6, VLAN, LLDP = 0x0800, 0x0806, 0x86DD, 0x8100, 0x88CC


def ethernet(source: str, target: str, kind: int, body: bytes) -> bytes:
    """One frame, padded to what a wire takes."""
    return (_mac(target) + _mac(source) + kind.to_bytes(2) + body).ljust(60, b"\0")


def tagged(frame: bytes, number: int = 5) -> bytes:
    """The same in a virtual LAN."""
    return frame[:12] + struct.pack("!HH", VLAN, number) + frame[12:]


def arp(operation: int, mac: str, address: str, about: str) -> bytes:
    """A question (1) or an answer (2) of somebody at `mac` and `address`, about an address."""
    head = struct.pack("!HHBBH", 1, IP, 6, 4, operation)
    return head + _mac(mac) + ip_address(address).packed + bytes(6) + ip_address(about).packed


def datagram(source: str, target: str, data: bytes, ports: tuple[int, int] = (5000, 6000)) -> bytes:
    """An IP packet of either version with a UDP datagram."""
    head = struct.pack("!HHHH", *ports, 8 + len(data), 0)
    checksum = _checksum(_pseudo(source, target, socket.IPPROTO_UDP, head + data) + head + data) or 0xFFFF
    return packet(source, target, socket.IPPROTO_UDP, head[:6] + checksum.to_bytes(2) + data)


def icmp6(source: str, target: str, kind: int, body: bytes, before: bytes = b"", first: int = 58) -> bytes:
    """An ICMPv6 message; `before` are headers in front of it, of which `first` says the kind of the first."""
    message = struct.pack("!BBH", kind, 0, 0) + body
    checksum = _checksum(_pseudo(source, target, 58, message) + message)
    return packet(source, target, first, before + message[:2] + checksum.to_bytes(2) + message[4:])


def target_of(address: str, flags: int = 0) -> bytes:
    """The body of a neighbour's solicitation or advertisement. Source: RFC 4861, 4.3 and 4.4."""
    return flags.to_bytes(4) + ip_address(address).packed


def packet(source: str, target: str, protocol: int, body: bytes) -> bytes:
    """An IP packet of either version."""
    ends = ip_address(source).packed + ip_address(target).packed
    if len(ends) == 32:
        return struct.pack("!IHBB", 6 << 28, len(body), protocol, 255) + ends + body
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 1, 0, 64, protocol, 0) + ends
    return head[:10] + _checksum(head).to_bytes(2) + head[12:] + body


def group_mac(address: str) -> str:
    """Where frames to an IPv6 multicast address go."""
    return "33:33:" + IPv6Address(address).packed[12:].hex(":")


def _pseudo(source: str, target: str, protocol: int, body: bytes) -> bytes:
    ends = ip_address(source).packed + ip_address(target).packed
    form = "!II" if len(ends) == 32 else "!HH"
    return ends + (
        struct.pack(form, len(body), protocol) if len(ends) == 32 else struct.pack(form, protocol, len(body))
    )


def _checksum(data: bytes) -> int:
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))
